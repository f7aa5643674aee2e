import type { Scenario } from '../../config/scenario/scenario.ts';

/** What a target asks of one live figure: at least, at most, or both. */
export interface TargetRange {
  min?: number;
  max?: number;
}

/** Targets by the key of the live figure that each is about. */
export type LiveTargets = Readonly<Record<string, TargetRange>>;

/** What the targets of a scenario ask of live figures; those that no live figure tells are left out. */
export function liveTargets({ targets = {}, request }: Pick<Scenario, 'targets' | 'request'>): LiveTargets {
  const { tokens_per_sec, ttft_ms, spike_rate_range, retrieval_ms, memory_percent, error_rate } = targets;
  const all: [string, TargetRange | null][] = [
    ['tokens_per_sec', tokens_per_sec === undefined ? null : { min: tokens_per_sec }],
    ['ttft_ms.p50', ttft_ms === undefined ? null : { max: ttft_ms }],
    ['spike_rate_percent', spike_rate_range === undefined ? null : { min: spike_rate_range[0], max: spike_rate_range[1] }],
    // Of any other request a latency says nothing of a search.
    ['latency_s.p95', retrieval_ms === undefined || request.retrieval === undefined ? null : { max: retrieval_ms / 1000 }],
    ['machine_memory_percent', memory_percent === undefined ? null : { max: memory_percent }],
    ['error_rate', error_rate === undefined ? null : { max: error_rate }],
  ];
  return Object.fromEntries(all.filter((one): one is [string, TargetRange] => one[1] !== null));
}

/** The side of a range that a value lies beyond, as rules are written: `target min 30`; null within it. */
export function missedTarget(value: number, { min, max }: TargetRange): string | null {
  if (min !== undefined && value < min) return `target min ${min}`;
  return max !== undefined && value > max ? `target max ${max}` : null;
}
