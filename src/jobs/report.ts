import { UserError } from '../config/errors.ts';
import { loadThresholds } from '../config/thresholds/load-thresholds.ts';
import type { CompatName } from '../measure/compat.ts';
import type { ResultDocument } from '../result/document.ts';
import { oneScenario } from '../result/one-scenario.ts';
import { readResult } from '../result/read.ts';
import { formatResult } from '../result/write.ts';
import { type Comparison, compareFiles } from './compare.ts';
import { isRequestLog, readRequestLog } from './read-request-log.ts';

export type ReportFormat = 'text' | 'markdown' | 'html' | 'json' | 'csv';

export interface ReportOptions {
  /** Result files or request logs, rendered in this order. */
  files: readonly string[];
  /** Of a result that holds several scenarios, only this one; null: all. */
  scenario?: string | null;
  /** Fold request logs under this tool's definitions; null: under our own. */
  compat: CompatName | null;
  baseline: string | null;
  /** What `--thresholds` named. Null: with a baseline what the configuration says, without one nothing is judged. */
  thresholdsFile: string | null;
  format: ReportFormat;
  color: boolean;
  cwd: string;
  /** The folder that holds the shipped config/. */
  builtinRoot: string;
  /** Told once each. */
  warn(sentence: string): void;
}

/** One file to render, and its comparison where one was asked for. */
interface Subject {
  result: ResultDocument;
  comparison: Comparison | null;
}

/**
 * Renders results that were written earlier, compared with a baseline or judged by limits where asked for.
 * @returns the report
 * @throws UserError (exit 2) for a file that cannot be read, and for a format that cannot hold what was asked for
 */
export async function report(options: ReportOptions): Promise<string> {
  const { files, format } = options;
  if (files.length === 0)
    throw new UserError('expected a result file, found none', { hint: 'Name one, or a scenario of the newest run-all: --scenario NAME.' });
  const judged = options.baseline !== null || options.thresholdsFile !== null;
  if (format === 'csv' && judged) {
    throw new UserError('--format csv holds the figures of results, not a comparison: expected no --baseline and no --thresholds', {
      hint: 'Use --format json for a comparison as data.',
    });
  }
  if (format === 'html' && files.length > 1) {
    throw new UserError(`--format html makes one page of one FILE, found ${files.length}`, {
      hint: 'Run it once per file, or add the results first: `llm-bench merge`.',
    });
  }
  const subjects: Subject[] = [];
  for (const file of files) {
    if (await isRequestLog(file)) subjects.push({ result: await fromLog(file, judged, options), comparison: null });
    else if (options.compat !== null) {
      throw new UserError(`--compat folds request records again: expected a log of \`run --log-requests\`, found the result ${file}`, {
        hint: 'A result holds no stamps of single requests.',
      });
    } else if (judged) subjects.push(await compared(file, options));
    else {
      const result = await readResult(file);
      subjects.push({ result: options.scenario == null ? result : oneScenario(result, options.scenario), comparison: null });
    }
  }
  return renderers[format](subjects, options);
}

async function fromLog(file: string, judged: boolean, { compat }: ReportOptions): Promise<ResultDocument> {
  if (judged) {
    throw new UserError(`--baseline and --thresholds judge a result: expected one, found the request log ${file}`, {
      hint: 'Make a result of it first: `llm-bench report LOG --format json -o result.json`.',
    });
  }
  return readRequestLog(file, compat);
}

async function compared(file: string, options: ReportOptions): Promise<Subject> {
  const { baseline, thresholdsFile, cwd, builtinRoot } = options;
  const comparison = await compareFiles({
    current: file,
    baselines: baseline === null ? [] : [baseline],
    mode: 'rules',
    thresholds: async (current) => {
      const named = [current.scenario, ...current.series.map((series) => series.labels['scenario'])];
      const scenarios = named.filter((name): name is string => typeof name === 'string');
      const loaded = await loadThresholds({ cwd, builtinRoot, configFile: null, path: thresholdsFile, origin: 'flag --thresholds', scenarios });
      for (const warning of loaded.warnings) options.warn(`${warning.file}: ${warning.message}`);
      return loaded.thresholds;
    },
  });
  return { result: comparison.current, comparison };
}

const renderers: Record<ReportFormat, (subjects: readonly Subject[], options: ReportOptions) => Promise<string>> = {
  async text(subjects, { color }) {
    const { renderSummary, renderText } = await import('../report/text.ts');
    const parts = subjects.flatMap(({ result, comparison }) => [
      renderSummary(result, { color, savedTo: null }),
      ...(comparison ? [renderText(comparison.verdict, result, comparison.baseline, { color })] : []),
    ]);
    return parts.join('\n');
  },
  async markdown(subjects) {
    const { renderMarkdown, renderResultMarkdown } = await import('../report/markdown.ts');
    return subjects
      .map(({ result, comparison }) => (comparison ? renderMarkdown(comparison.verdict, result, comparison.baseline) : renderResultMarkdown(result)))
      .join('\n');
  },
  async html([subject], { files }) {
    const { renderHtml } = await import('../report/html/html.ts');
    const { earlierResults } = await import('./earlier.ts');
    const { result, comparison } = subject as Subject;
    const history = await earlierResults(files[0] as string, result);
    return renderHtml(result, comparison?.verdict ?? null, comparison?.baseline ?? null, history);
  },
  async json(subjects) {
    const [only, ...more] = subjects;
    if (only && more.length === 0) return only.comparison ? `${JSON.stringify(only.comparison.verdict, null, 2)}\n` : formatResult(only.result);
    return `${JSON.stringify(
      subjects.map(({ result, comparison }) => comparison?.verdict ?? result),
      null,
      2,
    )}\n`;
  },
  async csv(subjects, { files }) {
    const { renderCsv } = await import('../report/csv.ts');
    return renderCsv(
      subjects.map(({ result }) => result),
      files,
    );
  },
};
