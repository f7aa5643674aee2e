import { History } from './history.ts';
import type { Gauge, Observed, Sampler } from './sampler.ts';

export type { Observed } from './sampler.ts';

/** A sampler that has nothing to read, and why. */
export interface Absent {
  sampler: string;
  reason: string;
}

interface Watched {
  sampler: Sampler;
  history: History;
  busy: Promise<void> | null;
  /** Of all its readings until they waited: each as the quickest of those around it. */
  spentMs: number;
  /** Of the last few readings. */
  costsMs: number[];
  lastMs: number;
  latest: readonly (number | null)[];
}

/** Of one core, what each sampler may take: all together stay below the 1% that watching may cost. */
const mostOfCore = 0.001;
/** The quickest of so many readings tells what one takes: another may have been kept waiting, or have compiled something. */
const fewReadings = 4;

/**
 * Runs samplers beside the load, each at its own interval and never twice at once, and keeps what they read in bounded memory.
 * What is costly to read, such as thousands of processes, is read less often.
 * Times are epoch ms: performance.timeOrigin + performance.now().
 */
export class Monitor {
  /** Samplers that could not start, or that failed on the way. */
  readonly absent: Absent[] = [];
  private readonly startedMs = performance.now();
  private readonly watched: Watched[] = [];
  /** One for each interval: waking up costs as much as reading a file. */
  private readonly timers = new Map<number, NodeJS.Timeout>();
  private stopped = false;

  static async start(samplers: readonly Sampler[]): Promise<Monitor> {
    const monitor = new Monitor();
    await Promise.all(samplers.map((sampler) => monitor.add(sampler)));
    return monitor;
  }

  /** Adds one more sampler to those that run. */
  async add(sampler: Sampler): Promise<void> {
    const reason = await sampler.start().catch((error: unknown) => messageOf(error));
    if (reason !== null) {
      this.absent.push({ sampler: sampler.name, reason });
      return;
    }
    if (this.stopped) {
      await sampler.stop();
      return;
    }
    const watched: Watched = {
      sampler,
      history: new History(sampler.gauges.length),
      busy: null,
      spentMs: 0,
      costsMs: [],
      lastMs: Number.NEGATIVE_INFINITY,
      latest: [],
    };
    this.watched.push(watched);
    this.wakeEvery(sampler.intervalMs);
    this.sample(watched);
  }

  /** Summaries of all quantities between two times, in the order of the samplers; those without a sample are left out. */
  between(fromMs: number, toMs: number): Observed[] {
    return this.watched.flatMap(
      ({ sampler, history }) =>
        sampler.between?.(fromMs, toMs) ??
        sampler.gauges.flatMap((gauge, at): Observed[] => {
          const { name, unit, better } = gauge;
          const summary = history.summary(at, fromMs, toMs);
          return summary === null ? [] : [{ name, unit, better, summary }];
        }),
    );
  }

  /** Requests that each replica answered between two times; null where no sampler can tell. */
  replicas(fromMs: number, toMs: number): Record<string, number> | null {
    for (const { sampler } of this.watched) if (sampler.tally) return sampler.tally(fromMs, toMs);
    return null;
  }

  /** The mean of each quantity for every second from `fromMs` on. */
  perSecond(fromMs: number, seconds: number): Map<string, (number | null)[]> {
    return new Map(
      this.watched.flatMap(({ sampler, history }) =>
        sampler.gauges.map((gauge, at): [string, (number | null)[]] => [gauge.name, history.series(at, fromMs, 1000, seconds)]),
      ),
    );
  }

  /**
   * Time spent within samplers since the start, as a share of one core. A reading counts as the quickest of the last few, since any may have waited for the
   * core; sending for a page and receiving it is not in it.
   */
  costPercent(): number {
    const spentMs = this.watched.reduce((total, one) => total + one.spentMs + (one.sampler.laterMs ?? 0), 0);
    return (100 * spentMs) / Math.max(1, performance.now() - this.startedMs);
  }

  /** The last value of each quantity. */
  latest(): Map<string, { gauge: Gauge; value: number | null }> {
    return new Map(
      this.watched.flatMap(({ sampler, latest }) =>
        sampler.gauges.map((gauge, at): [string, { gauge: Gauge; value: number | null }] => [gauge.name, { gauge, value: latest[at] ?? null }]),
      ),
    );
  }

  /** One more sample of everything, at once: the end of a window is measured too. */
  async sampleNow(): Promise<void> {
    await Promise.all(
      this.watched.map(async (watched) => {
        await watched.busy;
        this.sample(watched);
        await watched.busy;
      }),
    );
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers.values()) clearInterval(timer);
    await Promise.all(
      this.watched.map(async ({ sampler, busy }) => {
        await busy;
        await sampler.stop();
      }),
    );
  }

  private wakeEvery(intervalMs: number): void {
    if (this.timers.has(intervalMs)) return;
    const timer = setInterval(() => {
      for (const watched of this.watched) if (watched.sampler.intervalMs === intervalMs && isAffordable(watched)) this.sample(watched);
    }, intervalMs);
    timer.unref();
    this.timers.set(intervalMs, timer);
  }

  private sample(watched: Watched): void {
    if (watched.busy !== null) return;
    const { sampler } = watched;
    const atMs = performance.timeOrigin + performance.now();
    const startMs = performance.now();
    watched.lastMs = startMs;
    try {
      const values = sampler.sample(atMs);
      const costMs = performance.now() - startMs;
      watched.costsMs = [...watched.costsMs, costMs].slice(-fewReadings);
      watched.spentMs += Math.min(...watched.costsMs);
      if (!(values instanceof Promise)) {
        this.take(watched, atMs, values);
        return;
      }
      watched.busy = values
        .then((known) => this.take(watched, atMs, known))
        .catch((error: unknown) => this.fail(watched, error))
        .finally(() => {
          watched.busy = null;
        });
    } catch (error) {
      this.fail(watched, error);
    }
  }

  private take(watched: Watched, atMs: number, values: readonly (number | null)[]): void {
    watched.latest = values;
    watched.history.add(atMs, values);
  }

  /** A sampler that fails once is told once and goes on: what it watches may come back. */
  private fail({ sampler }: Watched, error: unknown): void {
    if (this.absent.some((one) => one.sampler === sampler.name)) return;
    this.absent.push({ sampler: sampler.name, reason: messageOf(error) });
  }
}

function isAffordable({ costsMs, lastMs }: Watched): boolean {
  return costsMs.length < 2 || performance.now() - lastMs >= Math.min(...costsMs) / mostOfCore;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
