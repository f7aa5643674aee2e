import type { MeasureProgress } from '../jobs/measure.ts';

const intervalMs = 10_000;

/** Progress as lines of the step's log. */
export function logProgress(info: (text: string) => void): MeasureProgress {
  let lastMs = 0;
  return {
    line: info,
    scenarioStarted(scenario, plan) {
      lastMs = performance.now();
      info(
        `${scenario.name}: ${[plan.requests === null ? null : `${plan.requests} requests`, plan.durationMs === null ? null : `${plan.durationMs / 1000} s`].filter(Boolean).join(' or ')}, concurrency ${plan.concurrency}`,
      );
    },
    snapshot(snapshot) {
      if (performance.now() - lastMs < intervalMs) return;
      lastMs = performance.now();
      const done = snapshot.succeeded + snapshot.failed;
      info(`  ${done} done, ${((1000 * done) / snapshot.elapsedMs).toFixed(1)} req/s, ${snapshot.failed} errors`);
    },
    scenarioEnded: () => {},
  };
}
