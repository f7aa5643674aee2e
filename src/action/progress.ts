import { loadText } from '../jobs/load-text.ts';
import type { MeasureProgress } from '../jobs/measure/measure.ts';

const intervalMs = 10_000;

/** Progress as lines of the step's log. */
export function logProgress(info: (text: string) => void): MeasureProgress {
  let lastMs = 0;
  return {
    line: info,
    scenarioStarted(scenario, plan) {
      lastMs = performance.now();
      info(loadText(scenario, plan));
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
