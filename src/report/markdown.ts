import type { ResultDocument } from '../result/document.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { reportBody } from './body.ts';
import type { ReportInput } from './input.ts';

/** Below the 1 MiB that a step's job summary may hold, counted in bytes of at most three per UTF-16 unit. */
const longestReport = 340_000;

/** The comment's body without its marker: `compare --format markdown`, report.md and the job summary. */
export function renderMarkdown(
  verdict: Verdict,
  current: ResultDocument,
  baseline: ResultDocument | null,
  more: Omit<ReportInput, 'verdict' | 'current' | 'baseline'> = {},
): string {
  return reportBody({ ...more, verdict, current, baseline }, '', longestReport);
}
