import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ClientSampler } from '../../src/observe/client-sampler.ts';
import { coresAllowed } from '../../src/observe/cpu-limit.ts';
import { amdSmi, combineGpus, GpuSampler, nvidiaSmi } from '../../src/observe/gpu-sampler.ts';
import { MachineDetails } from '../../src/observe/machine-details.ts';
import { MachineSampler } from '../../src/observe/machine-sampler.ts';
import { PowerIntegral } from '../../src/observe/power.ts';
import { Rates } from '../../src/observe/proc-files.ts';
import { ProcessSampler } from '../../src/observe/process-sampler.ts';
import { RaplSampler } from '../../src/observe/rapl-sampler.ts';
import type { Sampler } from '../../src/observe/sampler.ts';
import { ServiceProcesses } from '../../src/observe/service-processes.ts';
import { SocketSampler } from '../../src/observe/socket-sampler.ts';

const linux = process.platform === 'linux';
const named = (sampler: Sampler, values: readonly (number | null)[]) => Object.fromEntries(sampler.gauges.map(({ name }, at) => [name, values[at]]));
const files = (contents: Record<string, string>) => (path: string) => contents[path] ?? null;

test('counters become rates; the first reading, a reset and a gap are not known', () => {
  const rates = new Rates();
  assert.deepEqual(rates.next(0, [10, 5]), [null, null]);
  assert.deepEqual(rates.next(2000, [30, null]), [10, null]);
  assert.deepEqual(rates.next(3000, [1, 7]), [null, null]);
});

test('the machine, from its files', async () => {
  const at = (idle: number, busy: number, bytes: number) =>
    files({
      '/proc/stat': `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\nctxt ${bytes}\n`,
      '/proc/meminfo': 'MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 250 kB\n',
      '/proc/loadavg': '1.50 1 1 1/1 1\n',
      '/proc/net/dev': `Inter-| Receive\n face |bytes\n    lo: 99 0 0 0 0 0 0 0 99 0 0 0 0 0 0 0\n  eth0: ${bytes} 1 0 0 0 0 0 0 ${2 * bytes} 1 0 0 0 0 0 0\n`,
      '/proc/diskstats': `   8       0 sda 1 1 ${bytes / 1000} 1 1 1 ${bytes / 500} 1 0 1 1\n   8       1 sda1 1 1 77 1 1 1 77 1 0 1 1\n`,
    });
  let read = at(100, 100, 1_000_000);
  const sampler = new MachineSampler(100, (path) => read(path));
  assert.equal(await sampler.start(), null);
  const details = new MachineDetails((path) => read(path));
  sampler.sample();
  details.sample(0);
  read = at(175, 125, 3_000_000);
  const values = { ...named(sampler, sampler.sample()), ...named(details, details.sample(2000)) };
  assert.equal(values['machine_cpu_percent'], 25);
  assert.equal(values['machine_memory_percent'], 75);
  assert.equal(values['machine_load'], 1.5);
  assert.equal(values['machine_network_in_mb_per_sec'], 1);
  assert.equal(values['machine_network_out_mb_per_sec'], 2);
  assert.equal(values['machine_disk_read_mb_per_sec'], (2000 * 512) / 1e6 / 2);
  assert.equal(values['machine_context_switches_per_sec'], 1_000_000);
});

test('a control group of two cores is all there is', () => {
  const second = files({
    '/proc/7/cgroup': '0::/a/b\n',
    '/sys/fs/cgroup/a/cpu.max': '200000 100000\n',
    '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n',
  });
  assert.equal(coresAllowed(7, second, 16), 2);
  const first = files({
    '/proc/7/cgroup': '4:cpu,cpuacct:/a\n1:memory:/b\n',
    '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us': '50000\n',
    '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us': '100000\n',
  });
  assert.equal(coresAllowed(7, first, 16), 0.5);
  assert.equal(coresAllowed(7, files({}), 16), 16);
  const bound = (list: string) => coresAllowed(7, files({ '/proc/7/status': `Threads:\t1\nCpus_allowed_list:\t${list}\n` }), 16);
  assert.deepEqual(['3', '0-1', '0,2-4,9', '0-127', ''].map(bound), [1, 2, 5, 16, 16], 'cpuset and taskset');
});

test('a percent is of the cores of the process that works, not of the shell that started it', async () => {
  const at = (ticks: number) =>
    files({
      '/proc/6/stat': `6 (sh) S ${'0 '.repeat(10)}1 0 0 0 20 0 1 0 0 0 100 `,
      '/proc/7/stat': `7 (a b) R ${'0 '.repeat(10)}${ticks} 0 0 0 20 0 1 0 0 0 100 `,
      '/proc/7/cgroup': '0::/a\n',
      '/sys/fs/cgroup/a/cpu.max': '50000 100000\n',
    });
  let read = at(100);
  const processes = new ServiceProcesses(
    async () => [6, 7],
    (path) => read(path),
  );
  const sampler = new ProcessSampler(processes, 100, (path) => read(path));
  if (linux) assert.equal(await sampler.start(), null);
  else await processes.refresh();
  sampler.sample(0);
  read = at(125);
  const values = named(sampler, sampler.sample(1000));
  assert.equal(values['service_cpu_cores'], 0.25);
  assert.equal(values['service_cpu_percent'], 50);
});

test('sockets of the server port by state', { skip: !linux }, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const sampler = new SocketSampler(port);
  assert.equal(await sampler.start(), null);
  assert.equal(named(sampler, sampler.sample())['service_connections_established'], 0);
  const { connect } = await import('node:net');
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve) => server.once('connection', resolve));
  assert.equal(named(sampler, sampler.sample())['service_connections_established'], 1);
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('this process takes processor time and memory', () => {
  const sampler = new ClientSampler(100);
  const first = named(sampler, sampler.sample(0));
  assert.equal(first['client_cpu_cores'], null);
  const rssMb = process.memoryUsage.rss() / 1e6;
  assert.ok(Math.abs((first['client_memory_mb'] ?? 0) - rssMb) < rssMb / 2);
  assert.equal(typeof named(sampler, sampler.sample(1000))['client_cpu_cores'], 'number');
});

test('energy is power over time, to the ends of the window; of one with a long pause it is not known', () => {
  const power = new PowerIntegral(5000);
  assert.equal(power.joules(0, 1000), null);
  for (const [atMs, watts] of [
    [1000, 100],
    [2000, 100],
    [3000, 200],
    [13_000, 200],
    [14_000, 200],
  ] as const)
    power.add(atMs, watts);
  assert.equal(power.joules(1000, 3000), 250);
  assert.equal(power.joules(1500, 2500), 50 + 62.5);
  assert.equal(power.joules(400, 2000), 60 + 100, 'what lies before the first reading is of the window too');
  assert.equal(power.joules(13_500, 15_000), 100 + 200, 'and what lies behind the last one');
  assert.equal(power.joules(1000, 14_000), null, 'ten seconds without a reading');
  assert.equal(power.joules(14_000, 20_000), null);
});

test('what nvidia-smi and amd-smi print', () => {
  assert.deepEqual(nvidiaSmi.parse('1, 37, 20480, 61, 412.37, 1980'), { index: 1, values: [37, 20480, 61, 412.37, 1980] });
  assert.deepEqual(nvidiaSmi.parse('0, [N/A], 5, 40, [Not Supported], 300'), { index: 0, values: [null, 5, 40, null, 300] });
  assert.equal(nvidiaSmi.parse('NVIDIA-SMI has failed'), null);
  assert.deepEqual(amdSmi.parse('1700000000,0,210 W,55 C,50 C,88 %,1700 MHz,12000 MB,192000 MB'), { index: 0, values: [88, 12000, 55, 210, 1700] });
  assert.deepEqual(
    combineGpus([
      { index: 0, values: [10, 100, 50, 200, 1000] },
      { index: 1, values: [30, 300, 60, null, 2000] },
    ]),
    [20, 400, 60, null, 1500],
    'a sum without one of the cards is no sum',
  );
});

test('a line of a GPU that is missing, or that comes late, costs the sums of its own round and no more', {
  skip: process.platform === 'win32',
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-gpu-'));
  try {
    /** Mean power, W, and whether a reason was told, of a tool that prints these cards' lines, card i drawing (i + 1) x 100 W. */
    const told = async (cards: string) => {
      const lines = Array.from(cards, (card) => `echo "${card}, 50, 1000, 40, ${Number(card) + 1}00.0, 1500"; sleep 0.005`).join('\n');
      await writeFile(join(folder, 'nvidia-smi'), `#!/bin/sh\n${lines}\necho end\nexec sleep 60\n`);
      await chmod(join(folder, 'nvidia-smi'), 0o755);
      let ended = () => {};
      const end = new Promise<void>((resolve) => (ended = resolve));
      const parse = (line: string) => {
        if (line === 'end') ended();
        return nvidiaSmi.parse(line);
      };
      const sampler = new GpuSampler({ ...nvidiaSmi, parse }, 20, { PATH: `${folder}:${process.env['PATH']}` });
      const startMs = performance.timeOrigin + performance.now();
      assert.equal(await sampler.start(), null);
      await end;
      const power = sampler.between(startMs, performance.timeOrigin + performance.now()).find(({ name }) => name === 'gpu_power_watts');
      let reason: string | null = null;
      try {
        sampler.sample();
      } catch (error) {
        reason = (error as Error).message;
      }
      await sampler.stop();
      return { watts: power !== undefined && 'summary' in power ? power.summary : null, reason };
    };
    for (const cards of ['01010101', '0101001010101', '01011001011010', '0101010010101']) {
      const { watts, reason } = await told(cards);
      assert.deepEqual([watts?.min, watts?.max, reason], [300, 300, null], cards);
    }
    const late = await told('0010101');
    assert.deepEqual([late.watts?.min, late.watts?.max, late.reason], [100, 300, null]);
    const gone = await told('01010100000');
    assert.deepEqual([gone.watts?.min, gone.watts?.max], [300, 300]);
    assert.match(gone.reason ?? '', /not all of the 2 GPUs told of themselves/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a wrapper around a GPU tool is ended without waiting for what it started', { skip: process.platform === 'win32' }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-gpu-'));
  try {
    await writeFile(join(folder, 'nvidia-smi'), `#!/bin/sh\necho "0, 50, 1000, 40, 100.0, 1500"\nsleep 60 &\necho $! > ${folder}/pid\nwait\n`);
    await chmod(join(folder, 'nvidia-smi'), 0o755);
    const sampler = new GpuSampler(nvidiaSmi, 20, { PATH: `${folder}:${process.env['PATH']}` });
    assert.equal(await sampler.start(), null);
    let pid = '';
    while (pid === '') pid = (await readFile(join(folder, 'pid'), 'utf8').catch(() => '')).trim();
    await sampler.stop();
    // Throws where it has ended: then the sampler waited for it.
    process.kill(Number(pid));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a GPU tool runs beside the load, and ends with it', { skip: process.platform === 'win32' }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-gpu-'));
  try {
    const script = '#!/bin/sh\nwhile :; do echo "0, 50, 1000, 40, 100.0, 1500"; echo "1, 70, 3000, 50, 300.0, 1700"; sleep 0.02; done\n';
    await writeFile(join(folder, 'nvidia-smi'), script);
    await chmod(join(folder, 'nvidia-smi'), 0o755);
    const sampler = new GpuSampler(nvidiaSmi, 20, { PATH: `${folder}:${process.env['PATH']}` });
    const startMs = performance.timeOrigin + performance.now();
    assert.equal(await sampler.start(), null);
    const tried = performance.now();
    const look = () => Object.fromEntries(sampler.between(startMs, performance.timeOrigin + performance.now()).map((one) => [one.name, one]));
    let seen = look();
    while (seen['gpu_energy_joules'] === undefined && performance.now() - tried < 20_000) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      seen = look();
    }
    const mean = (name: string) => (seen[name] !== undefined && 'summary' in seen[name] ? seen[name].summary.mean : null);
    assert.equal(mean('gpu_power_watts'), 400);
    assert.equal(mean('gpu_utilisation_percent'), 60);
    const watchedS = (performance.timeOrigin + performance.now() - startMs) / 1000;
    const energy = look()['gpu_energy_joules'];
    assert.ok(
      energy !== undefined && 'value' in energy && Math.abs(energy.value - 400 * watchedS) < 40,
      `${JSON.stringify(energy)} in ${watchedS} s`,
    );
    await sampler.stop();
    const broken = new GpuSampler({ ...nvidiaSmi, command: join(folder, 'none') }, 20, process.env);
    assert.match((await broken.start()) ?? '', /there is no nvidia-smi here/);
    await writeFile(join(folder, 'fails'), '#!/bin/sh\necho "no devices were found"; exit 6\n');
    await chmod(join(folder, 'fails'), 0o755);
    const failing = new GpuSampler({ ...nvidiaSmi, command: join(folder, 'fails') }, 20, process.env);
    assert.match((await failing.start()) ?? '', /ended with status 6: no devices were found/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('energy of the processor packages, over the end of their counters', async () => {
  let [one, other] = [900_000_000, 50_000_000];
  const root = '/sys/class/powercap';
  const read = (path: string) => {
    const values: Record<string, string> = {
      [`${root}/intel-rapl:0/name`]: 'package-0\n',
      [`${root}/intel-rapl:1/name`]: 'package-1\n',
      [`${root}/intel-rapl:0:0/name`]: 'core\n',
      [`${root}/intel-rapl:0/energy_uj`]: String(one),
      [`${root}/intel-rapl:1/energy_uj`]: String(other),
      [`${root}/intel-rapl:0/max_energy_range_uj`]: '1000000000\n',
      [`${root}/intel-rapl:1/max_energy_range_uj`]: '1000000000\n',
    };
    return values[path] ?? null;
  };
  const sampler = new RaplSampler(1000, read, () => ['intel-rapl:0', 'intel-rapl:0:0', 'intel-rapl:1']);
  assert.equal(await sampler.start(), null);
  assert.deepEqual(sampler.sample(0), [null]);
  [one, other] = [50_000_000, 100_000_000];
  assert.deepEqual(sampler.sample(2000), [100]);
  const seen = Object.fromEntries(sampler.between(0, 2000).map((found) => [found.name, 'value' in found ? found.value : null]));
  assert.deepEqual(seen, { cpu_package_power_watts: 100, cpu_package_energy_joules: 200 });
  const none = new RaplSampler(
    1000,
    () => null,
    () => [],
  );
  assert.match((await none.start()) ?? '', /no processor energy/);
  const closed = new RaplSampler(
    1000,
    (path) => (path.endsWith('name') ? 'package-0' : null),
    () => ['intel-rapl:0'],
  );
  assert.match((await closed.start()) ?? '', /cannot be read/);
});
