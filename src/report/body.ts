import type { ResultDocument } from '../result/document.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { codeBlock, type Escaping, forMarkdown, forSummary, markdownCode, markdownText } from './escape.ts';
import { fitPage, type Kept } from './fit.ts';
import { headline, isFirstRun } from './headline.ts';
import { hintsFor } from './hints.ts';
import { howMeasured, repeatCommand } from './measured.ts';
import { formatDuration, plural } from './numbers.ts';
import { splitRows } from './rows.ts';
import { columnsFor, headingCells, rowCells, tableOf } from './table.ts';
import { type Trend, trendChart } from './trend.ts';

/** What a report in markdown is made of. Only the first three are needed; the rest is what the caller knows of where and why. */
export interface ReportInput {
  verdict: Verdict;
  current: ResultDocument;
  baseline: ResultDocument | null;
  /** What the sides are called; `this run` and `baseline` when not given. */
  names?: { current: string; baseline: string };
  /** The commit that was measured, where it is not the result's own (a pull request's head, not its merge commit). */
  headSha?: string | null;
  /** Wall time that the comparison took, both sides; the sum of the runs when not given. */
  elapsedSeconds?: number | null;
  /** One sentence on why there is no baseline, such as that no run of main has left one yet. */
  noBaseline?: string | null;
  /** The command that measures the same again, when it is not the obvious one. */
  repeat?: string | null;
  history?: Trend | null;
  /** https address of the run that holds the files. */
  runUrl?: string | null;
}

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
      codeBlock(input.repeat ?? repeatCommand(current), 'sh'),
    ];
    const folds = quiet
      ? [fold(contextLine(input, names, forSummary), joined(foldTable, kept.trend, ...how))]
      : [
          foldTable && fold(foldTitle, foldTable),
          kept.trend && fold(`Trend over the last ${plural(input.history?.points.length ?? 0, 'run')}`, kept.trend),
          fold('How this was measured, and how to repeat it', joined(...how)),
        ];
    const table = kept.rows.length === 0 ? null : tableOf(heading, kept.rows);
    return `${joined(head.trimEnd(), table, leftOut(kept.rowsLeftOut), ...folds)}\n`;
  };
  const how = howMeasured(verdict, current, baseline, forMarkdown);
  return fitPage({ head, rows: cells(changed), folded: cells(unchanged), trend, how, assemble }, limit);
}

const joined = (...parts: (string | null)[]): string => parts.filter(Boolean).join('\n\n');

const fold = (title: string, content: string): string => `<details><summary>${title}</summary>\n\n${content}\n\n</details>`;

const leftOut = (count: number, what = 'row'): string =>
  count === 0 ? '' : `_${plural(count, `more ${what}`)} left out for length; the report of the run holds them all._`;

/** `scenario` on `target` · this PR `a1b2c3d` against main `d4e5f6a` (its merge base) · paired, 9 rounds in 3 min 10 s */
function contextLine(input: ReportInput, names: { current: string; baseline: string }, escaping: Escaping): string {
  const { verdict, current } = input;
  const sha = input.headSha === undefined ? current.git.sha : input.headSha;
  const subject = `${escaping.text(names.current)}${sha ? ` ${shortSha(sha, escaping)}` : ''}`;
  const what = [current.scenario, current.target].filter((name) => name !== '').map((name) => escaping.code(name));
  const parts = [what.join(' on '), `${subject}${against(verdict, names.baseline, escaping)}`, cost(input)];
  if (input.runUrl && /^https:\/\/[\w.:/-]+$/.test(input.runUrl))
    parts.push(escaping === forSummary ? `<a href="${input.runUrl}">run</a>` : `[run](${input.runUrl})`);
  return parts.filter((part) => part !== '').join(' · ');
}

function against(verdict: Verdict, name: string, escaping: Escaping): string {
  const base = verdict.baseline;
  if (base === null) return ', without a baseline';
  const sha = base.sha ? ` ${shortSha(base.sha, escaping)}` : '';
  const who =
    base.runs > 1
      ? ` against ${plural(base.runs, 'run')} of ${escaping.text(name)}${sha && ` up to${sha}`}`
      : ` against ${escaping.text(name)}${sha}`;
  const distance = base.distance;
  if (distance === null) return who;
  if (distance === 0) return `${who} (its merge base)`;
  return `${who} (${plural(Math.abs(distance), 'commit')} ${distance > 0 ? 'before' : 'after'} its merge base)`;
}

function cost(input: ReportInput): string {
  const { verdict, current, baseline } = input;
  const sides = verdict.mode === 'paired' ? [current, baseline] : [current];
  const seconds = input.elapsedSeconds ?? sides.reduce((sum, side) => sum + (side?.results.duration_seconds ?? 0), 0);
  const rounds = verdict.mode === 'paired' ? plural(current.runs.length, 'round') : plural(current.results.total_requests, 'request');
  const noise = verdict.mode === 'rules' && verdict.baseline !== null ? ' (noise unknown)' : '';
  return `${verdict.mode}${noise}, ${rounds} in ${formatDuration(seconds)}`;
}

const shortSha = (sha: string, escaping: Escaping): string => escaping.code(/^[0-9a-f]{8,64}$/i.test(sha) ? sha.slice(0, 7) : sha);

/** What to do next, where that is not plain from the table. */
function adviceLines(input: ReportInput, firstRun: boolean): string[] {
  const { verdict, current } = input;
  const lines: string[] = [];
  if (verdict.baseline === null) {
    if (input.noBaseline) lines.push(markdownText(input.noBaseline));
    const branch = markdownText(input.names?.baseline ?? 'the main branch');
    if (firstRun)
      lines.push(
        `The next run on ${branch} leaves its result as the baseline, and pull requests after it are compared with that. Nothing needs to be done.`,
      );
  }
  if (verdict.verdict === 'invalid')
    lines.push(
      'The benchmark client, not the service, was the bottleneck, so nothing is claimed about the service. Lower the concurrency or the rate, use a runner with more or idle cores, or split the load with `--shard`; then run again.',
    );
  if (verdict.verdict === 'inconclusive')
    lines.push(
      verdict.mode === 'paired'
        ? 'To decide it: a longer `--budget`, more requests per round, or a quieter runner; or a limit above what can be told from noise here.'
        : 'To decide it: `mode: paired` measures base and head side by side on one machine; more requests per run, or more baseline runs of the same kind of runner, narrow it too.',
    );
  if (verdict.verdict === 'missing')
    lines.push(
      'A metric of the baseline was not measured this time: see whether requests failed, or whether the scenario or its series were renamed.',
    );
  const hints = verdict.verdict === 'ok' || verdict.verdict === 'improved' || verdict.verdict === 'new' ? [] : hintsFor(current, verdict);
  for (const hint of hints) lines.push(`💡 ${hint.sentence} (${markdownCode(hint.section)})`);
  return lines;
}
