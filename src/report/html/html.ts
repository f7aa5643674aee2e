import type { ResultDocument } from '../../result/document.ts';
import type { MetricVerdict, Verdict } from '../../verdict/verdict.ts';
import { alertsOf } from '../alerts.ts';
import { escapeHtml, forHtml, htmlCode, oneLine } from '../escape.ts';
import { badgesOf, gradeLines, markOf } from '../findings/badges.ts';
import { findingBlocks } from '../findings/blocks.ts';
import { foundIn } from '../findings/read.ts';
import { headline } from '../headline.ts';
import { hintsFor } from '../hints.ts';
import type { EarlierResult } from '../history.ts';
import { howMeasured, repeatCommand, repeatedAs } from '../measured.ts';
import { formatCount, plural } from '../numbers.ts';
import { chartStyle, pageScript } from '../page-assets.ts';
import { profileBlocks } from '../profiles.ts';
import { splitRows } from '../rows.ts';
import { columnsFor, headingCells, rowCells } from '../table.ts';
import { timelineCharts } from './charts.ts';
import { distributionCharts } from './distribution-charts.ts';
import { loadCharts, trendCharts } from './load-charts.ts';
import { contentHash, htmlPage, policyElement } from './page.ts';
import { Figures, list, section, table } from './parts.ts';
import { pageStyle } from './style.ts';
import {
  checks,
  configuration,
  errorTable,
  historyTable,
  percentileTable,
  seriesTable,
  serviceTable,
  slowestTable,
  systemTable,
  tiles,
} from './tables.ts';

const style = `${pageStyle}${chartStyle}`;
// No element that is not ours runs or styles anything: the policy names our script and our style by their content.
const policy = `default-src 'none'; script-src ${contentHash(pageScript)}; style-src ${contentHash(style)}; base-uri 'none'; form-action 'none'`;

/**
 * One self-contained page: no request to anywhere, light and dark by the reader's setting, one column on a phone. Without its script the figures are all
 * there, the charts still drawings.
 * @param history earlier results of the same thing, oldest first, this one last
 */
export function renderHtml(
  result: ResultDocument,
  verdict: Verdict | null,
  baseline: ResultDocument | null = null,
  history: readonly EarlierResult[] = [],
): string {
  const title = `llm-bench: ${oneLine([result.scenario, result.target].filter((name) => name !== '').join(' on '), 200) || 'result'}`;
  const figures = new Figures();
  const sections = [
    verdict === null ? '' : verdictSection(verdict, result, baseline),
    badges(result),
    section('Summary', tiles(result)),
    section('Alerts', alerts(result, verdict)),
    section('Percentiles', percentileTable(result)),
    section('Over time', figures.draw(timelineCharts(result))),
    section('Distribution', figures.draw(distributionCharts(result, baseline))),
    section('By load', figures.draw(loadCharts(result))),
    ...findingBlocks(result, forHtml).map((block) => section(block.title, list(block.lines) + (block.table === null ? '' : blockTable(block.table)))),
    ...profileBlocks(result, forHtml).map((block) => section(block.title, list(block.lines) + (block.table === null ? '' : blockTable(block.table)))),
    section('Errors', errorTable(result)),
    section('Slowest requests', slowestTable(result)),
    section('Trend over earlier results', figures.draw(trendCharts(history)) + historyTable(history)),
    section('Series', result.series.length > 1 || verdict === null ? series(result) : ''),
    section('Service', serviceTable(result)),
    section('Validity', list([...checks(result)])),
    section('System', systemTable(result)),
    section('Configuration', configuration(result)),
  ];
  return htmlPage({
    title: escapeHtml(title),
    style,
    head: policyElement(policy),
    body: `<h1>${escapeHtml(title)}</h1>
<p class="quiet">${[result.timestamp, result.base_url, result.model ?? '', result.git.sha ?? '']
      .filter((part) => part !== '')
      .map((part) => escapeHtml(oneLine(part, 300)))
      .join(' · ')}</p>
${sections.filter((text) => text !== '').join('\n')}
<p class="quiet script">Charts: point for values, drag to zoom, double-click to zoom out, click a name to show or hide its line.</p>
${figures.data()}
<script>${pageScript}</script>`,
  });
}

/** Grade, MLPerf and target verdicts at a glance; a block of its own tells them in full. */
function badges(result: ResultDocument): string {
  const shown = foundIn(result).flatMap((found) => [
    ...gradeLines(found.results).map((line) => `<li class="badge">${escapeHtml(line)}</li>`),
    ...badgesOf(found).map(({ kind, name, met }) => {
      const word = kind === 'mlperf' ? `MLPerf ${name}` : name;
      return `<li class="badge ${met === null ? '' : met ? 'good' : 'bad'}">${markOf(met)} ${escapeHtml(oneLine(word, 60))}</li>`;
    }),
  ]);
  return shown.length === 0 ? '' : `<ul class="badges">${shown.slice(0, mostBadges).join('')}</ul>`;
}

const mostBadges = 24;
/** Rows of a table that are read without being asked for. */
const mostOpenRows = 30;

/** Every metric of every series; many of them on demand. */
function series(result: ResultDocument): string {
  const metrics = result.series.reduce((sum, one) => sum + Object.keys(one.metrics).length, 0);
  const content = seriesTable(result);
  return metrics <= mostOpenRows || content === ''
    ? content
    : folded(`${plural(metrics, 'metric')} of ${plural(result.series.length, 'series', 'series')}`, content);
}

function alerts(result: ResultDocument, verdict: Verdict | null): string {
  return list(
    alertsOf(result, verdict).map(
      ({ severity, about, text }) => `${severity === 'bad' ? '⛔' : '⚠️'} ${htmlCode(about)} ${escapeHtml(oneLine(text, 400))}`,
    ),
  );
}

function blockTable({ cells, align, rows }: { cells: string[]; align: string[]; rows: string[][] }): string {
  const right = align.indexOf('r');
  return table(
    cells,
    rows.map((row) => ({ cells: row })),
    right < 0 ? align.length : right,
  );
}

function verdictSection(verdict: Verdict, result: ResultDocument, baseline: ResultDocument | null): string {
  const { emoji, sentence } = headline(verdict, result, forHtml);
  const { changed, unchanged } = splitRows(verdict.series);
  const rows = [...changed, ...unchanged];
  const columns = columnsFor(rows, result, { baseline: 'Baseline', current: 'Current' });
  const heading = headingCells(columns, forHtml);
  const tableOf = (of: readonly MetricVerdict[]) =>
    table(
      heading.cells,
      of.map((row) => ({ cells: rowCells(row, columns, forHtml, (text) => `<strong>${text}</strong>`), className: row.verdict })),
      columns.series ? 2 : 1,
    );
  // What nothing is to be seen of must not push the figures down by many pages.
  const quiet = rows.length <= mostOpenRows ? [] : rows.filter(({ verdict: of }) => of === 'new' || of === 'ok');
  const open = rows.filter((row) => !quiet.includes(row));
  const tables = [open.length === 0 ? '' : tableOf(open), quiet.length === 0 ? '' : folded(quietTitle(quiet), tableOf(quiet))].join('\n');
  const hints = changed.length === 0 ? [] : hintsFor(result, verdict).map((hint) => `${escapeHtml(hint.sentence)} ${htmlCode(hint.section)}`);
  const how = `<details><summary>How this was measured, and how to repeat it</summary>${list(howMeasured(verdict, result, baseline, forHtml))}<pre>${escapeHtml(repeatedAs(repeatCommand(result), verdict))}</pre></details>`;
  return `<section class="verdict ${verdict.verdict}"><p class="headline">${emoji} ${sentence}</p>\n${list(hints)}${tables}\n${how}</section>`;
}

function quietTitle(rows: readonly MetricVerdict[]): string {
  const fresh = rows.filter(({ verdict }) => verdict === 'new').length;
  const parts = [
    ...(fresh === 0 ? [] : [`${formatCount(fresh)} measured for the first time`]),
    ...(fresh === rows.length ? [] : [`${formatCount(rows.length - fresh)} within their limits`]),
  ];
  return `${plural(rows.length, 'metric')}: ${parts.join(', ')}`;
}

const folded = (title: string, content: string): string => `<details><summary>${title}</summary>${content}</details>`;
