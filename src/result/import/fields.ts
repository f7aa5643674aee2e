import { isObject } from '../../config/is-object.ts';
import type { Statistic } from '../document.ts';

export type Members = Record<string, unknown>;

/** The members of an object; none of anything else. */
export function membersOf(value: unknown): Members {
  return isObject(value) ? value : {};
}

/** The items of a list; none of anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A number, also one that JSON cannot hold and other languages write as text (`"NaN"`, `"Infinity"`); null where there is none. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity' || value === 'inf') return Number.POSITIVE_INFINITY;
  return value === '-Infinity' || value === '-inf' ? Number.NEGATIVE_INFINITY : null;
}

/** A text that says something; null for anything else. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A number times a factor; null stays null. */
export function scaled(value: unknown, factor: number): number | null {
  const number = numberOf(value);
  return number === null ? null : number * factor;
}

/**
 * The statistics of a distribution under a tool's own names for them.
 * @param names statistic -> the tool's member, or several of which the first that is there counts
 */
export function summaryOf(
  members: Members,
  names: Partial<Record<Statistic, string | readonly string[]>>,
  factor: number,
): Partial<Record<Statistic, number>> {
  const summary: Partial<Record<Statistic, number>> = {};
  for (const [statistic, name] of Object.entries(names)) {
    const value = (typeof name === 'string' ? [name] : name).map((one) => scaled(members[one], factor)).find((one) => one !== null);
    if (value !== undefined && value !== null) summary[statistic as Statistic] = value;
  }
  return summary;
}

/** Whether an object has every one of these members. */
export function has(value: unknown, ...names: readonly string[]): value is Members {
  return isObject(value) && names.every((name) => Object.hasOwn(value, name));
}

/** A series' id: the tool, then what sets this load apart, as far as it is stated. */
export function loadId(tool: string, labels: Record<string, unknown>): { series: string; labels: Record<string, string | number> } {
  const stated = Object.entries(labels).filter(
    (label): label is [string, string | number] => typeof label[1] === 'string' || typeof label[1] === 'number',
  );
  return { series: [tool, ...stated.map(([name, value]) => `${name}=${value}`)].join('/'), labels: Object.fromEntries(stated) };
}

/** A date as ISO 8601: from seconds since 1970 or from text; null where it is none. */
export function isoOf(value: unknown): string | null {
  const date = typeof value === 'number' ? new Date(value * 1000) : typeof value === 'string' ? new Date(value) : null;
  return date === null || Number.isNaN(date.getTime()) ? null : date.toISOString();
}
