import { type Command, InvalidArgumentError } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';
import { addLoadFlags, addProfileFlags } from '../bench-options.ts';
import { formatOption, secondsOption } from '../paired-options.ts';

/** `llm-bench ab`: base and head measured in turn on this machine until it is decided. */
export function registerAb(program: Command, context: EntryContext): void {
  const command = program
    .command('ab')
    .description('Measure a baseline and a head in turn on this machine, in random order, until the difference is decided or the budget is used up.');
  addProfileFlags(addLoadFlags(command))
    .option('--baseline-url <url>', 'the baseline runs here')
    .option('--head-url <url>', 'the head runs here')
    .option('--baseline-command <command>', 'starts the baseline; ${PORT} is a free port')
    .option('--head-command <command>', 'starts the head; ${PORT} is a free port')
    .option(
      '--baseline-ref <ref>',
      'the baseline is this commit, branch or tag, checked out beside the working tree; the target is started there as here',
    )
    .option('--limit <percent>', 'the change that matters, for every gating metric (default: by your own thresholds, else 5)', percent)
    .option('--budget <time>', 'longest time of measuring in turn: 600, 30s or 10m; profiles come after it', secondsOption, 300)
    .option('--component [name]', 'measure the benchmarks of components (component: of llm-bench.yaml), all or one, in place of a service')
    .option('--alternate', 'never run both services at once: ports or memory do not allow it')
    .option('--fail-on <verdict>', 'regressed, inconclusive or never')
    .option('--format <format>', 'text, markdown or json', formatOption, 'text')
    .option('-o, --output <file>', "write the head's result here, and the baseline's, the verdict and the report beside it")
    .option('--html [file]', 'write an HTML report too, beside the result unless named')
    .option('--note <text>', 'kept in both results')
    .option('--quiet', 'no progress')
    .action(async () => {
      const { abCommand } = await import('../ab-command.ts');
      process.exitCode = await abCommand(command, context);
    });
}

function percent(text: string): number {
  const value = Number(text.replace(/%$/, ''));
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number of percent above 0');
  return value;
}
