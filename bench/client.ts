/**
 * What this client costs and how true its times are, beside others on the same machine in the same minutes: CPU microseconds per token and per plain POST,
 * TTFT against what the server really did, and how late an open schedule sends. One server process of known timings on the last core, each client on the first.
 *
 *     npm run bench:client -- [--rounds 3] [--seconds 4] [--only llm-bench,bare] [--loads tokens,posts,poisson,constant] [--client-cores 0-11] [--workers N]
 *         [--source | --cli FILE]
 *
 * A client on one core shares it with its own compiler; `--client-cores` gives it several, as it has them where people run it. llm-bench is taken from
 * dist/ where that is built (--source: never; --cli: from there). Others than autocannon take part when they are found on PATH.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { ResultDocument } from '../src/result/document.ts';
import {
  canPin,
  clientCore,
  cliFromSource,
  cpuSeconds,
  KnownServer,
  median,
  onPath,
  runCommand,
  serverCore,
  sleep,
  startClient,
  writeConfig,
} from './processes.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string' },
    loads: { type: 'string', default: 'tokens,posts,poisson,constant' },
    'client-cores': { type: 'string', default: String(clientCore) },
    workers: { type: 'string', default: 'auto' },
    source: { type: 'boolean', default: false },
    cli: { type: 'string' },
  },
});
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
/** The JIT compiler works for some seconds before code is as fast as it gets. */
const settleSeconds = 6;
const streams = 64;
const posters = 10;

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist/cli/index.js');
const cli = flags.cli ?? (!flags.source && existsSync(dist) ? dist : cliFromSource);
const autocannon = join(root, 'node_modules/autocannon/autocannon.js');
const roles = join(root, 'bench/client-roles.ts');

interface Times {
  p50: number | null;
  p99: number | null;
}

interface Plan {
  url: string;
  seconds: number;
  /** Where a client may write. */
  folder: string;
}

interface Client {
  name: string;
  prepare?(plan: Plan): Promise<void>;
  command(plan: Plan): string[];
  env?: NodeJS.ProcessEnv;
  /** What it reported as TTFT, ms; null where it has none. */
  ttft?(stdout: string, plan: Plan): Promise<Times> | Times;
}

const node = process.execPath;
const found = (name: string) => (client: Client) => (onPath(name) ? [client] : []);

/** This client under a configuration of its own, whole process and workers. */
function ours(scenario: { request: object; load: object; warmup?: number }): Pick<Client, 'prepare' | 'command'> {
  return {
    prepare: async ({ url, seconds: duration, folder }) => {
      const target = { name: 'known-schedule', base_url: url, model: 'known-schedule' };
      const load = { duration, ...scenario.load };
      await writeConfig(folder, { target, scenario: { name: 'bench', ...scenario, load } });
    },
    command: ({ folder }) => [...runCommand(cli, folder), '--workers', flags.workers],
  };
}

async function resultOf({ folder }: Plan): Promise<ResultDocument> {
  return JSON.parse(await readFile(join(folder, 'result.json'), 'utf8')) as ResultDocument;
}

const chat = { api: 'chat', max_tokens: 200 };
const plainPost = {
  api: 'http',
  method: 'POST',
  path: '/plain',
  headers: { 'content-type': 'application/json' },
  body: '{"prompt":"hello","max_tokens":16}',
};
const oursTtft = async (_: string, plan: Plan): Promise<Times> => {
  const { ttft_ms } = (await resultOf(plan)).results;
  return { p50: ttft_ms?.p50 ?? null, p99: ttft_ms?.p99 ?? null };
};
/** What a client of bench/client-roles.ts prints, ms. */
interface Role {
  ttft: Times;
  late: Times;
  cpu_ms: number;
}
const role = (name: string, load: string, parallel: number): Client => ({
  name,
  command: (plan) => [node, roles, name, load, plan.url, String(plan.seconds), String(parallel)],
  ttft: (stdout) => (JSON.parse(stdout) as Role).ttft,
});

const tokenClients: Client[] = [
  role('bare', 'tokens', streams),
  { name: 'llm-bench', ...ours({ request: chat, load: { executor: 'closed', concurrency: streams }, warmup: streams }), ttft: oursTtft },
  role('undici', 'tokens', streams),
  ...found('vllm')({
    name: 'vllm',
    command: ({ url, seconds: duration }) => [
      'vllm',
      'bench',
      'serve',
      '--backend',
      'openai-chat',
      '--endpoint',
      '/v1/chat/completions',
      '--base-url',
      url,
      '--model',
      'known-schedule',
      '--tokenizer',
      process.env['BENCH_TOKENIZER'] ?? 'gpt2',
      '--dataset-name',
      'random',
      '--random-input-len',
      '20',
      '--random-output-len',
      '200',
      '--max-concurrency',
      String(streams),
      '--num-prompts',
      String(Math.ceil((streams * duration) / 1.05)),
      '--percentile-metrics',
      'ttft',
      '--metric-percentiles',
      '50,99',
    ],
    ttft: (stdout) => ({ p50: numberAfter(stdout, /Median TTFT \(ms\):\s+([\d.]+)/), p99: numberAfter(stdout, /P99 TTFT \(ms\):\s+([\d.]+)/) }),
  }),
  ...found('guidellm')({
    name: 'guidellm',
    command: ({ url, seconds: duration, folder }) => [
      'guidellm',
      'benchmark',
      '--target',
      url,
      '--model',
      'known-schedule',
      '--rate-type',
      'concurrent',
      '--rate',
      String(streams),
      '--max-seconds',
      String(duration),
      '--data',
      'prompt_tokens=20,output_tokens=200',
      '--processor',
      process.env['BENCH_TOKENIZER'] ?? 'gpt2',
      '--output-path',
      join(folder, 'guidellm.json'),
    ],
  }),
  ...found('locust')({
    name: 'locust',
    command: ({ url, seconds: duration }) => [
      'locust',
      '--headless',
      '-f',
      join(root, 'bench/peers/locustfile.py'),
      '--host',
      url,
      '-u',
      String(streams),
      '-r',
      String(streams),
      '-t',
      `${Math.ceil(duration)}s`,
      '--json',
      '--skip-log-setup',
    ],
  }),
];

const postClients: Client[] = [
  role('bare', 'posts', posters),
  { name: 'llm-bench', ...ours({ request: plainPost, load: { executor: 'closed', concurrency: posters }, warmup: 100 }) },
  role('undici', 'posts', posters),
  {
    name: 'autocannon',
    command: ({ url, seconds: duration }) => [
      node,
      autocannon,
      '-c',
      String(posters),
      '-d',
      String(Math.ceil(duration)),
      '-m',
      'POST',
      '-H',
      'content-type=application/json',
      '-b',
      '{"prompt":"hello","max_tokens":16}',
      `${url}/plain`,
    ],
  },
  ...found('wrk')({
    name: 'wrk',
    command: ({ url, seconds: duration }) => [
      'wrk',
      '-t1',
      `-c${posters}`,
      `-d${Math.ceil(duration)}s`,
      '-s',
      join(root, 'bench/peers/post.lua'),
      `${url}/plain`,
    ],
  }),
  ...found('hey')({
    name: 'hey',
    command: ({ url, seconds: duration }) => [
      'hey',
      '-z',
      `${Math.ceil(duration)}s`,
      '-c',
      String(posters),
      '-m',
      'POST',
      '-T',
      'application/json',
      '-d',
      '{"prompt":"hello","max_tokens":16}',
      `${url}/plain`,
    ],
  }),
  ...found('oha')({
    name: 'oha',
    command: ({ url, seconds: duration }) => [
      'oha',
      '--no-tui',
      '-z',
      `${Math.ceil(duration)}s`,
      '-c',
      String(posters),
      '-m',
      'POST',
      '-T',
      'application/json',
      '-d',
      '{"prompt":"hello","max_tokens":16}',
      `${url}/plain`,
    ],
  }),
  ...found('k6')({
    name: 'k6',
    command: ({ url, seconds: duration }) => [
      'k6',
      'run',
      '--quiet',
      '--vus',
      String(posters),
      '--duration',
      `${Math.ceil(duration)}s`,
      '--env',
      `URL=${url}/plain`,
      join(root, 'bench/peers/post.js'),
    ],
  }),
];

/** Others' figures are read from what they print. */
function numberAfter(text: string, pattern: RegExp): number | null {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

interface Measured {
  /** CPU microseconds per token or request, counted by the server. */
  cost: number;
  perSecond: number;
  ttft: Times | null;
  truth: Times;
  /** Share of one core. */
  core: number;
}

/** Runs one client against the server: CPU is read from outside, over a window that begins when it has settled. */
async function measure(client: Client, server: KnownServer, unit: 'tokens' | 'requests'): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-client-'));
  try {
    const plan: Plan = { url: server.url, seconds: settleSeconds + seconds + 1, folder };
    await client.prepare?.(plan);
    await server.reset();
    const running = startClient(client.command(plan), { ...client.env, TMPDIR: folder }, flags['client-cores']);
    while ((await server.truth())[unit] < 20 && !running.ended()) await sleep(50);
    await sleep(settleSeconds * 1000);
    const [cpu, before, startMs] = [cpuSeconds(running.pid), await server.truth(), performance.now()];
    await sleep(seconds * 1000);
    const [used, after, wallMs] = [cpuSeconds(running.pid) - cpu, await server.truth(), performance.now() - startMs];
    const { code, stdout, stderr } = await running.done;
    if (code !== 0 && code !== 3) throw new Error(`${client.name} ended with ${code}: ${stderr.slice(-500)}`);
    const count = after[unit] - before[unit];
    const ttft = client.ttft ? await client.ttft(stdout, plan) : null;
    return {
      cost: (used * 1e6) / count,
      perSecond: (count * 1000) / wallMs,
      ttft,
      truth: (await server.truth()).ttft_ms,
      core: (used * 1000) / wallMs,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const ms = (value: number | null | undefined) => (value === null || value === undefined ? '-' : value.toFixed(2));

/** Every client in every round, each round in another order; a ratio is of one round. */
async function sideBySide(title: string, clients: Client[], server: KnownServer, unit: 'tokens' | 'requests'): Promise<void> {
  const only = flags.only?.split(',');
  const taking = clients.filter(({ name }) => name === 'bare' || only === undefined || only.includes(name));
  const all = new Map<string, Measured[]>(taking.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < taking.length; i++) {
      const client = taking[(i + round) % taking.length]!;
      try {
        all.get(client.name)?.push(await measure(client, server, unit));
      } catch (error) {
        print(`  ${client.name}: ${(error as Error).message}`);
      }
    }
  const bare = all.get('bare') ?? [];
  print(`${title}; median of ${rounds} rounds`);
  print(
    `  ${'client'.padEnd(11)} ${'CPU us'.padStart(7)}  ${'x bare'.padStart(6)}  ${'per second'.padStart(10)}  ${'of a core'.padStart(9)}  ${'TTFT p50 / p99 reported (true), ms'.padEnd(38)} (each round)`,
  );
  for (const [name, measured] of all) {
    if (measured.length === 0) continue;
    const ratio = median(measured.map(({ cost }, round) => cost / (bare[round]?.cost ?? Number.NaN)));
    const { ttft, truth } = measured.at(-1)!;
    const times = ttft === null ? '' : `${ms(ttft.p50)} / ${ms(ttft.p99)} (${ms(truth.p50)} / ${ms(truth.p99)})`;
    print(
      `  ${name.padEnd(11)} ${median(measured.map(({ cost }) => cost))
        .toFixed(1)
        .padStart(7)}  ${ratio.toFixed(2).padStart(6)}  ${Math.round(median(measured.map(({ perSecond }) => perSecond)))
        .toString()
        .padStart(
          10,
        )}  ${`${(100 * median(measured.map(({ core }) => core))).toFixed(0)} %`.padStart(9)}  ${times.padEnd(38)} (${measured.map(({ cost }) => cost.toFixed(1)).join(' ')})`,
    );
  }
}

/** By how much reported times to the first token lie beyond the true ones; nothing where none were reported. */
function offBy(ttft: Times | null, truth: Times): string {
  if (ttft === null || ttft.p50 === null) return '';
  const beyond = (key: keyof Times) => ms((ttft[key] ?? 0) - (truth[key] ?? 0));
  return `; TTFT off by ${beyond('p50')} ms at p50, ${beyond('p99')} ms at p99 (true ${ms(truth.p50)} / ${ms(truth.p99)})`;
}

/** An open schedule: how true and how punctual this client is. */
async function openLoad(title: string, client: Client, server: KnownServer, unit: 'tokens' | 'requests'): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const documents: ResultDocument[] = [];
    const taken: Client = {
      ...client,
      ttft: async (stdout, plan) => {
        documents.push(await resultOf(plan));
        return oursTtft(stdout, plan);
      },
    };
    const { core, ttft, truth, perSecond } = await measure(taken, server, unit);
    const lateness = documents[0]?.series[0]?.metrics['send_lateness_ms'];
    const late = lateness !== undefined && 'p99' in lateness ? `send lateness p50 ${ms(lateness.p50)}, p99 ${ms(lateness.p99)} ms` : '';
    print(`${title}: ${late}${offBy(ttft, truth)}; ${(100 * core).toFixed(0)} % of a core, ${Math.round(perSecond)} ${unit}/s`);
  }
}

/** One of bench/client-roles.ts by itself; what it says, and its share of a core, %. */
async function alone(name: string, load: string, url: string, perSecond: number): Promise<Role & { core: string }> {
  const { done } = startClient([node, roles, name, load, url, String(seconds), String(perSecond)], {}, flags['client-cores']);
  const said = JSON.parse((await done).stdout) as Role;
  return { ...said, core: (said.cpu_ms / seconds / 10).toFixed(0) };
}

/** A thread that only sleeps until each due time: what of lateness and CPU is the machine's. */
async function pacerAlone(perSecond: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const { late, core } = await alone('pacer', 'none', 'http://127.0.0.1', perSecond);
    print(
      `A thread that sleeps until each of ${perSecond} times/s and does nothing: late p50 ${ms(late.p50)}, p99 ${ms(late.p99)} ms; ${core} % of a core`,
    );
  }
}

/** The least client that keeps a schedule: what of lateness, error and CPU belongs to Node's own sockets and to being woken. */
async function bareScheduled(server: KnownServer, load: 'constant' | 'poisson', perSecond: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await server.reset();
    const { late, ttft, core } = await alone('bare', load, server.url, perSecond);
    const off = offBy(ttft, (await server.truth()).ttft_ms);
    print(`Bare sockets, ${load} at ${perSecond}/s: send lateness p50 ${ms(late.p50)}, p99 ${ms(late.p99)} ms${off}; ${core} % of a core`);
  }
}

const loads = flags.loads.split(',');
print(
  `llm-bench from ${cli}; Node ${process.versions.node}; ${availableParallelism()} cores${canPin ? ` by number: clients on ${flags['client-cores']}, server on ${serverCore}` : ', nothing pinned (no taskset, or one core)'}`,
);
await using server = await KnownServer.start();
if (loads.includes('tokens'))
  await sideBySide(`CPU us per token, ${streams} streams, a token every 5 ms, one write for each`, tokenClients, server, 'tokens');
if (loads.includes('posts')) await sideBySide(`CPU us per plain POST, ${posters} connections`, postClients, server, 'requests');
if (loads.includes('poisson')) {
  await bareScheduled(server, 'poisson', 90);
  for (const [warmup, title] of [
    [50, 'Poisson arrivals at 90/s of 100 tokens'],
    [600, 'The same after 600 requests of warm-up'],
  ] as const)
    await openLoad(
      title,
      { name: 'llm-bench', ...ours({ request: { ...chat, max_tokens: 100 }, load: { executor: 'poisson', rate: 90 }, warmup }) },
      server,
      'tokens',
    );
}
if (loads.includes('constant')) {
  await pacerAlone(2000);
  await bareScheduled(server, 'constant', 2000);
  await openLoad(
    'Constant rate of 2,000 plain POSTs/s',
    { name: 'llm-bench', ...ours({ request: plainPost, load: { executor: 'constant_rate', rate: 2000 }, warmup: 200 }) },
    server,
    'requests',
  );
}
