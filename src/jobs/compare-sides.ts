import { join } from 'node:path';
import { ExitCode, UserError } from '../config/errors.ts';
import { type ComparedSide, type SideBySide, sideBySide } from '../report/side-by-side.ts';
import { renderSideCsv, renderSideHtml, renderSideMarkdown, renderSideText } from '../report/side-by-side-renderings.ts';
import type { ResultDocument } from '../result/document.ts';
import { writeResult } from '../result/write.ts';
import { localStamp } from './local-stamp.ts';
import { type MeasureOptions, measure } from './measure/measure.ts';
import { worstExit } from './worst-exit.ts';
import { writeText } from './write-text.ts';

/** One side: what it is called, and how it is measured. */
export interface SideToMeasure {
  name: string;
  options: MeasureOptions;
}

export interface CompareSidesOptions {
  sides: readonly SideToMeasure[];
  /** Everything goes into this folder. */
  folder: string;
  signal: AbortSignal;
  out(text: string): void;
  err(text: string): void;
}

/** `comparison_20261126_093015`, of local time. */
export function comparisonFolder(results: string, now: Date): string {
  return join(results, `comparison_${localStamp(now)}`);
}

/**
 * Measures several sides one after the other with the same scenario, and sets them beside each other: a result each, and the comparison as JSON, CSV, markdown
 * and a page. A side that cannot be measured is named, and the others are measured all the same.
 * @returns the worst of the sides' exit codes
 */
export async function compareSides({ sides, folder, signal, out, err }: CompareSidesOptions): Promise<ExitCode> {
  const compared: ComparedSide[] = [];
  let worst: ExitCode = ExitCode.ok;
  for (const { name, options } of sides) {
    if (signal.aborted) break;
    err(`measuring ${name}`);
    const side = await measureSide(name, options);
    worst = worstExit([worst, side.exitCode]);
    if (side.result !== null) await writeResult(join(folder, `${fileName(name)}_results.json`), side.result);
    if (side.why !== null) err(`${name}: ${side.why}`);
    compared.push(side);
  }
  if (compared.every(({ result }) => result === null)) return worst === ExitCode.ok ? ExitCode.interrupted : worst;
  const whole = sideBySide(compared);
  const scenario = compared.find(({ result }) => result !== null)?.result?.scenario ?? '';
  await writeComparison(folder, whole, scenario);
  out(renderSideText(whole, scenario));
  out(`Saved to ${folder}\n`);
  return signal.aborted ? ExitCode.interrupted : worst;
}

async function measureSide(name: string, options: MeasureOptions): Promise<ComparedSide & { exitCode: ExitCode }> {
  try {
    const { document, crash, interrupted } = await measure(options);
    const why = crash?.message ?? (document === null ? 'nothing was measured' : null);
    return { name, result: document, why, exitCode: interrupted ? ExitCode.interrupted : crash ? ExitCode.service : codeOf(document) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { name, result: null, why: error.message, exitCode: error.exitCode };
  }
}

const codeOf = (document: ResultDocument | null): ExitCode =>
  document === null ? ExitCode.service : document.validity.valid ? ExitCode.ok : ExitCode.invalid;

async function writeComparison(folder: string, whole: SideBySide, scenario: string): Promise<void> {
  const report = join(folder, 'comparison_report');
  await writeText(`${report}.json`, `${JSON.stringify({ scenario, ...whole }, null, 2)}\n`);
  await writeText(`${report}.csv`, renderSideCsv(whole));
  await writeText(`${report}.md`, renderSideMarkdown(whole, scenario));
  await writeText(`${report}.html`, renderSideHtml(whole, scenario));
}

/** Names of targets and models as names of files. */
const fileName = (name: string): string => name.replaceAll(/[^\w.-]+/g, '_').slice(0, 100);
