import type { Part } from './merge-series.ts';

/** When a part was measured, in seconds since 1970; null when the document does not say. */
export function spanOf({ document }: Part): { start: number; end: number } | null {
  const start = Date.parse(document.timestamp) / 1000;
  const seconds = document.results.duration_seconds;
  return Number.isNaN(start) || seconds <= 0 ? null : { start, end: start + seconds };
}

/** By start, where every document states it; else in the order they were named. */
function inOrder(parts: readonly Part[]): Part[] {
  const starts = new Map(parts.map((part) => [part, Date.parse(part.document.timestamp)]));
  if ([...starts.values()].some(Number.isNaN)) return [...parts];
  return [...parts].sort((a, b) => (starts.get(a) as number) - (starts.get(b) as number));
}

/** Groups the parts that were measured at the same time (shards of one run): those that share more than half of the shorter one's time. Ordered by start. */
export function groupByTime(parts: readonly Part[]): Part[][] {
  const timed = inOrder(parts).map((part) => ({ part, span: spanOf(part) }));
  const groups: { parts: Part[]; end: number }[] = [];
  for (const { part, span } of timed) {
    const last = groups.at(-1);
    const previous = last?.parts.at(-1);
    const before = previous ? spanOf(previous) : null;
    if (last && before && span) {
      const shared = Math.min(last.end, span.end) - span.start;
      const shorter = Math.min(before.end - before.start, span.end - span.start);
      if (shared > shorter / 2) {
        last.parts.push(part);
        last.end = Math.max(last.end, span.end);
        continue;
      }
    }
    groups.push({ parts: [part], end: span?.end ?? 0 });
  }
  return groups.map((group) => group.parts);
}

/** Measured time of parts at the same time: from the first start to the last end, or the longest when the starts are not known. One without a request took none. */
export function secondsTogether(all: readonly Part[]): number | null {
  const busy = all.filter(({ document: { results } }) => results.total_requests > 0);
  const parts = busy.length === 0 ? all : busy;
  const durations = parts.map(({ document }) => document.results.duration_seconds);
  if (durations.some((seconds) => seconds <= 0)) return null;
  const spans = parts.map(spanOf);
  const longest = Math.max(...durations);
  if (spans.some((span) => span === null)) return longest;
  const known = spans as { start: number; end: number }[];
  const whole = Math.max(...known.map((span) => span.end)) - Math.min(...known.map((span) => span.start));
  // Clocks of several machines may disagree by more than the run lasted; then the starts say nothing.
  return whole < 2 * longest ? whole : longest;
}

/** Measured time of parts one after the other: the pauses between them are not measured time. */
export function secondsInTurn(parts: readonly Part[]): number | null {
  const durations = parts.map(({ document }) => document.results.duration_seconds);
  return durations.some((seconds) => seconds <= 0) ? null : durations.reduce((sum, seconds) => sum + seconds, 0);
}
