import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import type { FailOn, Mode } from '../../config/bench-config.ts';
import type { EntryContext } from '../../config/entry-context.ts';
import type { CompareFormat } from '../../jobs/compare-and-print.ts';
import { type DirectionWord, directionOfWord, directionWords } from '../../result/import/direction.ts';

interface CompareFlags {
  current: string;
  baseline: string[];
  config?: string;
  thresholds?: string;
  mode: Mode;
  setBaseline?: boolean;
  format: CompareFormat;
  quiet?: boolean;
  failOn?: FailOn;
  direction?: DirectionWord;
}

/** `llm-bench compare`: judges a result against one or more baselines, or makes it the baseline. */
export function registerCompare(program: Command, context: EntryContext): void {
  program
    .command('compare')
    .description('Compare a result with a baseline and judge it by the thresholds.')
    .option('--current <file>', 'the result to judge', 'bench_results.json')
    .option('--baseline <files...>', 'result to compare with; several make a pool', ['baseline.json'])
    .option('--config <file>', 'configuration file (default: llm-bench.yaml here or in .github/)')
    .option('--thresholds <file>', 'limits to judge by (default: those of the configuration, config/thresholds.yaml, or the built-in ones)')
    .addOption(new Option('--mode <mode>', 'how to judge').choices(['auto', 'rules', 'screen', 'paired']).default('auto'))
    .option('--set-baseline', 'copy the current result to the baseline instead, with its commit')
    .addOption(new Option('--format <format>', 'of what is printed').choices(['text', 'markdown', 'json']).default('text'))
    .option('--quiet', 'print only when a regression is found; the exit code is the same')
    .addOption(new Option('--fail-on <verdict>', 'what fails (default: regressed)').choices(['regressed', 'inconclusive', 'never']))
    .addOption(new Option('--direction <way>', 'which values are better in files of other tools (default: by the unit)').choices(directionWords))
    .addHelpText(
      'after',
      '\nExit: 0 ok, warn or inconclusive; 1 regressed or a limit broken; 2 bad usage; 3 the measurement is not valid; 5 inconclusive with --fail-on inconclusive.',
    )
    .action(async (flags: CompareFlags) => {
      process.exitCode = flags.setBaseline ? await makeBaseline(flags) : await compare(flags, context);
    });
}

async function compare(flags: CompareFlags, context: EntryContext): Promise<number> {
  const { compareAndPrint } = await import('../../jobs/compare-and-print.ts');
  return compareAndPrint({
    current: flags.current,
    baselines: flags.baseline,
    mode: flags.mode,
    direction: directionOfWord(flags.direction ?? null),
    cwd: process.cwd(),
    builtinRoot: fileURLToPath(context.packageRoot),
    configFile: flags.config ?? null,
    thresholdsFile: flags.thresholds ?? null,
    failOn: flags.failOn ?? null,
    format: flags.format,
    quiet: flags.quiet === true,
    print: {
      color: process.stdout.isTTY === true && !process.env['NO_COLOR'],
      out: (text) => void process.stdout.write(text),
      err: (line) => void process.stderr.write(`${line}\n`),
    },
  });
}

async function makeBaseline(flags: CompareFlags): Promise<number> {
  const { UserError } = await import('../../config/errors.ts');
  const [baseline, ...others] = flags.baseline;
  if (baseline === undefined || others.length > 0)
    throw new UserError(`--set-baseline writes one file, found ${flags.baseline.length} after --baseline`);
  const { setBaseline } = await import('../../jobs/compare.ts');
  const { readGit } = await import('../../jobs/measure/provenance.ts');
  const document = await setBaseline({ current: flags.current, baseline, headSha: async () => (await readGit(process.cwd(), process.env)).sha });
  if (!flags.quiet)
    process.stderr.write(
      `${baseline} is now ${flags.current} (${document.git.sha ? `commit ${document.git.sha.slice(0, 12)}` : 'no commit: not in a git repository'})\n`,
    );
  return 0;
}
