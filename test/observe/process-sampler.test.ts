import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessDetails } from '../../src/observe/process-details.ts';
import { ProcessSampler } from '../../src/observe/process-sampler.ts';
import type { Sampler } from '../../src/observe/sampler.ts';
import { ProcessLookout, ServiceProcesses } from '../../src/observe/service-processes.ts';
import { markerVariable } from '../../src/service/environment.ts';
import { findTree } from '../../src/service/tree.ts';

const linux = process.platform === 'linux';
const value = (sampler: Sampler, values: readonly (number | null)[], name: string) =>
  values[sampler.gauges.findIndex((gauge) => gauge.name === name)] ?? null;

test('a service and its child that spin take processor time and memory', { skip: !linux }, async () => {
  const marker = randomUUID();
  const spin = 'const end = Date.now() + 20000; (function turn() { for (let i = 0; i < 1e6; i++); if (Date.now() < end) setImmediate(turn); })();';
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(spin)}], { stdio: 'ignore' }); console.log('up'); ${spin}`;
  const child = spawn(process.execPath, ['-e', parent], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, [markerVariable]: marker },
  });
  try {
    await once(child.stdout, 'data');
    const processes = new ServiceProcesses(async () => (await findTree({ pgid: child.pid ?? null, marker })).map(({ pid }) => pid));
    const sampler = new ProcessSampler(processes, 100);
    const details = new ProcessDetails(processes, false);
    for (let tries = 0; tries < 50; tries++) {
      assert.equal(await sampler.start(), null);
      if (value(sampler, sampler.sample(Date.now()), 'service_processes') === 2) break;
      await sleep(20);
    }
    const first = sampler.sample(Date.now());
    assert.equal(value(sampler, first, 'service_processes'), 2);
    await sleep(300);
    const values = sampler.sample(Date.now());
    assert.ok((value(sampler, values, 'service_cpu_cores') ?? 0) > 0.01);
    assert.ok((value(sampler, values, 'service_memory_mb') ?? 0) > 20, 'two Node processes');
    assert.ok((value(sampler, values, 'service_threads') ?? 0) > 2);
    details.sample(Date.now());
    const later = details.sample(Date.now() + 2000);
    assert.ok((value(details, later, 'service_open_files') ?? 0) > 2);
    assert.ok((value(details, later, 'service_memory_pss_mb') ?? 0) > 10);
    assert.ok((value(details, later, 'service_context_switches_per_sec') ?? -1) >= 0);
    await details.stop();
    sampler.stop();
  } finally {
    process.kill(-(child.pid as number), 'SIGKILL');
  }
});

test('without a process there is a reason, and no zero', { skip: !linux }, async () => {
  const sampler = new ProcessSampler(new ServiceProcesses(async () => []), 100);
  assert.equal(await sampler.start(), 'no process of the service was found');
  assert.ok(sampler.sample(Date.now()).every((one) => one === null));
});

test('network traffic is known of processes that are alone in their network', { skip: !linux }, async () => {
  const at = (bytes: number) => (path: string) =>
    path.endsWith('/net/dev')
      ? `Inter-|\n face |\n    lo: 77 0 0 0 0 0 0 0 77 0 0 0 0 0 0 0\n  eth0: ${bytes} 0 0 0 0 0 0 0 ${3 * bytes} 0 0 0 0 0 0 0\n`
      : null;
  let bytes = 1_000_000;
  const read = (path: string) => at(bytes)(path);
  const rates = async (ownNetwork: boolean) => {
    bytes = 1_000_000;
    const sampler = new ProcessDetails(new ServiceProcesses(async () => [99_999_999], read), ownNetwork, read);
    assert.equal(await sampler.start(), null);
    sampler.sample(0);
    bytes = 5_000_000;
    const values = sampler.sample(2000);
    await sampler.stop();
    return ['in', 'out'].map((way) => value(sampler, values, `service_network_${way}_mb_per_sec`));
  };
  assert.deepEqual(await rates(true), [2, 6]);
  assert.deepEqual(await rates(false), [null, null]);
});

test('processes that come later are looked for once a second, apart from those who read them', { skip: !linux }, async () => {
  let running = [process.pid];
  const processes = new ServiceProcesses(async () => running);
  const lookout = new ProcessLookout(processes);
  const sampler = new ProcessSampler(processes, 100);
  assert.equal(await lookout.start(), null);
  assert.equal(await sampler.start(), null);
  running = [process.pid, process.ppid];
  assert.equal(value(sampler, sampler.sample(1000), 'service_processes'), 1);
  lookout.sample();
  await lookout.stop();
  assert.equal(value(sampler, sampler.sample(2000), 'service_processes'), 2);
  sampler.stop();
});
