import { loadText } from '../jobs/load-text.ts';
import type { MeasureProgress } from '../jobs/measure/measure.ts';
import type { Snapshot } from '../measure/meter.ts';

const plainIntervalMs = 5000;

/** Progress on stderr: a bar on a terminal, a plain line every few seconds elsewhere. */
export async function createProgress(stream: NodeJS.WriteStream, quiet: boolean): Promise<MeasureProgress> {
  if (quiet) return { line: () => {}, scenarioStarted: () => {}, snapshot: () => {}, scenarioEnded: () => {} };
  return stream.isTTY ? await barProgress(stream) : plainProgress(stream);
}

interface Plan {
  requests: number | null;
  durationMs: number | null;
}

const done = (snapshot: Snapshot) => snapshot.succeeded + snapshot.failed;
const rate = (snapshot: Snapshot) => (snapshot.elapsedMs > 0 ? (1000 * done(snapshot)) / snapshot.elapsedMs : 0);

/** Seconds left by the plan's nearest end; null while it cannot be told. */
export function secondsLeft(plan: Plan, snapshot: Snapshot): number | null {
  const byCount = plan.requests !== null && rate(snapshot) > 0 ? (plan.requests - done(snapshot)) / rate(snapshot) : null;
  const byTime = plan.durationMs !== null ? (plan.durationMs - snapshot.elapsedMs) / 1000 : null;
  const known = [byCount, byTime].filter((seconds) => seconds !== null);
  return known.length === 0 ? null : Math.max(0, Math.min(...known));
}

function describe(plan: Plan, snapshot: Snapshot): string {
  const left = secondsLeft(plan, snapshot);
  const total = plan.requests === null ? '' : `/${plan.requests}`;
  return `${done(snapshot)}${total} done, ${rate(snapshot).toFixed(1)} req/s, ${snapshot.failed} errors${left === null ? '' : `, ${Math.ceil(left)} s left`}`;
}

function plainProgress(stream: NodeJS.WriteStream): MeasureProgress {
  let plan: Plan = { requests: null, durationMs: null };
  let lastMs = 0;
  return {
    line: (text) => void stream.write(`${text}\n`),
    scenarioStarted(scenario, next) {
      plan = next;
      lastMs = performance.now();
      stream.write(`${loadText(scenario, next)}\n`);
    },
    snapshot(snapshot) {
      if (performance.now() - lastMs < plainIntervalMs) return;
      lastMs = performance.now();
      stream.write(`  ${describe(plan, snapshot)}\n`);
    },
    scenarioEnded: () => {},
  };
}

async function barProgress(stream: NodeJS.WriteStream): Promise<MeasureProgress> {
  const { default: cliProgress } = await import('cli-progress');
  let plan: Plan = { requests: null, durationMs: null };
  let bar: InstanceType<typeof cliProgress.SingleBar> | null = null;
  return {
    line: (text) => void stream.write(`${text}\n`),
    scenarioStarted(scenario, next) {
      plan = next;
      bar = new cliProgress.SingleBar({
        stream,
        format: `${scenario.name} [{bar}] {text}`,
        hideCursor: true,
        clearOnComplete: true,
        barsize: 24,
        fps: 8,
      });
      bar.start(1000, 0, { text: planText(next) });
    },
    snapshot(snapshot) {
      const shares = [
        plan.requests === null ? 0 : done(snapshot) / plan.requests,
        plan.durationMs === null ? 0 : snapshot.elapsedMs / plan.durationMs,
      ];
      bar?.update(Math.round(1000 * Math.min(1, Math.max(...shares))), { text: describe(plan, snapshot) });
    },
    scenarioEnded() {
      bar?.stop();
      bar = null;
    },
  };
}

function planText(plan: Plan): string {
  return [plan.requests === null ? null : `${plan.requests} requests`, plan.durationMs === null ? null : `${plan.durationMs / 1000} s`]
    .filter(Boolean)
    .join(' or ');
}
