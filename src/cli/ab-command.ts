import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BenchConfig } from '../config/bench-config.ts';
import type { EntryContext } from '../config/entry-context.ts';
import { UserError } from '../config/errors.ts';
import type { Override } from '../config/overrides.ts';
import type { ProfileWhen } from '../config/profile.ts';
import { ab } from '../jobs/paired/ab.ts';
import { overridesOf } from './bench-options.ts';
import { measureComponents } from './component-command.ts';
import { configHere } from './config-here.ts';
import { type PairedFlags, runPaired } from './paired-job.ts';

interface AbFlags extends PairedFlags {
  baselineUrl?: string;
  headUrl?: string;
  baselineCommand?: string;
  headCommand?: string;
  baselineRef?: string;
  limit?: number;
  component?: string | true;
  thresholds?: string;
  profile?: ProfileWhen;
  failOn?: string;
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
  const configOf = (own: Override[]): Promise<BenchConfig> => configHere(flags, [...common, ...own], context);
  const [headConfig, baseConfig] = await Promise.all([configOf(head), configOf(base)]);
  return runPaired(flags, context, (shared) =>
    ab({
      ...shared,
      head: headConfig,
      base: baseConfig,
      baseRef: flags.baselineRef ?? null,
      limitPercent: flags.limit ?? null,
      profiles: resolve(headConfig.root, flags.profiles ?? 'reports'),
      output: flags.output ?? null,
      html: flags.html ?? (flags.output !== undefined && headConfig.report.html),
      note: flags.note ?? null,
    }),
  );
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
