import { type ServerPreset, serverPresetNames } from '../config/observe.ts';
import { type Expression, parseExpression } from '../config/thresholds/metric-expression.ts';
import { type MetricsPage, readPage, reasonOf } from './metrics-page.ts';
import { type KnownSeries, type MetricSample, parsePrometheus } from './prometheus-text.ts';
import { gaugeSummary, histogramOver, histogramSummary, isThere, type Reading, read, type Scrape, valueOver, windowOf } from './readings.ts';
import type { Gauge, Observed, Sampler } from './sampler.ts';
import { type ServerMetric, serverPresets } from './server-metrics.ts';

export interface ServerSource extends MetricsPage {
  intervalMs: number;
  /** Null: whatever preset the page has series of. */
  presets: readonly ServerPreset[] | null;
  custom: readonly ServerMetric[];
}

interface Chosen {
  metric: ServerMetric;
  expression: Expression;
  scrapes: Scrape[];
}

const mostScrapes = 2048;

/** Reads a server's metrics page beside the load: counters as rates, gauges as means and extremes, histograms as what they took in. */
export class ServerSampler implements Sampler {
  readonly name: string;
  readonly intervalMs: number;
  gauges: readonly Gauge[] = [];
  private readonly source: ServerSource;
  private chosen: Chosen[] = [];
  private readonly known: KnownSeries = new Map();
  laterMs = 0;

  constructor(source: ServerSource) {
    this.source = source;
    this.name = `metrics of ${new URL(source.url).host}${new URL(source.url).pathname}`;
    this.intervalMs = source.intervalMs;
  }

  async start(): Promise<string | null> {
    let samples: MetricSample[];
    try {
      samples = parsePrometheus(await readPage(this.source));
    } catch (error) {
      return `${this.source.url}: ${error instanceof Error ? reasonOf(error) : String(error)}`;
    }
    const wanted = [...presetMetrics(this.source.presets), ...this.source.custom];
    const missing: string[] = [];
    for (const metric of wanted) {
      const expression = firstThere(metric, samples);
      if (expression !== null && !this.chosen.some((one) => one.metric.name === metric.name)) this.chosen.push({ metric, expression, scrapes: [] });
      else if (expression === null && this.source.custom.includes(metric)) missing.push(`${metric.name} (${metric.of.join(' or ')})`);
    }
    this.gauges = this.chosen.map(({ metric }) => metric);
    if (missing.length > 0) return `${this.source.url}: the page has no ${missing.join(', ')}`;
    return this.chosen.length > 0
      ? null
      : `${this.source.url}: the page has none of the series of ${this.source.presets?.join(', ') ?? 'a known server'}`;
  }

  async sample(nowMs: number): Promise<(number | null)[]> {
    const page = await readPage(this.source);
    const startMs = performance.now();
    const values = this.read(nowMs, parsePrometheus(page, this.known));
    this.laterMs += performance.now() - startMs;
    return values;
  }

  private read(nowMs: number, samples: readonly MetricSample[]): (number | null)[] {
    return this.chosen.map((one) => {
      const before = one.scrapes.at(-1);
      const scrape = { atMs: nowMs, reading: read(one.expression, samples) };
      one.scrapes.push(scrape);
      if (one.scrapes.length > mostScrapes) one.scrapes = one.scrapes.filter((_, at) => at % 2 === 0 || at === one.scrapes.length - 1);
      return latest(one, before === undefined ? [scrape] : [before, scrape]);
    });
  }

  /** From the last page at or before the begin to the first at or after the end. */
  between(fromMs: number, toMs: number): Observed[] {
    return this.chosen.flatMap(({ metric, expression, scrapes }): Observed[] => {
      const within = windowOf(scrapes, fromMs, toMs);
      const { name, unit, better, scale = 1 } = metric;
      if (metric.histogram) {
        const histogram = histogramOver(within);
        return histogram === null ? [] : [{ name, unit, better, summary: histogramSummary(histogram, scale) }];
      }
      if (expression.kind === 'gauge') {
        const summary = gaugeSummary(within, scale);
        return summary === null ? [] : [{ name, unit, better, summary }];
      }
      const value = valueOver(expression, within);
      return value === null ? [] : [{ name, unit, better, value: value * scale }];
    });
  }

  stop(): void {}
}

function presetMetrics(presets: ServerSource['presets']): readonly ServerMetric[] {
  return (presets ?? serverPresetNames).flatMap((name): readonly ServerMetric[] => serverPresets[name]);
}

/** The first of a metric's expressions that the page has; a custom one was checked before. */
function firstThere({ of, histogram }: ServerMetric, samples: readonly MetricSample[]): Expression | null {
  for (const text of of) {
    const parsed = parseExpression(text);
    if (typeof parsed === 'string') continue;
    const expression: Expression = histogram && parsed.kind === 'gauge' ? { kind: 'quantile', quantile: 0.5, selector: parsed.selector } : parsed;
    if (isThere(read(expression, samples))) return expression;
  }
  return null;
}

/** What a dashboard shows now: a gauge itself, a histogram's mean and the rest since the page before. */
function latest({ metric, expression }: Chosen, scrapes: readonly Scrape[]): number | null {
  const { scale = 1 } = metric;
  if (metric.histogram) {
    const histogram = histogramOver(scrapes);
    return histogram === null ? null : (histogram.sum / histogram.count) * scale;
  }
  const value = expression.kind === 'gauge' ? numberOf(scrapes.at(-1)?.reading) : valueOver(expression, scrapes);
  return value === null ? null : value * scale;
}

const numberOf = (reading: Reading | undefined): number | null => (reading?.kind === 'number' ? reading.value : null);
