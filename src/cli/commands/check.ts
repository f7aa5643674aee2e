import type { Command } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';
import { addBenchOptions, addProfileFlags } from '../bench-options.ts';
import { addRunDashboard } from '../dashboard-options.ts';

/** `llm-bench check`: run, then compare, one exit code. */
export function registerCheck(program: Command, context: EntryContext): void {
  const command = program.command('check').description('Measure, compare with the baseline, judge: run and compare in one, with one exit code.');
  addProfileFlags(addRunDashboard(addBenchOptions(command)))
    .option('--baseline <file...>', 'result documents to compare with (default: what the configuration names, else baseline.json)')
    .option('--mode <mode>', 'auto, rules, screen or paired')
    .option('--fail-on <verdict>', 'regressed, inconclusive or never')
    .action(async () => {
      const { runCommand } = await import('../run-command.ts');
      process.exitCode = await runCommand(command, context, 'check');
    });
}
