import { type Command, InvalidArgumentError, Option } from 'commander';

interface DriftFlags {
  json?: boolean;
  window: number;
  p: number;
  magnitude: number;
  method?: 'confirmed' | 'otava';
}

/** `llm-bench drift FILE...`: where the level of a metric changed for good. */
export function registerDrift(program: Command): void {
  const command = program
    .command('drift')
    .description('Find where the level of a metric changed for good over many runs.')
    .argument('<files...>', 'result files in order of time, or CSV tables (series,run,metric,value,unit)')
    .option('--json', 'print the change points as JSON')
    .addOption(new Option('--window <runs>', 'values looked at together').argParser(numberWithin(4, 10_000, true)).default(50))
    .addOption(new Option('--p <level>', 'largest p-value of a change').argParser(numberWithin(0, 1, false)).default(0.001))
    .addOption(new Option('--magnitude <percent>', 'smallest change of level').argParser(numberWithin(0, 1_000, false)).default(5))
    .addOption(
      new Option(
        '--method <method>',
        'confirmed: only levels of four runs or more, each split held against chance; otava: all that Apache Otava 0.8 reports (default: confirmed; otava where one of its settings above is given)',
      ).choices(['confirmed', 'otava']),
    )
    .addHelpText('after', '\nAn index counts runs from 0 and names the first of the new level. The exit code is 0 whatever is found.')
    .action(async (files: string[], { json, window, p, magnitude, method: named }: DriftFlags) => {
      // Whoever states Otava's settings means what Otava reports with them.
      const stated = ['window', 'p', 'magnitude'].some((name) => command.getOptionValueSource(name) === 'cli');
      const method = named ?? (stated ? 'otava' : 'confirmed');
      const { findDrift } = await import('../../jobs/drift.ts');
      const options = { window, maxP: p, minMagnitude: magnitude / 100, method };
      const warn = (sentence: string) => void process.stderr.write(`warning: ${sentence}\n`);
      process.stdout.write(await findDrift({ files, options, json: json === true, warn }));
    });
}

function numberWithin(min: number, max: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
      throw new InvalidArgumentError(`expected a ${whole ? 'whole ' : ''}number from ${min} to ${max}, found ${JSON.stringify(text)}.`);
    }
    return value;
  };
}
