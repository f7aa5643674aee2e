import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { isSaturated } from '../measure/validity-client.ts';
import type { ClientFigures } from '../measure/validity-input.ts';

/** Finer would cost more than it tells: each look is a wake of its own. */
const resolutionMs = 10;
const sliceMs = 1000;

/** Watches what sending costs this thread, and how busy and how late its event loop is. */
export interface ClientWatch {
  /** The measured window starts now. */
  reset(): void;
  stop(): ClientFigures;
}

/** @param cores how many this process may use */
export function watchClient(cores: number): ClientWatch {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let whole = new Stretch();
  let slice = new Stretch();
  let saturatedSeconds = 0;
  // A run that saturates the client for a while (its last level, say) would look idle on average.
  const timer = setInterval(() => {
    const figures = slice.figures();
    if (isSaturated(figures, cores)) saturatedSeconds += figures.wallSeconds;
    slice = new Stretch();
  }, sliceMs);
  timer.unref();
  return {
    reset() {
      delay.reset();
      whole = new Stretch();
      slice = new Stretch();
      saturatedSeconds = 0;
    },
    stop() {
      delay.disable();
      clearInterval(timer);
      return {
        ...whole.figures(),
        saturatedSeconds,
        // The histogram holds the time between two timer events, the interval that was asked for included.
        eventLoopP99Ms: delay.count === 0 ? 0 : Math.max(0, delay.percentile(99) / 1e6 - resolutionMs),
      };
    },
  };
}

/** Of a client that sent nothing. */
export const idle: ClientFigures = {
  cpuSeconds: 0,
  wallSeconds: 0,
  loopUtilization: 0,
  eventLoopP99Ms: 0,
  threadCpu: 0,
  runQueueWait: null,
  saturatedSeconds: 0,
};

/** The figures of the thread that was the busiest, with the worst loop delay of all. */
export function busiest(figures: readonly ClientFigures[]): ClientFigures | null {
  const first = figures.toSorted((a, b) => b.loopUtilization - a.loopUtilization)[0];
  if (first === undefined) return null;
  return {
    ...first,
    eventLoopP99Ms: Math.max(...figures.map((one) => one.eventLoopP99Ms)),
    saturatedSeconds: Math.max(...figures.map((one) => one.saturatedSeconds)),
  };
}

/** What the calling thread and its process have used since this was made. */
class Stretch {
  private readonly process = process.cpuUsage();
  private readonly thread = process.threadCpuUsage();
  private readonly loop = performance.eventLoopUtilization();
  private readonly waitedNs = runQueueWaitNs();
  private readonly startedMs = performance.now();

  figures(): Omit<ClientFigures, 'eventLoopP99Ms' | 'saturatedSeconds'> {
    const wallMs = Math.max(1e-3, performance.now() - this.startedMs);
    const used = process.cpuUsage(this.process);
    const thread = process.threadCpuUsage(this.thread);
    const waitedNs = runQueueWaitNs();
    return {
      cpuSeconds: (used.user + used.system) / 1e6,
      wallSeconds: wallMs / 1000,
      loopUtilization: performance.eventLoopUtilization(this.loop).utilization,
      threadCpu: (thread.user + thread.system) / 1000 / wallMs,
      runQueueWait: waitedNs === null || this.waitedNs === null ? null : (waitedNs - this.waitedNs) / 1e6 / wallMs,
    };
  }
}

/** How long this thread was ready to run while others had the core; Linux counts it (second field of schedstat). */
function runQueueWaitNs(): number | null {
  try {
    const waited = Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[1]);
    return Number.isFinite(waited) ? waited : null;
  } catch {
    return null;
  }
}
