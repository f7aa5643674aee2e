import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { BenchConfig } from '../config/bench-config.ts';
import type { EntryContext } from '../config/entry-context.ts';
import { UserError } from '../config/errors.ts';
import { loadConfig } from '../config/load.ts';
import type { Override } from '../config/overrides.ts';
import type { ProfileWhen } from '../config/profile.ts';
import { type AbOptions, ab } from '../jobs/ab.ts';
import { plainShape } from '../jobs/shape.ts';
import { executorSchemas } from '../load/executors/registry.ts';
import { type BenchFlags, overridesOf } from './bench-options.ts';
import { measureComponents } from './component-command.ts';
import { listenForInterrupt } from './interrupt.ts';
import { createProgress } from './progress.ts';

interface AbFlags extends BenchFlags {
  baselineUrl?: string;
  headUrl?: string;
  baselineCommand?: string;
  headCommand?: string;
  baselineRef?: string;
  limit?: number;
  budget: number;
  component?: string | true;
  alternate?: boolean;
  thresholds?: string;
  profile?: ProfileWhen;
  failOn?: string;
  format: 'text' | 'markdown' | 'json';
}

/** Turns the flags of `ab` into the job; returns its exit code. */
export async function abCommand(command: Command, context: EntryContext): Promise<number> {
  const flags = command.opts<AbFlags>();
  if (flags.component !== undefined) return abComponents(command, flags.component, context);
  const common = await overridesOf(command);
  if (flags.failOn !== undefined) common.push({ key: 'fail_on', value: flags.failOn, origin: 'flag --fail-on' });
  const base = sideOverrides('baseline', flags.baselineUrl, flags.baselineCommand);
  const head = sideOverrides('head', flags.headUrl, flags.headCommand);
  if (base.length === 0 && flags.baselineRef === undefined) {
    throw new UserError('ab: expected a baseline to compare with: --baseline-url, --baseline-command or --baseline-ref', {
      hint: 'For example: llm-bench ab --baseline-ref main --command "npm start -- --port ${PORT}"',
    });
  }
  if (base.length > 0 && flags.baselineRef !== undefined)
    throw new UserError('ab: --baseline-ref starts the baseline as the head is started; leave out --baseline-url and --baseline-command');
  const configOf = (own: Override[]): Promise<BenchConfig> =>
    loadConfig({
      cwd: process.cwd(),
      builtinRoot: fileURLToPath(context.packageRoot),
      configFile: flags.config,
      overrides: [...common, ...own],
      env: process.env,
      executors: executorSchemas,
    });
  const [headConfig, baseConfig] = await Promise.all([configOf(head), configOf(base)]);
  const interrupt = listenForInterrupt((text) => void process.stderr.write(`${text}\n`));
  const progress = await createProgress(process.stderr, true);
  const log = (line: string) => void (flags.quiet ? null : process.stderr.write(`${line}\n`));
  const options: AbOptions = {
    head: headConfig,
    base: baseConfig,
    baseRef: flags.baselineRef ?? null,
    measuring: {
      entry: context,
      env: process.env,
      signal: interrupt.signal,
      onState: interrupt.onState,
      progress: { ...progress, line: log },
      runs: 1,
      transport: flags.transport,
      freshConnections: flags.freshConnections === true,
      selftest: flags.selftest,
      shape: { ...plainShape, workers: flags.workers ?? null },
    },
    logDirectory: join(tmpdir(), `llm-bench-${process.pid}`),
    limitPercent: flags.limit ?? null,
    budgetSeconds: flags.budget,
    alternate: flags.alternate === true,
    wholeRounds: flags['numRequests'] !== undefined || flags['duration'] !== undefined || flags['runTime'] !== undefined,
    profiles: resolve(headConfig.root, flags.profiles ?? 'reports'),
    output: flags.output ?? null,
    format: flags.format,
    color: process.stdout.isTTY === true && !process.env['NO_COLOR'],
    log,
    out: (text) => void process.stdout.write(text),
  };
  try {
    return await ab(options);
  } finally {
    interrupt.close();
  }
}

/** `ab --component`: what `component --baseline-ref` does. @throws UserError (2) for flags of a service, and without a baseline */
function abComponents(command: Command, component: string | true, context: EntryContext): Promise<number> {
  const { config, thresholds, baselineRef, limit, budget, profile, profiles, failOn, format, output, quiet, ...others } = command.opts<AbFlags>();
  const misplaced = command.options.filter((option) => {
    const name = option.attributeName();
    return command.getOptionValueSource(name) === 'cli' && name !== 'component' && Object.hasOwn(others, name);
  });
  if (misplaced.length > 0)
    throw new UserError(`ab --component measures benchmarks, no service: leave out ${misplaced.map(({ long }) => long).join(', ')}`);
  if (baselineRef === undefined)
    throw new UserError('ab --component: expected a commit, branch or tag to compare with: --baseline-ref', {
      hint: 'For example: llm-bench ab --component --baseline-ref main',
    });
  return measureComponents(
    {
      ...{ baselineRef, budget, output: output ?? 'component_results.json', profiles: profiles ?? 'reports' },
      ...(component === true ? {} : { only: component }),
      ...(config === undefined ? {} : { config }),
      ...(thresholds === undefined ? {} : { thresholds }),
      ...(limit === undefined ? {} : { limit }),
      ...(profile === undefined ? {} : { profile }),
      ...(failOn === undefined ? {} : { failOn }),
      ...(quiet === true ? { quiet } : {}),
      json: format === 'json',
      markdown: format === 'markdown',
    },
    context,
  );
}

function sideOverrides(side: 'baseline' | 'head', url: string | undefined, start: string | undefined): Override[] {
  if (url !== undefined && start !== undefined)
    throw new UserError(`ab: --${side}-url says that it runs already, --${side}-command starts it; give one of them`);
  if (url !== undefined) return [{ key: 'target.base_url', value: url, origin: `flag --${side}-url` }];
  return start === undefined ? [] : [{ key: 'target.command', value: start, origin: `flag --${side}-command` }];
}
