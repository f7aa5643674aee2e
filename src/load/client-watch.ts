import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { ClientFigures } from '../measure/validity.ts';

const resolutionMs = 5;

/** Watches what the client costs while it measures: CPU of the process, and how busy and how late its event loop was. */
export function watchClient(): { stop(): ClientFigures } {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const startedMs = performance.now();
  return {
    stop() {
      delay.disable();
      const used = process.cpuUsage(cpu);
      return {
        cpuSeconds: (used.user + used.system) / 1e6,
        wallSeconds: (performance.now() - startedMs) / 1000,
        loopUtilization: performance.eventLoopUtilization(loop).utilization,
        // The histogram holds the time between two timer events, the interval that was asked for included.
        eventLoopP99Ms: delay.max === 0 ? 0 : Math.max(0, delay.percentile(99) / 1e6 - resolutionMs),
      };
    },
  };
}
