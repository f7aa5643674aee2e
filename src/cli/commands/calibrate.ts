import type { Command } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';
import { addLoadFlags } from '../bench-options.ts';
import { formatOption, secondsOption } from '../paired-options.ts';

/** `llm-bench calibrate`: the noise of this machine and service, and what it allows to tell. */
export function registerCalibrate(program: Command, context: EntryContext): void {
  const command = program
    .command('calibrate')
    .description(
      'Measure the service in turn with itself: noise of each metric, false alarms of the present limits, the smallest change that can be told, and thresholds to paste.',
    );
  addLoadFlags(command)
    .option('--budget <time>', 'how long to measure in all: 600, 30s or 10m', secondsOption, 300)
    .option('--alternate', 'never run the service twice at once: ports or memory do not allow it')
    .option('--format <format>', 'text, markdown or json', formatOption, 'text')
    .option('--quiet', 'no progress')
    .action(async () => {
      const { calibrateCommand } = await import('../calibrate-command.ts');
      process.exitCode = await calibrateCommand(command, context);
    });
}
