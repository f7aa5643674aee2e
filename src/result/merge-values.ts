import type { ValueMetric } from './document.ts';

/** One part's value of a metric, with what weighs it. */
export interface WeighedValue {
  metric: ValueMetric;
  /** Seconds that the part measured; null when not known. */
  durationSeconds: number | null;
  /** Requests of the series in that part, and those of them that succeeded; null when not known. */
  requests: number | null;
  successful: number | null;
}

const countUnits = new Set(['requests', 'tokens', 'bytes', 'count', 'J']);
const perRequest = new Set(['mean_request_tokens_per_sec']);

/**
 * The value of a metric over several parts, by what it is: a rate is the sum of the amounts over the measured time of all; a percentage of requests is
 * weighed by them, and a part without any has no say; a count is a sum. What cannot be added is null and says so, unless all parts agree.
 * @param wholeSeconds measured time of all parts together: of parts at the same time it is the longest, of parts one after the other the sum
 */
export function addValues(name: string, parts: readonly WeighedValue[], wholeSeconds: number | null): ValueMetric {
  const first = (parts[0] as WeighedValue).metric;
  if (parts.length === 1) return first;
  const { unit, better } = first;
  const notes = [...new Set(parts.map(({ metric }) => metric.note).filter((note) => note !== undefined))];
  const counting = parts.filter((part) => part.metric.value !== null || weightOf(name, unit, part) !== 0);
  const values = counting.map(({ metric }) => metric.value);
  const known = values.length > 0 && values.every((value) => value !== null);
  const added = known ? add(name, unit, counting, wholeSeconds) : null;
  if (known && added === null) notes.push(`the parts' values cannot be added (${values.join(', ')})`);
  return { unit, better, value: added, ...(notes.length === 0 ? {} : { note: notes.join('; ') }) };
}

function add(name: string, unit: string, parts: readonly WeighedValue[], wholeSeconds: number | null): number | null {
  const values = parts.map(({ metric }) => metric.value as number);
  const weights = parts.map((part) => weightOf(name, unit, part));
  if (weights.every((weight) => weight !== undefined)) return weighedMean(values, weights) ?? agreed(values);
  if (unit.endsWith('/s')) {
    const amounts = parts.map((part, index) => (part.durationSeconds === null ? null : part.durationSeconds * (values[index] as number)));
    return amounts.some((amount) => amount === null) || !wholeSeconds ? null : sum(amounts as number[]) / wholeSeconds;
  }
  return countUnits.has(unit) ? sum(values) : agreed(values);
}

/** Requests that a value of a part stands for; undefined where it is of something else. */
function weightOf(name: string, unit: string, { requests, successful }: WeighedValue): number | null | undefined {
  if (perRequest.has(name)) return successful;
  return unit === '%' ? requests : undefined;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The largest of those that are known; null where none is. */
export function maxOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

const agreed = (values: readonly number[]): number | null => (values.every((value) => value === values[0]) ? (values[0] ?? null) : null);

/** Mean weighed by counts; null when a weight is not known or all are zero. */
export function weighedMean(values: readonly number[], weights: readonly (number | null)[]): number | null {
  if (weights.some((weight) => weight === null)) return null;
  const whole = sum(weights as number[]);
  return whole === 0 ? null : values.reduce((total, value, index) => total + value * (weights[index] as number), 0) / whole;
}
