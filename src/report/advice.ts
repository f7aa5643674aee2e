import { markdownCode, markdownText } from './escape.ts';
import { hintsFor } from './hints.ts';
import type { ReportInput } from './input.ts';

/** Where to look first for what went wrong. */
export const hintLines = (input: ReportInput): string[] =>
  hintsFor(input.current, input.verdict).map((hint) => `Hint: ${hint.sentence} See ${markdownCode(hint.section)}.`);

/** What to do next, where that is not plain from the table. */
export function adviceLines(input: ReportInput, firstRun: boolean): string[] {
  const { verdict } = input;
  const lines: string[] = [];
  if (input.acceptance) lines.push(markdownText(input.acceptance));
  for (const remark of input.remarks ?? []) lines.push(markdownText(remark));
  if (verdict.baseline === null) {
    // Whoever looked for the baseline says why there is none, and what happens next.
    const branch = markdownText(input.names?.baseline ?? 'the main branch');
    const next = `The next run on ${branch} leaves its result as the baseline, and pull requests after it are compared with that.`;
    if (input.noBaseline) lines.push(markdownText(input.noBaseline));
    else if (firstRun) lines.push(next);
  }
  if (verdict.verdict === 'invalid')
    lines.push(
      'The benchmark client, not the service, was the bottleneck, so nothing is claimed about the service. Lower the concurrency or the rate, or use a runner with more or idle cores; then run again.',
    );
  if (verdict.verdict === 'inconclusive')
    lines.push(
      verdict.mode === 'paired'
        ? 'To decide it: a longer `--budget`, more requests per round, or a quieter runner; or a limit above what can be told from noise here.'
        : 'To decide it: `mode: paired` measures base and head side by side on one machine; more requests per run, or more baseline runs of the same kind of runner, narrow it too.',
    );
  if (verdict.verdict === 'missing')
    lines.push(
      verdict.baseline === null
        ? 'A metric that a limit names was not measured, so that limit judged nothing: see whether answers are streamed, and send enough requests for its percentile.'
        : 'A metric of the baseline was not measured this time: see whether requests failed, or whether the scenario or its series were renamed.',
    );
  return lines;
}
