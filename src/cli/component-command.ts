import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { EntryContext } from '../config/entry-context.ts';
import { UserError } from '../config/errors.ts';
import type { Override } from '../config/overrides.ts';
import type { ProfileWhen } from '../config/profile.ts';
import { loadJudging } from '../config/thresholds/load-thresholds.ts';
import { readNamed } from '../jobs/compare.ts';
import { component } from '../jobs/component/component.ts';
import { listenForInterrupt } from './interrupt.ts';

/** What `component` is told, and `ab --component` of it. */
export interface ComponentFlags {
  run?: string;
  format?: string;
  read?: string[];
  workingDirectory?: string;
  timeout?: string;
  config?: string;
  thresholds?: string;
  only?: string;
  quick?: boolean;
  baseline?: string[];
  mode?: string;
  baselineRef?: string;
  limit?: number;
  budget: number;
  profile?: ProfileWhen;
  profiles: string;
  failOn?: string;
  markdown?: boolean;
  json?: boolean;
  html?: boolean;
  output: string;
  quiet?: boolean;
}

/** Turns the flags of `component` into the job; returns its exit code. */
export function componentCommand(command: Command, context: EntryContext): Promise<number> {
  return measureComponents(command.opts<ComponentFlags>(), context);
}

/** Runs benchmarks of components as the flags say; returns the exit code. @throws UserError (2) */
export async function measureComponents(flags: ComponentFlags, context: EntryContext): Promise<number> {
  const judging = await loadJudging({
    cwd: process.cwd(),
    builtinRoot: fileURLToPath(context.packageRoot),
    configFile: flags.config ?? null,
    scenarios: [],
    overrides: overridesOf(flags),
  });
  if (judging.components.entries.length === 0) {
    throw new UserError('component: expected a command to run, found none', {
      hint: 'llm-bench component --run "go test -bench=. -benchmem -count=6 ./..." --format go-bench, or component: entries in llm-bench.yaml.',
    });
  }
  if (flags.baselineRef !== undefined && flags.baseline !== undefined)
    throw new UserError('component: --baseline-ref measures the baseline here; leave out --baseline');
  if (flags.limit !== undefined && !(flags.limit > 0)) throw new UserError('component: --limit: expected a number of percent above 0');
  const err = (text: string) => void process.stderr.write(`${text}\n`);
  const baselines = await readNamed(flags.baseline ?? [], (sentence) => err(`warning: ${sentence}`));
  const interrupt = listenForInterrupt(err);
  try {
    return await component({
      judging,
      packageRoot: context.packageRoot,
      components: judging.components,
      root: judging.root,
      env: process.env,
      logDirectory: join(tmpdir(), `llm-bench-${process.pid}`),
      signal: interrupt.signal,
      onState: interrupt.onState,
      log: flags.quiet ? () => {} : err,
      flags: { only: flags.only ?? null, quick: flags.quick === true, once: false },
      baselines,
      paired: flags.baselineRef === undefined ? null : { ref: flags.baselineRef, limitPercent: flags.limit ?? null, budgetSeconds: flags.budget },
      whole: flags.run === undefined,
      profiles: flags.profiles,
      output: flags.output,
      html: flags.html ?? judging.report.html,
      print: {
        format: flags.json ? 'json' : flags.markdown ? 'markdown' : 'text',
        color: process.stdout.isTTY === true && !process.env['NO_COLOR'],
        out: (text) => void process.stdout.write(text),
        err,
      },
    });
  } finally {
    interrupt.close();
  }
}

function overridesOf(flags: ComponentFlags): Override[] {
  if ((flags.run === undefined) !== (flags.format === undefined))
    throw new UserError('component: --run says what to run and --format what it prints; give both, or neither to run the entries of llm-bench.yaml');
  const entry = {
    run: flags.run,
    format: flags.format,
    ...(flags.read ? { read: flags.read } : {}),
    ...(flags.workingDirectory === undefined ? {} : { working_directory: flags.workingDirectory }),
    ...(flags.timeout === undefined ? {} : { timeout: flags.timeout }),
  };
  const all: [string, unknown, string][] = [
    ['component', flags.run === undefined ? undefined : entry, '--run'],
    ['thresholds', flags.thresholds, '--thresholds'],
    ['mode', flags.mode, '--mode'],
    ['profile.when', flags.profile, '--profile'],
    ['fail_on', flags.failOn, '--fail-on'],
  ];
  return all.filter(([, value]) => value !== undefined).map(([key, value, flag]) => ({ key, value, origin: `flag ${flag}` }));
}
