import type { Command } from 'commander';
import type { EntryContext } from '../config/entry-context.ts';
import { calibrateService } from '../jobs/paired/calibrate.ts';
import { overridesOf } from './bench-options.ts';
import { configHere } from './config-here.ts';
import { type PairedFlags, runPaired } from './paired-job.ts';

/** Turns the flags of `calibrate` into the job; returns its exit code. */
export async function calibrateCommand(command: Command, context: EntryContext): Promise<number> {
  const flags = command.opts<PairedFlags>();
  const head = await configHere(flags, await overridesOf(command), context);
  return runPaired(flags, context, (shared) => calibrateService({ ...shared, head }));
}
