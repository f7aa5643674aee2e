import type { ObserveConfig } from '../config/observe.ts';
import type { LoadOutcome } from '../load/run.ts';
import { seriesId } from '../load/series-id.ts';
import { Monitor } from '../observe/monitor.ts';
import { ProcessSampler } from '../observe/process-sampler.ts';
import type { Sampler } from '../observe/sampler.ts';
import type { ResultDocument } from '../result/document.ts';
import { type Observations, withObservations } from '../result/observed.ts';
import type { RunningService } from '../service/service.ts';
import { serviceState } from '../service/state.ts';

/** Watches a service that is up, for as long as it is measured. */
export function observeService(service: RunningService, config: ObserveConfig): Promise<Monitor> {
  return Monitor.start(samplersFor(service, config));
}

function samplersFor(service: RunningService, { resources, interval }: ObserveConfig): Sampler[] {
  const state = serviceState(service);
  return resources && state !== null && state.cidfile === null ? [new ProcessSampler(state, interval * 1000)] : [];
}

/** Quantities that a chart over time holds. */
const drawn = ['service_cpu_cores', 'service_memory_mb'];

/** Adds to a run's document what was seen while it ran. */
export async function addObservations(document: ResultDocument, outcome: LoadOutcome, scenario: string, monitor: Monitor): Promise<ResultDocument> {
  await monitor.sampleNow();
  return withObservations(document, observations(outcome, scenario, monitor));
}

function observations({ started, durationSeconds, phases }: LoadOutcome, scenario: string, monitor: Monitor): Observations {
  const startMs = Date.parse(started);
  const endMs = startMs + durationSeconds * 1000;
  let fromMs = startMs;
  const bySeries = new Map<string, ReturnType<Monitor['between']>>();
  for (const { phase, outcome } of phases) {
    bySeries.set(seriesId(scenario, phase.label), monitor.between(fromMs, fromMs + outcome.durationMs));
    fromMs += outcome.durationMs;
  }
  const perSecond = monitor.perSecond(startMs, Math.ceil(durationSeconds));
  return {
    whole: monitor.between(startMs, endMs),
    bySeries,
    perSecond: new Map([...perSecond].filter(([name]) => drawn.includes(name))),
    absent: monitor.absent,
    costPercent: monitor.costPercent(),
  };
}
