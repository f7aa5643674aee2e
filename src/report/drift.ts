import { markdownCode, markdownText, terminalText } from './escape.ts';
import { metricName } from './names.ts';
import { formatChange, formatValue, plural } from './numbers.ts';
import { tableOf } from './table.ts';

/** A level that changed for good, or that has moved away from a pinned anchor. */
export interface DriftRow {
  series: string;
  metric: string;
  unit: string;
  /** The first run of the new level, from 0 in its cohort; null for the distance from an anchor. */
  index: number | null;
  before: number;
  after: number;
  change_percent: number | null;
  p: number | null;
  /** Good news, bad news, or null where neither direction is better. */
  better: boolean | null;
  /** The last commit of the old level and the first of the new one; the anchor's and the newest one's. */
  commits: [string | null, string | null];
  /** Found since the last time somebody looked. */
  isNew: boolean;
  /** The tag of the anchor that it is held against; null for a change of level. */
  anchor: string | null;
}

/** What a store's runs say of drift. */
export interface DriftReport {
  /** What was looked at: `artifacts named llm-bench-baseline-bench of branch main`. */
  store: string;
  runs: number;
  rows: DriftRow[];
  /** No series had the runs to tell a change of level from; left out where one had. */
  tooFew?: boolean;
  notes: string[];
}

/** One row as a sentence, with the commits to look at. The names in it are not escaped. */
export function driftSentence(row: DriftRow): string {
  const { commits, anchor } = row;
  const change = row.change_percent === null ? '' : ` by ${formatChange(row.change_percent)}`;
  const values = `${formatValue(row.before, row.unit, {})} to ${formatValue(row.after, row.unit, {})}`;
  const range = `${commits[0]?.slice(0, 12) ?? 'unknown'}..${commits[1]?.slice(0, 12) ?? 'unknown'}`;
  const what = `${metricName(row.metric)} of ${row.series}`;
  return anchor === null
    ? `${what} changed its level${change} (${values}) between the commits ${range}`
    : `${what} has moved away from the anchor ${anchor}${change} (${values}) over the commits ${range}`;
}

/** For the console: what was looked at, a line for each finding, and what must be known of it. */
export function renderDriftText({ store, runs, rows, tooFew, notes }: DriftReport): string {
  const found = rows.length === 0 ? (tooFew ? 'A change of level cannot be told' : 'No change of level') : plural(rows.length, 'finding');
  const way = ({ better }: DriftRow) => (better === null ? '' : better ? ' (better)' : ' (worse)');
  return [`${found} in ${plural(runs, 'run')}: ${store}`, ...rows.map((row) => `${driftSentence(row)}${way(row)}`), ...notes]
    .map((line) => `${terminalText(line)}\n`)
    .join('');
}

/** For the job summary. */
export function renderDrift({ store, runs, rows, tooFew, notes }: DriftReport): string {
  const worse = rows.filter(({ better, isNew }) => isNew && better !== true).length;
  const emoji = worse > 0 ? '⚠️' : rows.length === 0 && tooFew ? '❔' : '✅';
  const nothing = tooFew ? 'a change of level cannot be told' : 'no change of level';
  const title = `### ${emoji} llm-bench drift: ${rows.length === 0 ? nothing : plural(rows.length, 'finding')} in ${plural(runs, 'run')}`;
  const cells = rows.map((row) => [
    row.isNew ? '**new**' : '',
    markdownCode(row.series),
    markdownText(metricName(row.metric)),
    formatValue(row.before, row.unit, {}),
    formatValue(row.after, row.unit, {}),
    row.change_percent === null ? '—' : formatChange(row.change_percent),
    row.better === null ? '' : row.better ? 'better' : 'worse',
    row.commits.map((sha) => (sha === null ? '?' : markdownCode(sha.slice(0, 12)))).join(' .. '),
    row.anchor === null ? '' : markdownText(row.anchor),
  ]);
  const heading = {
    cells: ['', 'Series', 'Metric', 'Before', 'After', 'Change', '', 'Commits', 'Anchor'],
    align: ['l', 'l', 'l', 'r', 'r', 'r', 'l', 'l', 'l'],
  };
  return `${[title, markdownText(store), rows.length === 0 ? '' : tableOf(heading, cells), notes.map((note) => `- ${markdownText(note)}`).join('\n')]
    .filter((block) => block !== '')
    .join('\n\n')}\n`;
}
