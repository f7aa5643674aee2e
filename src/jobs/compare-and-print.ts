import type { FailOn, Mode } from '../config/bench-config.ts';
import { ExitCode } from '../config/errors.ts';
import { loadThresholds } from '../config/thresholds/load-thresholds.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { renderText } from '../report/text.ts';
import type { Better } from '../result/document.ts';
import { exitCodeFor } from '../verdict/overall.ts';
import { type Comparison, compareFiles } from './compare.ts';

export type CompareFormat = 'text' | 'markdown' | 'json';

export interface CompareAndPrintOptions {
  current: string;
  baselines: readonly string[];
  mode: Mode;
  /** Which way is good in files of other tools whose units do not tell; null: by the unit. */
  direction?: Better | null;
  cwd: string;
  /** The folder that holds the shipped config/. */
  builtinRoot: string;
  configFile: string | null;
  thresholdsFile: string | null;
  /** Null: what llm-bench.yaml says, else `regressed`. */
  failOn: FailOn | null;
  format: CompareFormat;
  /** Prints only when a regression is found; the exit code is the same. */
  quiet: boolean;
  print: { color: boolean; out(text: string): void; err(line: string): void };
}

/**
 * `llm-bench compare`: compares, prints the verdict in the format asked for and returns the exit code.
 * @throws UserError (exit 2) for files or thresholds that cannot be used
 */
export async function compareAndPrint(options: CompareAndPrintOptions): Promise<ExitCode> {
  const { print, quiet } = options;
  let { failOn } = options;
  const comparison = await compareFiles({
    current: options.current,
    baselines: options.baselines,
    mode: options.mode,
    direction: options.direction ?? null,
    thresholds: async (current) => {
      const named = current.series.map((series) => series.labels['scenario']);
      const scenarios = [current.scenario, ...named].filter((name): name is string => typeof name === 'string');
      const { cwd, builtinRoot, configFile, thresholdsFile: path } = options;
      const loaded = await loadThresholds({ cwd, builtinRoot, configFile, path, origin: 'flag --thresholds', scenarios });
      for (const warning of loaded.warnings) print.err(`warning: ${warning.file}: ${warning.message}`);
      failOn ??= loaded.failOn;
      return loaded.thresholds;
    },
  });
  const { verdict, skipped } = comparison;
  for (const sentence of skipped) print.err(`warning: ${sentence}`);
  const exitCode = exitCodeFor(verdict, failOn ?? 'regressed');
  if (!quiet || verdict.verdict === 'regressed') print.out(render(comparison, options));
  else if (exitCode === ExitCode.invalid) print.err('the measurement is not valid; without --quiet the reasons are shown');
  return exitCode;
}

function render({ verdict, current, baseline }: Comparison, { format, print }: CompareAndPrintOptions): string {
  const text =
    format === 'json'
      ? JSON.stringify(verdict, null, 2)
      : format === 'markdown'
        ? renderMarkdown(verdict, current, baseline)
        : renderText(verdict, current, baseline, { color: print.color });
  return text.endsWith('\n') ? text : `${text}\n`;
}
