import { Command, CommanderError } from 'commander';
import type { EntryContext } from '../config/entry-context.ts';
import { registerAb } from './commands/ab.ts';
import { registerBaseline } from './commands/baseline.ts';
import { registerCalibrate } from './commands/calibrate.ts';
import { registerCheck } from './commands/check.ts';
import { registerCompare } from './commands/compare.ts';
import { registerCompareModels, registerCompareTargets } from './commands/compare-sides.ts';
import { registerComponent } from './commands/component.ts';
import { registerDashboard } from './commands/dashboard.ts';
import { registerDrift } from './commands/drift.ts';
import { registerImport } from './commands/import.ts';
import { registerInit } from './commands/init.ts';
import { registerKnownSchedule } from './commands/known-schedule.ts';
import { registerMerge } from './commands/merge.ts';
import { registerMock } from './commands/mock.ts';
import { registerPressure } from './commands/pressure.ts';
import { registerProbe } from './commands/probe.ts';
import { registerProfile } from './commands/profile.ts';
import { registerReport } from './commands/report.ts';
import { registerRun } from './commands/run.ts';
import { registerRunAll } from './commands/run-all.ts';
import { registerSelftest } from './commands/selftest.ts';

const registers = [
  registerRun,
  registerRunAll,
  registerCheck,
  registerCompare,
  registerCompareTargets,
  registerCompareModels,
  registerAb,
  registerCalibrate,
  registerComponent,
  registerProfile,
  registerBaseline,
  registerReport,
  registerMerge,
  registerImport,
  registerDrift,
  registerDashboard,
  registerMock,
  registerKnownSchedule,
  registerPressure,
  registerSelftest,
  registerProbe,
  registerInit,
];

/** All commands with their flags. Only commander loads here; what a command needs loads in its action. */
export function commandLine(context: EntryContext): Command {
  const program = new Command('llm-bench');
  program
    .description('Performance gates for LLM services: measure, compare with a baseline, judge.')
    .showHelpAfterError('(add --help for what is possible)');
  program.option('--version', 'print the version and exit');
  for (const register of registers) register(program, context);
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program;
}

/** The `llm-bench` command. */
export async function start(context: EntryContext): Promise<void> {
  // Whoever reads may stop early, as `| head` does: the command still comes to its end, with its files and its exit code.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  if (process.argv[2] === '--version') {
    const { readTool } = await import('../jobs/measure/provenance.ts');
    process.stdout.write(`${(await readTool(context.packageRoot)).version}\n`);
    return;
  }
  try {
    await commandLine(context).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      const { printError } = await import('./print-error.ts');
      process.exitCode = printError(error);
    }
  }
}
