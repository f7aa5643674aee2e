import { parseExpression, type Selector } from '../config/thresholds/metric-expression.ts';
import { type MetricsPage, readPage, reasonOf } from './metrics-page.ts';
import { type MetricSample, parsePrometheus } from './prometheus-text.ts';
import { increaseOf, windowOf } from './readings.ts';
import type { Sampler } from './sampler.ts';
import { select } from './selector.ts';

export interface ReplicaSource {
  /** One page for all replicas, or one for each. */
  pages: readonly MetricsPage[];
  intervalMs: number;
  /** A counter of answered requests, by name and matchers. */
  counter: string;
  /** The label that names a replica; a series without it is named by the host of its page. */
  label: string;
}

const mostScrapes = 2048;

/** Counts what each replica answered, by a counter on metrics pages: for gateways that name no replica in their answers. */
export class ReplicaSampler implements Sampler {
  readonly name: string;
  readonly intervalMs: number;
  readonly gauges = [];
  private readonly source: ReplicaSource;
  private readonly selector: Selector;
  private scrapes: { atMs: number; counts: ReadonlyMap<string, number> }[] = [];

  constructor(source: ReplicaSource) {
    const expression = parseExpression(source.counter);
    if (typeof expression === 'string' || expression.kind !== 'gauge') throw new Error(`expected a counter by its name, found ${source.counter}`);
    this.source = source;
    this.selector = expression.selector;
    this.intervalMs = source.intervalMs;
    this.name = `replicas by ${source.counter}`;
  }

  /** A counter that nobody has moved yet may not be on the page: only a page that cannot be read is a reason. */
  async start(): Promise<string | null> {
    try {
      await this.counts();
      return null;
    } catch (error) {
      return `${this.source.pages.map(({ url }) => url).join(', ')}: ${error instanceof Error ? reasonOf(error) : String(error)}`;
    }
  }

  async sample(nowMs: number): Promise<[]> {
    this.scrapes.push({ atMs: nowMs, counts: await this.counts() });
    if (this.scrapes.length > mostScrapes) this.scrapes = this.scrapes.filter((_, at) => at % 2 === 0 || at === this.scrapes.length - 1);
    return [];
  }

  between(): [] {
    return [];
  }

  /** What each replica answered between two times, by name; a counter that was not there yet counts from zero. */
  tally(fromMs: number, toMs: number): Record<string, number> {
    const within = windowOf(this.scrapes, fromMs, toMs);
    const names = new Set(within.flatMap(({ counts }) => [...counts.keys()]));
    const grown = [...names].map((name): [string, number] => [name, increaseOf(within.map(({ counts }) => counts.get(name) ?? 0))]);
    return Object.fromEntries(grown.filter(([, times]) => times > 0));
  }

  stop(): void {}

  private async counts(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    const pages = await Promise.all(
      this.source.pages.map(async (page) => ({ host: new URL(page.url).host, samples: parsePrometheus(await readPage(page)) })),
    );
    for (const { host, samples } of pages)
      for (const { labels, value } of select(samples, this.selector).filter(isCount)) {
        const name = labels[this.source.label] ?? host;
        counts.set(name, (counts.get(name) ?? 0) + value);
      }
    return counts;
  }
}

const isCount = ({ value }: MetricSample): boolean => Number.isFinite(value);
