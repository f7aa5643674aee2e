import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { CommitOrder } from '../baseline/order.ts';
import type { BaselineFound } from '../baseline/source.ts';
import type { BenchConfig } from '../config/bench-config.ts';
import type { EntryContext } from '../config/entry-context.ts';
import { UserError } from '../config/errors.ts';
import type { Override } from '../config/overrides.ts';
import { scenarioNamesOf } from '../config/scenario/scenario.ts';
import type { RunOptions } from '../jobs/run.ts';
import { type BenchFlags, overridesOf } from './bench-options.ts';
import { configHere } from './config-here.ts';
import { type DashboardFlags, placeOf } from './dashboard-options.ts';
import { exportsOf } from './export-options.ts';
import { type Interrupt, listenForInterrupt } from './interrupt.ts';
import { createProgress } from './progress.ts';
import { shapeOf } from './run-shape.ts';

/** Turns the flags of `run` and `check` into the job; returns its exit code. */
export async function runCommand(command: Command, context: EntryContext, kind: 'run' | 'check'): Promise<number> {
  const flags = command.opts<BenchFlags>();
  const overrides = await overridesOf(command);
  const baselines = baselineOverride(flags);
  overrides.push(...baselines);
  for (const [flag, key] of [
    ['mode', 'mode'],
    ['failOn', 'fail_on'],
  ] as const)
    if (flags[flag] !== undefined) overrides.push({ key, value: flags[flag], origin: `flag --${flag === 'failOn' ? 'fail-on' : flag}` });
  if (flags['list']) {
    const { renderCatalogue } = await import('../jobs/list.ts');
    process.stdout.write(await renderCatalogue(process.cwd(), fileURLToPath(context.packageRoot)));
    return 0;
  }
  const config = await configHere(flags, overrides, context);
  if (flags.printConfig) return printed([config]);
  const compares = kind === 'check' || baselines.length > 0;
  const order = compares ? await localOrder(config) : null;
  const baseline = compares && config.baseline.kind !== 'none' ? await localBaseline(config, order) : null;
  const dashboard = flags['dashboard'] === true ? await dashboardOf(flags as BenchFlags & DashboardFlags) : null;
  const { run } = await import('../jobs/run.ts');
  const interrupt = listenForInterrupt((text) => void process.stderr.write(`${text}\n`));
  try {
    return await run({
      ...(await sharedOptions(flags, context, interrupt)),
      config,
      ...outputOf(flags, config.report.html),
      ...{ baseline, order },
      ...(dashboard === null ? {} : { dashboard }),
    });
  } finally {
    interrupt.close();
  }
}

async function dashboardOf(flags: DashboardFlags): Promise<NonNullable<RunOptions['dashboard']>> {
  return { place: await placeOf(flags, process.env), intervalMs: flags.refresh };
}

/** The files that `--baseline` or `--baseline-file` names, as the setting that they override. */
export function baselineOverride(flags: BenchFlags): Override[] {
  const named = (['baseline', 'baselineFile'] as const).flatMap((name) => (flags[name] as string[] | undefined) ?? []);
  return named.length === 0 ? [] : [{ key: 'baseline.file', value: named, origin: `flag --baseline${flags['baseline'] ? '' : '-file'}` }];
}

/** Prints resolved configurations instead of measuring. */
export async function printed(configs: readonly BenchConfig[]): Promise<number> {
  const { printConfig } = await import('../config/print.ts');
  process.stdout.write(configs.map(printConfig).join('---\n'));
  return 0;
}

/** What the flags say of measuring and telling, whatever is measured. */
export async function sharedOptions(flags: BenchFlags, context: EntryContext, interrupt: Interrupt) {
  return {
    entry: context,
    env: process.env,
    signal: interrupt.signal,
    onState: interrupt.onState,
    progress: await createProgress(process.stderr, flags.quiet === true),
    logDirectory: join(tmpdir(), `llm-bench-${process.pid}`),
    runs: flags.runs,
    transport: flags.transport,
    freshConnections: flags.freshConnections === true,
    selftest: flags.selftest,
    shape: shapeOf(flags),
    note: flags.note ?? null,
    ...(flags.profiles === undefined ? {} : { profiles: resolve(flags.outputDir ?? '', flags.profiles) }),
    exports: exportsOf(flags),
    print: {
      color: process.stdout.isTTY === true && !process.env['NO_COLOR'],
      json: flags.json === true,
      quiet: flags.quiet === true,
      out: (text: string) => void process.stdout.write(text),
      err: (text: string) => void process.stderr.write(`${text}\n`),
    },
  };
}

/** Where everything is written: below `--output-dir` where that is given. */
export function outputOf({ output = 'bench_results.json', outputDir, html, logRequests }: BenchFlags, htmlDefault: boolean) {
  const within = (path: string) => (outputDir === undefined ? path : resolve(outputDir, path));
  const page = html ?? htmlDefault;
  return {
    output: within(output),
    html: typeof page === 'string' ? within(page) : page,
    logRequests: logRequests === undefined ? null : within(logRequests),
    outputFolder: outputDir ?? null,
  };
}

/** What is measured here is the checked-out commit, or what is about to come after it: results of a store are the nearer the nearer they lie before it. */
async function localOrder({ baseline, root }: BenchConfig): Promise<CommitOrder | null> {
  if (baseline.kind !== 'folder' && baseline.kind !== 'git_branch') return null;
  const [{ orderFrom }, { attempt, gitIn }] = await Promise.all([import('../baseline/order.ts'), import('../github/git.ts')]);
  const git = gitIn(root);
  const sha = await attempt(git, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}');
  return sha ? orderFrom({ sha, how: 'this commit' }, git, null) : null;
}

/**
 * On a laptop the baseline is a file or a folder; the artifact of a branch is the action's.
 * @throws UserError (2) for a file that is there and cannot be used: whoever names it should not wait for a measurement to hear so
 */
export async function localBaseline(config: BenchConfig, order: CommitOrder | null = null): Promise<BaselineFound> {
  const { findBaseline } = await import('../baseline/source.ts');
  const source = config.baseline.kind === 'artifact' ? { kind: 'file' as const, files: ['baseline.json'] } : config.baseline;
  const found = await findBaseline({
    source,
    scenarios: scenarioNamesOf(config.scenarios),
    root: config.root,
    repository: null,
    context: null,
    order,
  });
  if (source.kind === 'file' && !found.found && found.warning) throw new UserError(found.reason);
  return found;
}
