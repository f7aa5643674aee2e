import { adviceLines, hintLines } from './advice.ts';
import { contextLine } from './context.ts';
import { codeBlock, forMarkdown, forSummary, markdownText } from './escape.ts';
import { fitPage, type Kept } from './fit.ts';
import { headline, isFirstRun } from './headline.ts';
import type { ReportInput } from './input.ts';
import { howMeasured, repeatCommand, repeatedAs } from './measured.ts';
import { plural } from './numbers.ts';
import { profileBlocks, profileTitle } from './profiles.ts';
import { splitRows } from './rows.ts';
import { columnsFor, headingCells, rowCells, tableOf } from './table.ts';
import { trendChart } from './trend.ts';

/** The body of a report within `limit` UTF-16 units, starting with `first` (a marker line, or nothing). */
export function reportBody(input: ReportInput, first: string, limit: number): string {
  const { verdict, current, baseline } = input;
  const names = input.names ?? { current: 'this run', baseline: 'baseline' };
  const columns = columnsFor(verdict.series, current, names);
  const heading = headingCells(columns, forMarkdown);
  const cells = (rows: typeof verdict.series) => rows.map((row) => rowCells(row, columns, forMarkdown, (text) => `**${text}**`));
  const firstRun = isFirstRun(verdict);
  const { changed, unchanged } = firstRun ? { changed: [], unchanged: verdict.series } : splitRows(verdict.series);
  const quiet = changed.length === 0 && verdict.verdict !== 'invalid';
  const { emoji, sentence } = headline(verdict, current, forMarkdown);
  const title = `${first}### ${emoji} llm-bench: ${sentence}\n`;
  const advice = adviceLines(input, firstRun);
  const head = quiet
    ? title + (advice.length > 0 ? `${advice.join('\n\n')}\n` : '')
    : [title + contextLine(input, names, forMarkdown), ...advice].join('\n\n');
  const profile = profileFold(input);
  const trend = input.history ? trendChart(input.history) : null;

  const assemble = (kept: Kept): string => {
    const within = kept.folded.length + kept.foldedLeftOut;
    const foldTable =
      within === 0
        ? null
        : kept.folded.length === 0
          ? leftOut(kept.foldedLeftOut)
          : joined(tableOf(heading, kept.folded), leftOut(kept.foldedLeftOut));
    const foldTitle = firstRun
      ? `${plural(within, 'metric')} measured`
      : `${plural(within, 'metric')} within ${within === 1 ? 'its' : 'their'} limits`;
    const how = [
      kept.how.map((line) => `- ${line}`).join('\n'),
      leftOut(kept.howLeftOut, 'line'),
      codeBlock(repeatedAs(input.repeat ?? repeatCommand(current), verdict), 'sh'),
    ];
    const folds = quiet
      ? [fold(contextLine(input, names, forSummary), joined(foldTable, kept.trend, ...how)), profile]
      : [
          profile,
          foldTable && fold(foldTitle, foldTable),
          kept.trend && fold(`Trend over the last ${plural(earlierRuns(input), 'run')} of ${markdownText(names.baseline)}`, kept.trend),
          fold('How this was measured, and how to repeat it', joined(...how)),
        ];
    const table = kept.rows.length === 0 ? null : tableOf(heading, kept.rows);
    return `${joined(head.trimEnd(), table, leftOut(kept.rowsLeftOut), ...folds)}\n`;
  };
  const how = [...howMeasured(verdict, current, baseline, forMarkdown), ...(quiet ? [] : hintLines(input))];
  return fitPage({ head, rows: cells(changed), folded: cells(unchanged), trend, how, assemble }, limit);
}

/** Functions of each kind that a report names; the result holds more. */
const shownFunctions = 5;

/** What was profiled, folded; null where nothing was. Its length is bounded. */
function profileFold({ current }: ReportInput): string | null {
  const blocks = profileBlocks(current, forMarkdown, shownFunctions);
  if (blocks.length === 0) return null;
  const parts = blocks.map(({ title, lines, table }) =>
    joined(`**${title}**`, lines.map((line) => `- ${line}`).join('\n'), table === null ? null : tableOf(table, table.rows)),
  );
  return fold(profileTitle(current, forSummary), joined(...parts));
}

/** The last point is the current run. */
const earlierRuns = (input: ReportInput): number => Math.max(0, (input.history?.points.length ?? 0) - 1);

const joined = (...parts: (string | null)[]): string => parts.filter(Boolean).join('\n\n');

const fold = (title: string, content: string): string => `<details><summary>${title}</summary>\n\n${content}\n\n</details>`;

const leftOut = (count: number, what = 'row'): string =>
  count === 0 ? '' : `_${plural(count, `more ${what}`)} left out for length; the report of the run holds them all._`;
