import type { DispatchCounts } from '../measure/dispatch.ts';
import type { Metric } from './document.ts';

/** `results.dispatch`: who answered, and what was asked for (null: no one model). */
export interface DispatchBlock extends DispatchCounts {
  asked: string | null;
}

const percent = (part: number, whole: number): number | null => (whole === 0 ? null : (100 * part) / whole);

/** Percent of the answers that came from the model that was asked; null where no answer names its model. Wrong ones that were made failures count. */
export function routingAccuracy({ asked, answered_by, wrong_model }: DispatchBlock): number | null {
  if (asked === null) return null;
  const named = Object.values(answered_by).reduce((sum, times) => sum + times, 0);
  return percent(Object.hasOwn(answered_by, asked) ? (answered_by[asked] as number) : 0, named + wrong_model);
}

/** Percent of the requests that the first attempt answered well. */
export function firstAttemptRate({ first_attempt, requests }: DispatchCounts): number | null {
  return percent(first_attempt, requests);
}

/** The busiest replica's answers over the mean of all: 1 is an even spread; null where fewer than two are known. */
export function replicaSkew(replicas: Readonly<Record<string, number>>): number | null {
  const counts = Object.values(replicas);
  if (counts.length < 2) return null;
  return Math.max(...counts) / (counts.reduce((sum, times) => sum + times, 0) / counts.length);
}

/**
 * Percent of the requests that went to the replica which had most of their prefix; prefixes of a single request say nothing. By chance it is 100 over
 * the number of replicas, or a little more where a prefix has few requests.
 */
export function routingAffinity(prefixes: DispatchCounts['prefixes']): number | null {
  let [same, all] = [0, 0];
  for (const replicas of Object.values(prefixes)) {
    const counts = Object.values(replicas);
    const requests = counts.reduce((sum, times) => sum + times, 0);
    if (requests < 2) continue;
    same += Math.max(...counts);
    all += requests;
  }
  return percent(same, all);
}

/** What a run's dispatch says as metrics of its series; empty where nobody asked. */
export function dispatchMetrics(block: DispatchBlock): Record<string, Metric> {
  const metrics: Record<string, Metric> = {
    first_attempt_success_rate: { unit: '%', better: 'higher', value: firstAttemptRate(block) },
  };
  const accuracy = routingAccuracy(block);
  if (accuracy !== null) metrics['routing_accuracy'] = { unit: '%', better: 'higher', value: accuracy };
  const affinity = routingAffinity(block.prefixes);
  if (affinity !== null) metrics['routing_affinity'] = { unit: '%', better: 'higher', value: affinity };
  const skew = replicaSkew(block.replicas);
  if (skew !== null) metrics['replica_skew'] = { unit: 'ratio', better: 'lower', value: skew };
  return metrics;
}

/** The counts of several runs together; null where one has none. */
export function addDispatch(blocks: readonly unknown[]): DispatchBlock | null {
  if (blocks.length === 0 || !blocks.every(isDispatch)) return null;
  const [first, ...others] = blocks as [DispatchBlock, ...DispatchBlock[]];
  const total = (name: 'requests' | 'successful' | 'first_attempt' | 'attempts' | 'wrong_model') =>
    blocks.reduce((sum, block) => sum + block[name], 0);
  return {
    asked: others.every(({ asked }) => asked === first.asked) ? first.asked : null,
    requests: total('requests'),
    successful: total('successful'),
    first_attempt: total('first_attempt'),
    attempts: total('attempts'),
    most_attempts: Math.max(...blocks.map((block) => block.most_attempts)),
    wrong_model: total('wrong_model'),
    answered_by: addCounts(blocks.map((block) => block.answered_by)),
    replicas: addCounts(blocks.map((block) => block.replicas)),
    prefixes: Object.fromEntries(
      [...new Set(blocks.flatMap((block) => Object.keys(block.prefixes)))].map((prefix) => [
        prefix,
        addCounts(blocks.map((block) => block.prefixes[prefix] ?? {})),
      ]),
    ),
  };
}

/** Counts by name, added. */
export function addCounts(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const part of parts) for (const [name, times] of Object.entries(part)) sums.set(name, (sums.get(name) ?? 0) + times);
  return Object.fromEntries(sums);
}

/** A document of another tool, or an older one, may have anything there. */
export function isDispatch(value: unknown): value is DispatchBlock {
  if (typeof value !== 'object' || value === null) return false;
  const block = value as Record<string, unknown>;
  const numbers = ['requests', 'successful', 'first_attempt', 'attempts', 'most_attempts', 'wrong_model'];
  const records = ['answered_by', 'replicas', 'prefixes'];
  return numbers.every((name) => typeof block[name] === 'number') && records.every((name) => typeof block[name] === 'object' && block[name] !== null);
}
