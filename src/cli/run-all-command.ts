import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { EntryContext } from '../config/entry-context.ts';
import { UserError } from '../config/errors.ts';
import { leftOutSentences, loadEach, scenarioList } from '../config/scenario/list.ts';
import { type BenchFlags, overridesOf } from './bench-options.ts';
import { configHere } from './config-here.ts';
import { listenForInterrupt } from './interrupt.ts';
import { baselineOverride, localBaseline, outputOf, printed, sharedOptions } from './run-command.ts';

/** Turns the flags of `run-all` into the job; returns its exit code. */
export async function runAllCommand(command: Command, context: EntryContext): Promise<number> {
  const flags = command.opts<BenchFlags>();
  const overrides = await overridesOf(command);
  if (overrides.some(({ key }) => key === 'scenario'))
    throw new UserError('run-all takes its list by --scenarios; expected no --scenario or --type', { hint: 'One scenario: `llm-bench run`.' });
  overrides.push(...baselineOverride(flags));
  const list = await scenarioList(flags.scenarios ?? null, process.cwd());
  const configs = await loadEach(list.names, overrides, (name, fitting) =>
    configHere({ ...flags, scenarios: list.file }, [...fitting, { key: 'scenario', value: name, origin: 'list of run-all' }], context),
  );
  for (const sentence of leftOutSentences(configs)) process.stderr.write(`warning: ${sentence}\n`);
  if (flags.printConfig) return printed(configs.map(({ loaded: config }) => config));
  const compares = overrides.some(({ key }) => key === 'baseline.file');
  const scenarios = [];
  for (const { name, loaded: config } of configs) scenarios.push({ name, config, baseline: compares ? await localBaseline(config) : null });
  const { runAll } = await import('../jobs/run-all.ts');
  const { localStamp } = await import('../jobs/local-stamp.ts');
  const folder = resolve(flags.outputDir ?? join('results', localStamp(new Date())));
  const out = outputOf({ ...flags, outputDir: folder }, false);
  const interrupt = listenForInterrupt((text) => void process.stderr.write(`${text}\n`));
  try {
    return await runAll({
      ...(await sharedOptions(flags, context, interrupt)),
      scenarios,
      folder,
      html: typeof out.html === 'string' ? out.html : null,
      output: command.getOptionValueSource('output') === 'cli' ? out.output : null,
      logRequests: out.logRequests,
    });
  } finally {
    interrupt.close();
  }
}
