import type { Command } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';
import { addBenchOptions, addProfileFlags } from '../bench-options.ts';
import { addRunDashboard } from '../dashboard-options.ts';

/** `llm-bench run`: measure, print, write the result. */
export function registerRun(program: Command, context: EntryContext): void {
  const command = program
    .command('run')
    .description('Measure a service, print the summary and write the result document. With no target it serves the embedded engine.');
  addProfileFlags(addRunDashboard(addBenchOptions(command)))
    .option('--list', 'print the scenarios and targets that can be named, then exit')
    .action(async () => {
      const { runCommand } = await import('../run-command.ts');
      process.exitCode = await runCommand(command, context, 'run');
    });
}
