import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { type ServiceState, serviceState, startService, stopFromState } from '../../src/service/start.ts';
import { node, pidFrom, place, runs, serve, started, target, until } from './support.ts';

const linux = process.platform === 'linux' ? false : 'finding processes that left their group needs /proc';

test('children that called setsid, and orphans of a double fork, are gone after stop', { skip: linux }, async (t) => {
  const options = place(t);
  const file = (name: string): string => path.join(options.root, name);
  const command = [
    `setsid sh -c 'echo $$ > ${file('session')}; sleep 1000; true' &`,
    `( ( setsid sh -c 'echo $$ > ${file('orphan')}; sleep 1000; true' ) & )`,
    `env -u LLM_BENCH_SERVICE_ID sh -c 'echo $$ > ${file('unmarked')}; sleep 1000; true' &`,
    `setsid sh -c 'env -i /bin/sh -c "echo \\$\\$ > ${file('grandchild')}; sleep 1000; true"; true' &`,
    serve,
  ].join('\n');
  const service = await started(t, { command }, options);
  const pids = await Promise.all(['session', 'orphan', 'unmarked', 'grandchild'].map((name) => pidFrom(file(name))));
  for (const pid of pids) assert.equal(runs(pid), true);
  await service.stop();
  for (const [index, pid] of pids.entries()) assert.equal(runs(pid), false, `process ${index} of the tree`);
});

test('a process that ignores SIGTERM is killed after the grace time', async (t) => {
  const service = await started(t, { command: serve, env: { SERVER_IGNORE_TERM: 1 }, stop_grace_seconds: 0.5 }, place(t));
  const pid = Number(await (await fetch(`${service.baseUrl}/pid`)).text());
  await service.stop();
  assert.equal(runs(pid), false);
  assert.ok((await service.lastLogLines(50)).includes('SIGTERM ignored'));
});

test('a process that handles SIGTERM hears it once and may finish', async (t) => {
  const script = `let n = 0; process.on('SIGTERM', () => { n += 1; setTimeout(() => { console.log('heard ' + n); process.exit(0); }, 300); }); console.log('up'); require('node:http').createServer((q, r) => r.end()).listen(Number(process.env.PORT), '127.0.0.1');`;
  const service = await started(t, { command: `${node} -e "${script}"` }, place(t));
  await service.stop();
  assert.deepEqual(await service.lastLogLines(50), ['up', 'heard 1']);
});

test('another process stops a service whose starter was killed', { skip: linux }, async (t) => {
  const options = place(t);
  const file = path.join(options.root, 'pid');
  const command = `setsid sh -c 'echo $$ > ${file}; sleep 1000; true' & ${serve}`;
  const source = new URL('../../src/service/start.ts', import.meta.url).href;
  const program = `
    import { startService } from ${JSON.stringify(source)};
    await startService(${JSON.stringify(target({ command }))}, { ...${JSON.stringify({ root: options.root, logDirectory: options.logDirectory })}, env: process.env,
      onState: (state) => console.log(JSON.stringify(state)) });
    console.log('ready');`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'], env: options.env });
  let output = '';
  starter.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const detached = await pidFrom(file);
  await until(() => output.includes('ready'), 'the service to be ready');
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  assert.equal(runs(detached), true);
  const states = output.split('\n').filter((line) => line.startsWith('{'));
  const state = JSON.parse(states.at(-1) ?? '') as ServiceState;
  assert.equal(runs(state.pgid ?? 0), true);
  await stopFromState(state);
  assert.equal(runs(detached), false);
  assert.equal(runs(state.pgid ?? 0), false);
  await stopFromState(state);
});

test('a kept state stops nothing but what carries its marker', { skip: linux }, async (t) => {
  const bystander = spawn('/bin/sh', ['-c', 'sleep 1000; true'], { detached: true, stdio: 'ignore' });
  t.after(() => process.kill(-(bystander.pid ?? 0), 'SIGKILL'));
  await once(bystander, 'spawn');
  await stopFromState({ pgid: bystander.pid ?? null, marker: '00000000-0000-4000-8000-000000000000', cidfile: null });
  assert.equal(runs(bystander.pid ?? 0), true);
  for (const marker of ['', 'x', undefined])
    await assert.rejects(stopFromState({ pgid: null, marker: marker as string, cidfile: null }), /no valid marker/);
});

test('a running service gives its state; one found running has none', async (t) => {
  const service = await started(t, { command: serve }, place(t));
  const state = serviceState(service);
  assert.equal(state?.pgid, service.pid);
  const found = await startService(target({ base_url: service.baseUrl }), place(t));
  assert.equal(serviceState(found), null);
  assert.ok(state !== null);
  await stopFromState(state);
  assert.equal(runs(service.pid ?? 0), false);
});
