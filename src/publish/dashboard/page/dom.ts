import type { Alert } from '../alert-book.ts';
import type { LiveMetric } from '../sample.ts';
import type { StatusRow } from '../status.ts';
import { shortNumber } from './charts.ts';

/** An element that the page is known to have. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Everything that is shown goes in as text: nothing that a service said becomes markup. */
export function element(name: string, text = '', className = ''): HTMLElement {
  const made = document.createElement(name);
  if (text !== '') made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}

/** A figure with its unit; a dash where it was not measured. */
export function valueText(value: number | null | undefined, unit: string): string {
  if (value == null) return '–';
  if (unit === 's' && value < 1) return `${shortNumber.format(value * 1000)} ms`;
  return unit === '%' ? `${shortNumber.format(value)} %` : `${shortNumber.format(value)}${unit === '' ? '' : ` ${unit}`}`;
}

const words = { green: 'good', yellow: 'warning', red: 'broken', none: 'not judged' } as const;

/** One metric with its light, its value and, where there is one, its baseline. */
export function statusRow({ key, unit, value, light, baseline, change_percent, rule, verdict }: StatusRow, withBaseline: boolean): HTMLElement {
  const row = element('tr');
  const name = element('th', key);
  name.setAttribute('scope', 'row');
  const change = change_percent === null ? '–' : `${change_percent > 0 ? '+' : ''}${shortNumber.format(change_percent)} %`;
  const missed = rule?.startsWith('target ') ?? false;
  const said = missed ? 'target missed' : verdict === null || verdict === 'new' ? words[light] : verdict;
  const status = element('td');
  status.append(element('span', said, `light ${light}`));
  row.append(name, status, element('td', valueText(value, unit), 'n'));
  if (withBaseline) row.append(element('td', valueText(baseline, unit), 'n'), element('td', change, 'n'));
  row.append(element('td', rule ?? ''));
  return row;
}

const clock = (ms: number) => new Date(ms).toLocaleTimeString();

/** One alert with when it began and ended. */
export function alertItem(alert: Alert, nowMs: number): HTMLElement {
  const { title, detail, category, severity, toldMs, overMs, quietUntilMs } = alert;
  const item = element('li', '', overMs === null ? severity : 'over');
  const when = overMs === null ? `since ${clock(alert.sinceMs)}` : `${clock(toldMs)} to ${clock(overMs)}`;
  const cooling = overMs !== null && quietUntilMs > nowMs ? ` · cooling down until ${clock(quietUntilMs)}` : '';
  item.append(element('strong', title), element('span', detail), element('div', `${category} · ${when}${cooling}`, 'none'));
  return item;
}

/** One reading with its unit. */
export function readingRow(key: string, value: number | null | undefined, metric: LiveMetric | undefined): HTMLElement {
  const row = element('tr');
  const name = element('th', key);
  name.setAttribute('scope', 'row');
  row.append(name, element('td', valueText(value, metric?.unit ?? ''), 'n'));
  return row;
}
