import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { ClientFigures } from '../measure/validity.ts';

const resolutionMs = 5;

/** Watches what sending costs this thread, and how busy and how late its event loop is. */
export interface ClientWatch {
  /** The measured window starts now. */
  reset(): void;
  stop(): ClientFigures;
}

export function watchClient(): ClientWatch {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let cpu = process.cpuUsage();
  let loop = performance.eventLoopUtilization();
  let startedMs = performance.now();
  return {
    reset() {
      delay.reset();
      cpu = process.cpuUsage();
      loop = performance.eventLoopUtilization();
      startedMs = performance.now();
    },
    stop() {
      delay.disable();
      const used = process.cpuUsage(cpu);
      return {
        cpuSeconds: (used.user + used.system) / 1e6,
        wallSeconds: (performance.now() - startedMs) / 1000,
        loopUtilization: performance.eventLoopUtilization(loop).utilization,
        // The histogram holds the time between two timer events, the interval that was asked for included.
        eventLoopP99Ms: delay.count === 0 ? 0 : Math.max(0, delay.percentile(99) / 1e6 - resolutionMs),
      };
    },
  };
}
