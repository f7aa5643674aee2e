import type { Absent, Observed } from '../observe/monitor.ts';
import type { ConversationBlock } from './conversations.ts';
import type { Metric, ResultDocument, Series, ValidityCheck } from './document.ts';
import { energyMetrics } from './energy.ts';
import { runValues } from './metric-values.ts';
import { serverAgreement } from './server-agreement.ts';

/** The check that tells what could not be watched. */
export const watchedCheck = 'watched';

/** What samplers saw beside one run. */
export interface Observations {
  /** Over the whole measured window. */
  whole: readonly Observed[];
  /** Over each phase, by its series. */
  bySeries: ReadonlyMap<string, readonly Observed[]>;
  /** Means for each second of the timeline, by quantity; those that are drawn. */
  perSecond: ReadonlyMap<string, readonly (number | null)[]>;
  /** Requests that each replica answered, by its metrics; null where nobody says. */
  replicas: Readonly<Record<string, number>> | null;
  absent: readonly Absent[];
  /** Time within samplers as a share of one core, percent. */
  costPercent: number | null;
}

/**
 * Puts what was seen of the service beside what the client measured: metrics of the series whose requests were under way (so that limits hold for them as
 * for any), columns of the timeline, and a block for people. Pure.
 */
export function withObservations(document: ResultDocument, seen: Observations): ResultDocument {
  if (seen.whole.length === 0 && seen.absent.length === 0 && seen.replicas === null) return document;
  const series = document.series.map((one): Series => {
    const observed = one.detail ? [] : (seen.bySeries.get(one.id) ?? []);
    if (observed.length === 0) return one;
    const metrics = metricsOf(observed);
    return { ...one, metrics: { ...one.metrics, ...metrics, ...energyMetrics(one, metrics) } };
  });
  const values = runValues(series);
  const checks = [...serverAgreement({ ...document, series }), ...notWatched(seen.absent)];
  return {
    ...document,
    results: {
      ...withTurnMemory(document.results, seen.perSecond.get('service_memory_mb') ?? []),
      ...(seen.replicas === null ? {} : { replica_counts: seen.replicas }),
    },
    validity: { ...document.validity, checks: [...document.validity.checks, ...checks] },
    series,
    runs: document.runs.map((run) => ({ ...run, values: document.runs.length === 1 ? values : run.values })),
    timeline: document.timeline.map((bucket, at) => ({
      ...bucket,
      ...Object.fromEntries([...seen.perSecond].map(([name, means]) => [name, means[at] ?? null])),
    })),
    observed: {
      cost_percent_of_a_core: seen.costPercent,
      metrics: metricsOf(seen.whole),
      absent: seen.absent.map(({ sampler, reason }) => ({ sampler, reason })),
    },
  };
}

/** One warning on all that could not be watched, each with its reason; none where all could. */
function notWatched(absent: readonly Absent[]): ValidityCheck[] {
  if (absent.length === 0) return [];
  const detail = `not watched: ${absent.map(({ sampler, reason }) => `${sampler} (${reason})`).join(', ')}`;
  return [{ name: watchedCheck, ok: false, severity: 'advice', detail }];
}

function metricsOf(observed: readonly Observed[]): Record<string, Metric> {
  return Object.fromEntries(
    observed.map((one): [string, Metric] => {
      const { name, unit, better } = one;
      return [
        name,
        'value' in one ? { unit, better, value: one.value, observed: true } : { unit, better, ...one.summary, p999: null, observed: true },
      ];
    }),
  );
}

/** Memory of the service when each turn of a conversation ended, to the second. */
function withTurnMemory(results: ResultDocument['results'], perSecond: readonly (number | null)[]): ResultDocument['results'] {
  const block = results['conversation'] as ConversationBlock | undefined;
  if (block === undefined || perSecond.length === 0) return results;
  const conversations = block.conversations.map((one) => ({
    ...one,
    turns: one.turns.map((turn) => ({ ...turn, memory_mb: perSecond[Math.floor(turn.ended_s)] ?? null })),
  }));
  return { ...results, conversation: { ...block, conversations } };
}
