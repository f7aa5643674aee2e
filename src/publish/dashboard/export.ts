import { csvField } from '../../report/csv.ts';
import type { Alert } from './alert-book.ts';
import { readMonitoring } from './store.ts';

export const exportFormats = ['csv', 'json'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/**
 * Everything that was kept, in pieces. CSV (RFC 4180): one row a sample, one column a quantity, what was not known empty; alerts are in JSON alone.
 * @param folder that the monitoring files are in
 */
export function exportMonitoring(folder: string, format: ExportFormat): AsyncGenerator<string> {
  return format === 'csv' ? csv(folder) : json(folder);
}

async function* csv(folder: string): AsyncGenerator<string> {
  // Which columns there are is known only when all of it was read once.
  const keys = new Set<string>();
  for await (const line of readMonitoring(folder)) if (line.kind === 'sample') for (const key of Object.keys(line.values)) keys.add(key);
  yield `${['time', ...keys].map(field).join(',')}\r\n`;
  for await (const line of readMonitoring(folder)) {
    if (line.kind !== 'sample') continue;
    yield `${[timeOf(line.t), ...[...keys].map((key) => line.values[key] ?? '')].join(',')}\r\n`;
  }
}

async function* json(folder: string): AsyncGenerator<string> {
  // An alert is written when it is told and again when it is over: the last word counts.
  const alerts = new Map<string, Alert>();
  yield '{"samples":[';
  let separator = '\n';
  for await (const line of readMonitoring(folder)) {
    if (line.kind === 'alert') alerts.set(`${line.alert.toldMs} ${line.alert.id}`, line.alert);
    else {
      yield `${separator}${JSON.stringify({ time: timeOf(line.t), ...line.values })}`;
      separator = ',\n';
    }
  }
  const told = [...alerts.values()].map(({ sinceMs, toldMs, overMs, quietUntilMs: _, ...alert }) => ({
    ...alert,
    since: timeOf(sinceMs),
    told: timeOf(toldMs),
    over: overMs === null ? null : timeOf(overMs),
  }));
  yield `\n],"alerts":${JSON.stringify(told, null, 1)}}\n`;
}

const timeOf = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : '');

/** A name that a spreadsheet would take for a formula is told to be text. */
function field(text: string): string {
  return csvField(/^[=+\-@\t]/.test(text) ? `'${text}` : text);
}
