/**
 * What watching a service costs: the processor time of a process that does nothing else, beside the embedded engine with many processes and connections,
 * and what the result would state of it (`observed.cost_percent_of_a_core`). An empty timer of the same interval says what waking up alone takes here.
 *
 *     node bench/observe.ts [--seconds 30] [--processes 16] [--connections 200] [--interval 100ms]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDurationSeconds } from '../src/config/duration.ts';
import { observeDefaults } from '../src/config/observe.ts';
import { observeService } from '../src/jobs/measure/observe.ts';
import { startService } from '../src/service/start.ts';
import { cliFromSource, sleep } from './processes.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    processes: { type: 'string', default: '16' },
    connections: { type: 'string', default: '200' },
    interval: { type: 'string', default: '100ms' },
  },
});
const seconds = Number(flags.seconds);
const processes = Number(flags.processes);
const connections = Number(flags.connections);

const folder = await mkdtemp(join(tmpdir(), 'llm-bench-observe-'));
const sleepers = `for _ in $(seq ${processes - 1}); do sleep 600 & done`;
const target = { name: 'engine', command: `${sleepers}; exec '${process.execPath}' '${cliFromSource}' mock --port \${PORT}` };
const service = await startService(target, { root: folder, env: process.env, logDirectory: folder });
const agent = new Agent({ keepAlive: true, maxSockets: connections });
try {
  // As many connections as a load would hold; the engine keeps them open, and they are idle.
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      request(`${service.baseUrl}/health`, { agent }, (answer) => answer.resume().once('end', resolve))
        .once('error', reject)
        .end();
    });
  await Promise.all(Array.from({ length: connections }, ask));

  const spent = async (): Promise<number> => {
    const before = process.cpuUsage();
    const startedMs = performance.now();
    await sleep(seconds * 1000);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 10 / (performance.now() - startedMs);
  };
  const idle = await spent();
  const observe = { ...observeDefaults, interval: parseDurationSeconds(flags.interval) ?? 0.1 };
  const timer = setInterval(() => {}, observe.interval * 1000);
  const waking = await spent();
  clearInterval(timer);
  /** @param changes what is not watched */
  const watch = async (changes: Partial<typeof observe>) => {
    const monitor = await observeService(service, { observe: { ...observe, ...changes }, target, embedded: true }, { headers: {}, env: process.env });
    // The first seconds compile what is used.
    await sleep(3000);
    return { monitor, percent: await spent() };
  };
  const startMs = performance.timeOrigin + performance.now();
  const { monitor: first, percent: resources } = await watch({ metrics: false });
  await first.stop();
  const { monitor, percent: watching } = await watch({});
  const stated = monitor.costPercent();
  const readings = monitor.between(startMs, Number.MAX_VALUE).filter((one) => 'summary' in one);
  await monitor.stop();
  const line = (label: string, value: string) => process.stdout.write(`${label.padEnd(44)} ${value}\n`);
  line('processes of the service, connections', `${processes}, ${connections}`);
  line('this process doing nothing', `${idle.toFixed(3)} % of a core`);
  line('with an empty timer of the same interval', `${waking.toFixed(3)} % of a core`);
  line('watching processes, machine and client', `${resources.toFixed(3)} % of a core (goal: below 1)`);
  line('and the metrics page', `${watching.toFixed(3)} % of a core`);
  line('what the result states', `${stated.toFixed(3)} % of a core`);
  for (const name of ['service_cpu_cores', 'service_open_files', 'service_connections_established', 'machine_cpu_percent']) {
    const one = readings.find((reading) => reading.name === name);
    line(`readings of ${name}`, one !== undefined && 'summary' in one ? `${one.summary.count} in ${(seconds + 3).toFixed(0)} s` : 'none');
  }
} finally {
  agent.destroy();
  await service.stop();
  await rm(folder, { recursive: true, force: true });
}
