import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';
import type { DriftOptions } from '../../verdict/drift.ts';
import { openStore, type StoreFlags, storeHelp } from '../store-flags.ts';

interface DriftFlags extends Omit<StoreFlags, 'store'> {
  store?: string | true;
  thresholds?: string;
  json?: boolean;
  window: number;
  p: number;
  magnitude: number;
  method?: 'confirmed' | 'otava';
}

/** `llm-bench drift FILE...` or `--store`: where the level of a metric changed for good. */
export function registerDrift(program: Command, context: EntryContext): void {
  const command = program
    .command('drift')
    .description('Find where the level of a metric changed for good over many runs.')
    .argument('[files...]', 'result files in order of time, or CSV tables (series,run,metric,value,unit)')
    .option('--store [store]', `instead of files, the stored results and the anchors pinned among them: ${storeHelp}`)
    .option('--branch <name>', 'of artifacts: the branch that baselines are of (default: the default branch)')
    .option('--config <file>', 'with --store: configuration file (default: llm-bench.yaml here or in .github/)')
    .option('--thresholds <file>', 'with --store: the limits that the distance from an anchor is held against')
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
    .action(async (files: string[], flags: DriftFlags) => {
      const { json, window, p, magnitude, method: named } = flags;
      // Whoever states Otava's settings means what Otava reports with them.
      const stated = ['window', 'p', 'magnitude'].some((name) => command.getOptionValueSource(name) === 'cli');
      const method = named ?? (stated ? 'otava' : 'confirmed');
      const options: DriftOptions = { window, maxP: p, minMagnitude: magnitude / 100, method };
      const warn = (sentence: string) => void process.stderr.write(`warning: ${sentence}\n`);
      if (flags.store !== undefined || files.length === 0) {
        process.stdout.write(await ofStore(files, flags, { options, json: json === true, warn }, context));
        return;
      }
      const { findDrift } = await import('../../jobs/baseline/drift.ts');
      process.stdout.write(await findDrift({ files, options, json: json === true, warn }));
    });
}

/** The drift of stored results. @throws UserError (2) where files are given as well, or neither */
async function ofStore(
  files: readonly string[],
  { store: named, thresholds: file, ...flags }: DriftFlags,
  how: { options: DriftOptions; json: boolean; warn(sentence: string): void },
  context: EntryContext,
): Promise<string> {
  const { UserError } = await import('../../config/errors.ts');
  if (named === undefined) throw new UserError('drift: expected result files in order of time, or --store');
  if (files.length > 0) throw new UserError(`drift: --store says where the results are; leave out ${files.join(', ')}, or --store`);
  const store = await openStore({ ...flags, ...(named === true ? {} : { store: named }) }, context);
  const { loadThresholds } = await import('../../config/thresholds/load-thresholds.ts');
  const { thresholds, warnings } = await loadThresholds({
    cwd: process.cwd(),
    builtinRoot: fileURLToPath(context.packageRoot),
    configFile: flags.config ?? null,
    path: file ?? null,
    origin: 'flag --thresholds',
    scenarios: [],
  });
  for (const warning of warnings) how.warn(`${warning.file}: ${warning.message}`);
  const { driftOfStore } = await import('../../jobs/baseline/drift-store.ts');
  return driftOfStore({ store, thresholds, ...how });
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
