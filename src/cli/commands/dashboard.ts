import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDurationSeconds } from '../../config/duration.ts';
import type { EntryContext } from '../../config/entry-context.ts';
import { addLoadFlags } from '../bench-options.ts';
import { addDashboardOptions } from '../dashboard-options.ts';

/** `llm-bench dashboard`: live figures of a service, loads started from the page, monitoring, export. */
export function registerDashboard(program: Command, context: EntryContext): void {
  const command = program
    .command('dashboard')
    .description('Serve a page with live figures of a service: start, change and stop a load from it, or only watch.');
  addDashboardOptions(addLoadFlags(command))
    .option('--baseline-file <file>', 'result that live figures are held against')
    .option('--monitor-only', 'send no load: read its metrics, and send one request every --probe-interval')
    .option('--probe-interval <time>', 'with --monitor-only: time between two requests', parseTime, 10)
    .option('--max-users <count>', 'the most users that the page may set', parseCount, 1000)
    .option('--results <folder>', 'past results, for the trend; those of loads started here are written there', 'results')
    .option('--export [file]', 'write what was kept and exit: FILE.json, or FILE.csv; to stdout without FILE')
    .addOption(new Option('--format <name>', 'with --export').choices(['csv', 'json']))
    .action(async () => {
      const { dashboardCommand } = await import('../dashboard-command.ts');
      process.exitCode = await dashboardCommand(command, context);
    });
}

function parseTime(text: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds === null || seconds < 0.1) throw new InvalidArgumentError('expected a time such as 10s or 1m, of at least 100ms');
  return seconds;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 100_000) throw new InvalidArgumentError('expected a whole number from 1 to 100000');
  return count;
}
