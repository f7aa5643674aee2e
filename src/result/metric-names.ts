import type { Better } from './document.ts';

/** Percentages and rates whose name alone does not end in a unit. */
const known: Record<string, { unit: string; better: Better }> = {
  tokens_per_sec: { unit: 'tokens/s', better: 'higher' },
  requests_per_sec: { unit: 'req/s', better: 'higher' },
  successful_requests_per_sec: { unit: 'req/s', better: 'higher' },
  mean_request_tokens_per_sec: { unit: 'tokens/s', better: 'higher' },
  error_rate: { unit: '%', better: 'lower' },
  success_rate: { unit: '%', better: 'higher' },
  spike_rate_percent: { unit: '%', better: 'lower' },
};

/** Times by the ending of the name; a shorter time is better. */
const timeUnits = new Set(['ns', 'us', 'ms', 's']);

/**
 * Unit and better direction of a metric by its name, for documents that do not state them. The unit stands at the end of a time's name
 * (`ttft_ms`, `latency_s`); an unknown name has no unit and neither direction is better, so that nothing is called a regression by guess.
 */
export function describeMetric(name: string): { unit: string; better: Better } {
  const listed = Object.hasOwn(known, name) ? known[name] : undefined;
  if (listed) return listed;
  const ending = name.slice(name.lastIndexOf('_') + 1);
  if (timeUnits.has(ending)) return { unit: ending, better: 'lower' };
  if (name.endsWith('_per_sec')) return { unit: `${name.slice(0, -'_per_sec'.length)}/s`, better: 'higher' };
  if (name.endsWith('_percent')) return { unit: '%', better: 'neither' };
  return { unit: '', better: 'neither' };
}

/** Whether the metric is one of our percentages and rates, whose unit is fixed. */
export function isKnownRate(name: string): boolean {
  return Object.hasOwn(known, name);
}

/** The distributions that `results` pools for people, in reading order. */
export const pooledDistributions = ['ttft_ms', 'tpot_ms', 'itl_ms', 'latency_s'] as const;

const spellings: Record<string, string> = {
  'requests/s': 'req/s',
  'tok/s': 'tokens/s',
  percent: '%',
  seconds: 's',
  milliseconds: 'ms',
  microseconds: 'us',
  nanoseconds: 'ns',
};

/** One spelling for units that other programs and hands write in several ways; others stay as they are. */
export function canonicalUnit(unit: string): string {
  return Object.hasOwn(spellings, unit) ? (spellings[unit] as string) : unit;
}
