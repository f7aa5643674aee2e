import type { Command } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';
import { addBenchOptions } from '../bench-options.ts';

/** `llm-bench run-all`: a list of scenarios in order, one folder, one summary. */
export function registerRunAll(program: Command, context: EntryContext): void {
  const command = program
    .command('run-all')
    .description('Measure a list of scenarios in order into results/TIMESTAMP/; one that fails does not keep the others from running.');
  addBenchOptions(command)
    .addHelpText(
      'after',
      '\n--scenarios takes names separated by commas, or a file of scenarios by name, all of them in their order.\nWithout it: light_load, then the other scenarios that docs/results.md lists. The exit code is the worst of all.',
    )
    .action(async () => {
      const { runAllCommand } = await import('../run-all-command.ts');
      process.exitCode = await runAllCommand(command, context);
    });
}
