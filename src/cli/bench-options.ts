import { type Command, InvalidArgumentError } from 'commander';
import type { Override } from '../config/overrides.ts';
import { addExportOptions, type ExportFlags } from './export-options.ts';
import { addLoadOptions, loadOverrides, loadSettings, refuseContradictions } from './load-options.ts';
import { parseCompat, parseCost, parseShard, parseStartAt, parseTokens, parseWorkers, type ShapeFlags } from './run-shape.ts';

/** Flags that measuring commands share, each with the setting that it overrides. */
const settings = [
  ['--scenario <names>', 'scenario', 'a scenario by name, or several separated by commas'],
  ['--type <names>', 'scenario', 'the same as --scenario'],
  ['--target <name>', 'target', 'a target by name, from config/targets.yaml'],
  ['--command <command>', 'target.command', 'start the service under test with this; ${PORT} is a free port'],
  ['--base-url <url>', 'target.base_url', 'address of the service under test'],
  ['--url <url>', 'target.base_url', 'the same as --base-url'],
  ['--model <name>', 'target.model', 'model to ask for'],
  ['-n, --num-requests <count>', 'load.requests', 'stop after this many requests'],
  ['--iterations <count>', 'load.requests', 'the same as --num-requests'],
  ['-c, --concurrency <users>', 'load.concurrency', 'users, each waiting for its answer before its next request'],
  ...loadSettings,
  ['--max-concurrency <users>', 'load.max_concurrency', "the most users at once, in the terms of the scenario's own load"],
  ['--duration <time>', 'load.duration', 'stop sending after this long: 600, 30s or 10m'],
  ['--run-time <time>', 'load.duration', 'the same as --duration'],
  ['--max-tokens <count>', 'request.max_tokens', 'most tokens to generate per request'],
  ['--prompt-tokens <counts>', 'request.prompt_tokens', 'generated prompts of these lengths, such as 100,500; a shared beginning keeps its share'],
  ['--prompts <file>', 'request.prompts', 'prompts.jsonl: {"prompt","max_tokens","temperature"} a line'],
  ['--api <name>', 'request.api', 'chat, completions, ollama, anthropic, template or http'],
  ['--timeout <time>', 'timeout', 'longest time for one request'],
  ['--first-token-timeout <time>', 'first_token_timeout', 'longest wait for the first token of a stream'],
  ['--idle-timeout <time>', 'idle_timeout', 'longest time without a token within a stream'],
  ['--warmup <count>', 'warmup', 'requests sent and thrown away before the measured ones'],
  ['--scale <factor>', 'scale', 'shorten all times and numbers of requests by this factor, such as 0.01; levels and rates stay'],
  ['--requests-per-cell <count>', 'requests_per_cell', 'so many requests for each pair of prompt and answer length'],
  ['--slo <names>', 'slo', 'named service levels to hold the run against, such as production or testing'],
  ['--seed <number>', 'seed', 'seed of everything random'],
  ['--method <name>', 'request.method', 'plain HTTP: method'],
  ['--thresholds <file>', 'thresholds', 'limits to judge by'],
] as const;

/** Flags of the commands that can look into the service after they measured it, each with the setting that it overrides. */
const profileSettings = [
  ['--profile <when>', 'profile.when', 'when the service is profiled: always, suspicious (default) or never'],
  ['--profile-with <tool>', 'profile.with', 'pprof, node, py-spy or perf (default: the first that can)'],
  ['--profile-url <url>', 'profile.url', 'where the service has pprof: a path, :6060/debug/pprof or an address (default: /debug/pprof)'],
] as const;

export interface BenchFlags extends ShapeFlags, ExportFlags {
  config?: string;
  scenarios?: string;
  stream?: boolean;
  header?: string[];
  body?: string;
  output?: string;
  /** Everything that is written goes below it. */
  outputDir?: string;
  html?: string | true;
  json?: boolean;
  quiet?: boolean;
  logRequests?: string;
  runs: number;
  note?: string;
  freshConnections?: boolean;
  transport: 'auto' | 'socket' | 'undici';
  printConfig?: boolean;
  selftest: boolean;
  profiles?: string;
  [flag: string]: unknown;
}

/** Adds the flags that say what is measured and how it is sent. */
export function addLoadFlags(command: Command): Command {
  for (const [flags, , description] of settings) command.option(flags, description);
  return addLoadOptions(command)
    .option('--config <file>', 'configuration file (default: llm-bench.yaml here or in .github/)')
    .option('--scenarios <file>', 'a file of many scenarios by name (default: config/test_scenarios.yaml where there is one)')
    .option('--no-stream', 'ask for answers in one piece')
    .option('--header <name:value>', 'a header to send with every request; repeatable', collect)
    .option('--body <file>', 'plain HTTP: file with the body to send')
    .option('--wait <time>', 'how long to wait until the service is ready')
    .option('--fresh-connections', 'a new connection for every request')
    .option('--transport <kind>', 'auto, socket or undici', oneOf('auto', 'socket', 'undici'), 'auto')
    .option('--workers <count>', 'threads that send: auto (one per spare core) or a number', parseWorkers)
    .option('--no-selftest', 'do not certify the client by a short selftest beside the run');
}

/** Adds the flags of profiles. */
export function addProfileFlags(command: Command): Command {
  for (const [flags, , description] of profileSettings) command.option(flags, description);
  return command.option('--profiles <folder>', 'where profiles go', 'reports');
}

/** Adds all flags of a command that measures one side: what to send, and what becomes of it. */
export function addBenchOptions(command: Command): Command {
  return addExportOptions(addLoadFlags(command))
    .option('-o, --output <file>', 'result document to write', 'bench_results.json')
    .option('--output-dir <folder>', 'write everything below this folder: relative paths of --output, --html and --log-requests are within it')
    .option('--baseline-file <file...>', 'compare with these result documents in the same command, as `check --baseline` does')
    .option('--html [file]', 'write an HTML report too, beside the result unless named')
    .option('--json', 'print the result document instead of the summary')
    .option('--quiet', 'print only what is wrong')
    .option('--log-requests <file>', 'write one JSON line per request')
    .option('--runs <count>', 'repeat the whole measurement; a run is the unit of evidence', positiveInteger, 1)
    .option('--all-models', 'each scenario for every supported model of the target, and which is best')
    .option('--note <text>', 'kept in the result')
    .option('--compat <name>', 'times and rates by the definitions of vllm, guidellm, aiperf, inference-perf, mlperf or suite', parseCompat)
    .option('--shard <i/n>', 'the part of the I-th of N machines that share one schedule; add their results with `merge`', parseShard)
    .option('--start-at <time>', 'begin at this time, on every machine: ISO, seconds since 1970, or +30s', (text) => parseStartAt(text))
    .option('--max-total-tokens <count>', 'stop before more prompt and output tokens than this are used', parseTokens)
    .option('--max-cost <amount>', "stop before more than this is spent, by the target's prices", parseCost)
    .option('--print-config', 'print the resolved configuration and where each value comes from, then exit');
}

/** The flags that were given, as settings that win over every file. */
export async function overridesOf(command: Command): Promise<Override[]> {
  const overrides: Override[] = [];
  const flags = command.opts<BenchFlags>();
  for (const option of command.options) {
    const setting = [...settings, ...profileSettings].find(([name]) => name === option.flags);
    const value = flags[option.attributeName()];
    if (!setting || value === undefined || command.getOptionValueSource(option.attributeName()) !== 'cli') continue;
    overrides.push({ key: setting[1], value, origin: `flag ${option.long}` });
  }
  overrides.push(...loadOverrides(flags));
  refuseContradictions(overrides);
  if (flags.stream === false) overrides.push({ key: 'request.stream', value: false, origin: 'flag --no-stream' });
  // Those of the target go with every request, such as one for its metrics; those of a scenario would win over them.
  if (flags.header && flags.header.length > 0)
    for (const key of ['target.headers', 'request.headers'])
      overrides.push({ key, value: Object.fromEntries(flags.header.map(splitHeader)), origin: 'flag --header' });
  if (flags['wait'] !== undefined) overrides.push({ key: 'target.ready', value: { timeout_seconds: flags['wait'] }, origin: 'flag --wait' });
  if (flags.body !== undefined) {
    const { readBody } = await import('../jobs/read-body.ts');
    overrides.push({ key: 'request.body', value: await readBody(flags.body), origin: 'flag --body' });
  }
  return overrides;
}

function collect(value: string, previous: string[] = []): string[] {
  splitHeader(value);
  return [...previous, value];
}

function splitHeader(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new InvalidArgumentError(`expected NAME:VALUE, found ${JSON.stringify(text)}`);
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number of at least 1');
  return value;
}

function oneOf<T extends string>(...allowed: T[]): (text: string) => T {
  return (text) => {
    if (!(allowed as string[]).includes(text)) throw new InvalidArgumentError(`expected ${allowed.join(', ')}`);
    return text as T;
  };
}
