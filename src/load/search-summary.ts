import { answeredPerSecond, type Level } from './levels.ts';
import { type Breach, isCutOff, type LevelRules, sustained } from './search-rules.ts';

/** What a search found, as the result document has it. */
export interface SearchSummary {
  unit: 'users' | 'rate';
  /** The highest load that held, below the lowest that broke; null where none held. */
  max_sustainable_load: number | null;
  /** The lowest load that broke, and the rule that it broke; null where none broke. */
  breaking_point: ({ load: number } & Breach) | null;
  /** Where throughput (of successful requests) stops to pay for latency; null where the curve has no knee or too few levels. */
  knee: { load: number; requests_per_sec: number; p95_latency_s: number } | null;
  /** Loads that held, ascending. */
  stable_levels: number[];
  /** Loads that were cut off, and so neither held nor broke, ascending. */
  cut_off_levels: number[];
}

/** A knee that stands out less than this from the straight line is none; part of the curve's whole extent. */
const leastBulge = 0.05;

/** Reads a search's levels, in any order; null where there are none. Pure. */
export function searchSummary(levels: readonly Level[], rules: LevelRules): SearchSummary | null {
  const [first] = levels;
  if (!first) return null;
  const { held, broken } = sustained(levels, rules);
  const curve = levels
    .filter((level) => !isCutOff(level))
    .toSorted((a, b) => a.load - b.load)
    .flatMap((level) => {
      const requests_per_sec = answeredPerSecond(level);
      const { load, p95_latency_s } = level;
      return requests_per_sec === null || p95_latency_s === null ? [] : [{ load, requests_per_sec, p95_latency_s }];
    });
  return {
    unit: first.unit,
    max_sustainable_load: held.at(-1)?.load ?? null,
    breaking_point: broken,
    knee: kneeOf(curve),
    stable_levels: held.map(({ load }) => load),
    cut_off_levels: levels
      .filter(isCutOff)
      .map(({ load }) => load)
      .toSorted((a, b) => a - b),
  };
}

/**
 * The knee of the throughput/latency curve: of the levels in the order of their load, both axes scaled to 0..1, the one that lies farthest from the
 * chord between the first and the last level, on the side of more throughput and less latency. Source of the criterion: Satopaa, Albrecht, Irwin
 * and Raghavan, 'Finding a "Kneedle" in a Haystack: Detecting Knee Points in System Behavior', ICDCS Workshops 2011; without its smoothing, of which a dozen levels allow none.
 */
export function kneeOf(levels: readonly { load: number; requests_per_sec: number; p95_latency_s: number }[]): SearchSummary['knee'] {
  const [first, last] = [levels[0], levels.at(-1)];
  if (!first || !last || levels.length < 3) return null;
  const x = scaled(levels.map((level) => level.requests_per_sec));
  const y = scaled(levels.map((level) => level.p95_latency_s));
  if (!x || !y) return null;
  const [dx, dy] = [(x.at(-1) as number) - (x[0] as number), (y.at(-1) as number) - (y[0] as number)];
  const length = Math.hypot(dx, dy);
  // Latency that falls with load, or a curve that ends where it began, has no trade to find.
  if (length === 0 || dy <= 0) return null;
  let knee: SearchSummary['knee'] = null;
  let farthest = leastBulge;
  levels.forEach((level, index) => {
    const distance = (dy * ((x[index] as number) - (x[0] as number)) - dx * ((y[index] as number) - (y[0] as number))) / length;
    if (distance <= farthest) return;
    farthest = distance;
    knee = { load: level.load, requests_per_sec: level.requests_per_sec, p95_latency_s: level.p95_latency_s };
  });
  return knee;
}

/** To 0..1; null where all are the same. */
function scaled(values: readonly number[]): number[] | null {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return high === low ? null : values.map((value) => (value - low) / (high - low));
}
