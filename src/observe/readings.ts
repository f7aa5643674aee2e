import type { Expression } from '../config/thresholds/metric-expression.ts';
import { difference, quantile, readHistogram, type ServerHistogram } from './histogram-difference.ts';
import { type SampleSummary, summarise } from './history.ts';
import type { MetricSample } from './prometheus-text.ts';
import { select } from './selector.ts';

/** What one page says of an expression, before two pages are compared. */
export type Reading =
  | { kind: 'number'; value: number | null }
  | { kind: 'histogram'; value: ServerHistogram | null }
  | { kind: 'pair'; top: Reading; bottom: Reading };

/** One page, at its time (epoch ms). */
export interface Scrape {
  atMs: number;
  reading: Reading;
}

/** From the last page at or before the begin to the first at or after the end. */
export function windowOf<Page extends { atMs: number }>(pages: readonly Page[], fromMs: number, toMs: number): Page[] {
  const first = pages.findLastIndex(({ atMs }) => atMs <= fromMs);
  const last = pages.findIndex(({ atMs }) => atMs >= toMs);
  return pages.slice(Math.max(0, first), last === -1 ? undefined : last + 1);
}

/** What an expression comes to on one page; null where the page has no such series. */
export function read(expression: Expression, samples: readonly MetricSample[]): Reading {
  if (expression.kind === 'ratio') return { kind: 'pair', top: read(expression.top, samples), bottom: read(expression.bottom, samples) };
  if (expression.kind === 'quantile') return { kind: 'histogram', value: readHistogram(samples, expression.selector) };
  const values = select(samples, expression.selector)
    .map(({ value }) => value)
    .filter(Number.isFinite);
  return { kind: 'number', value: values.length === 0 ? null : fold(values, expression.kind === 'gauge' ? expression.fold : 'sum') };
}

/** Whether the page has what the expression reads. */
export function isThere(reading: Reading): boolean {
  return reading.kind === 'pair' ? isThere(reading.top) && isThere(reading.bottom) : reading.value !== null;
}

function fold(values: readonly number[], how: 'sum' | 'avg' | 'max' | 'min'): number {
  if (how === 'max') return Math.max(...values);
  if (how === 'min') return Math.min(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return how === 'avg' ? sum / values.length : sum;
}

/** The samples of a gauge over some pages. */
export function gaugeSummary(scrapes: readonly Scrape[], scale: number): SampleSummary | null {
  const values = scrapes.flatMap(({ reading }) => (reading.kind === 'number' && reading.value !== null ? [reading.value * scale] : []));
  return summarise(values);
}

/** The value of an expression over some pages, in order; null where it cannot be told. A gauge is its mean. */
export function valueOver(expression: Expression, scrapes: readonly Scrape[]): number | null {
  if (expression.kind === 'ratio') {
    const part = (side: 'top' | 'bottom') =>
      valueOver(
        expression[side],
        scrapes.map(({ atMs, reading }) => ({ atMs, reading: reading.kind === 'pair' ? reading[side] : reading })),
      );
    const [top, bottom] = [part('top'), part('bottom')];
    return top === null || bottom === null || bottom === 0 ? null : top / bottom;
  }
  if (expression.kind === 'gauge') return gaugeSummary(scrapes, 1)?.mean ?? null;
  if (expression.kind === 'quantile') {
    const between = histogramOver(scrapes);
    return between === null ? null : quantile(between, expression.quantile);
  }
  const added = increaseOver(scrapes);
  if (added === null || expression.kind === 'increase') return added;
  const seconds = ((scrapes.at(-1)?.atMs ?? 0) - (scrapes[0]?.atMs ?? 0)) / 1000;
  return seconds > 0 ? added / seconds : null;
}

/** What a counter grew by. One that fell was set back by a restart: what it counted since then is added. */
function increaseOver(scrapes: readonly Scrape[]): number | null {
  const values = scrapes.flatMap(({ reading }) => (reading.kind === 'number' && reading.value !== null ? [reading.value] : []));
  return values.length < 2 ? null : increaseOf(values);
}

/** What a counter grew by over its readings, in order. */
export function increaseOf(values: readonly number[]): number {
  return values.slice(1).reduce((total, value, at) => total + (value >= values[at]! ? value - values[at]! : value), 0);
}

/** What a histogram took in between the first page and the last. */
export function histogramOver(scrapes: readonly Scrape[]): ServerHistogram | null {
  const histograms = scrapes.flatMap(({ reading }) => (reading.kind === 'histogram' && reading.value !== null ? [reading.value] : []));
  const [first, last] = [histograms[0], histograms.at(-1)];
  return first === undefined || last === undefined || histograms.length < 2 ? null : difference(first, last);
}

/** A histogram as a distribution: exact count and mean, percentiles by its buckets; its extremes are not known. */
export function histogramSummary(histogram: ServerHistogram, scale: number): SampleSummary {
  const at = (share: number) => scaled(quantile(histogram, share), scale);
  return {
    count: histogram.count,
    sum: histogram.sum * scale,
    mean: (histogram.sum / histogram.count) * scale,
    min: null,
    max: null,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: histogram.count < 100 ? null : at(0.99),
    stddev: null,
  };
}

const scaled = (value: number | null, scale: number): number | null => (value === null ? null : value * scale);
