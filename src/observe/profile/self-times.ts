import { mostFunctions, type ProfiledFunction } from './profiled.ts';

/** What each function spent by itself, without those that it called: microseconds, or samples. */
export type SelfTimes = ReadonlyMap<string, number>;

export type SelfUnit = 'us' | 'samples';

/** The functions that spent most by themselves. Pure. */
export function topOf(times: SelfTimes, unit: SelfUnit): ProfiledFunction[] {
  const total = sum(times);
  if (total <= 0) return [];
  return largest([...times].map(([name, value]) => ({ function: name, flat: shown(value, unit), flat_percent: percent(value, total) })));
}

/**
 * The functions whose own share of the whole changed most, in percent of the base's whole: both sides are brought to the same total first, so that a
 * few samples more or less are no change. Pure.
 */
export function changedOf(head: SelfTimes, base: SelfTimes, unit: SelfUnit): ProfiledFunction[] {
  const [all, before] = [sum(head), sum(base)];
  if (all <= 0 || before <= 0) return [];
  const names = new Set([...head.keys(), ...base.keys()]);
  return largest(
    [...names].map((name) => {
      const more = ((head.get(name) ?? 0) * before) / all - (base.get(name) ?? 0);
      return { function: name, flat: `${more > 0 ? '+' : ''}${shown(more, unit)}`, flat_percent: percent(more, before) };
    }),
  );
}

function largest(functions: ProfiledFunction[]): ProfiledFunction[] {
  return functions
    .filter(({ flat_percent: share }) => share !== 0)
    .toSorted((a, b) => Math.abs(b.flat_percent) - Math.abs(a.flat_percent))
    .slice(0, mostFunctions);
}

const sum = (times: SelfTimes): number => [...times.values()].reduce((total, value) => total + value, 0);
const percent = (value: number, total: number): number => Number(((100 * value) / total).toFixed(2));

function shown(value: number, unit: SelfUnit): string {
  if (unit === 'samples') return `${Math.round(value)} samples`;
  const ms = value / 1000;
  return Math.abs(ms) >= 1000 ? `${(ms / 1000).toFixed(2)}s` : `${ms.toFixed(Math.abs(ms) < 10 ? 1 : 0)}ms`;
}
