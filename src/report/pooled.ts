import { UserError } from '../config/errors.ts';
import type { ResultDocument, Summary } from '../result/document.ts';
import { pooledSummary } from '../result/pooled.ts';

/** The columns of a distribution, in reading order, with the names that people know. */
export const summaryColumns: readonly (readonly [string, keyof Summary])[] = [
  ['Min', 'min'],
  ['Mean', 'mean'],
  ['p50', 'p50'],
  ['p90', 'p90'],
  ['p95', 'p95'],
  ['p99', 'p99'],
  ['p99.9', 'p999'],
  ['Max', 'max'],
  ['Std dev', 'stddev'],
];

/** The pooled distributions that the result holds, with their unit. */
export function pooledRows(result: ResultDocument): { name: string; unit: string; summary: Summary }[] {
  const { latency_s, ttft_ms, tpot_ms, itl_ms } = result.results;
  const rows = [
    { name: 'Latency', unit: 's', summary: latency_s },
    { name: 'TTFT', unit: 'ms', summary: ttft_ms },
    { name: 'TPOT', unit: 'ms', summary: tpot_ms },
    { name: 'ITL', unit: 'ms', summary: itl_ms },
    // Only a load by a schedule has sends that can be late.
    { name: 'Send lateness', unit: 'ms', summary: latenessOf(result) },
  ];
  return rows.filter((row): row is { name: string; unit: string; summary: Summary } => row.summary !== null);
}

function latenessOf({ series, client }: ResultDocument): Summary | null {
  if (client.late_sends === null) return null;
  try {
    const summary = pooledSummary(series, 'send_lateness_ms');
    return summary?.max == null ? null : summary;
  } catch (error) {
    // A histogram that cannot be read, in a document of somebody else's.
    if (error instanceof UserError) return null;
    throw error;
  }
}
