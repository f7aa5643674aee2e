import { InvalidArgumentError } from 'commander';
import { parseDurationSeconds } from '../config/duration.ts';
import type { RunShape } from '../jobs/measure/shape.ts';
import { type CompatName, compatNames } from '../measure/compat.ts';

/** The flags of `run` and `check` that shape one invocation. */
export interface ShapeFlags {
  workers?: number | 'auto';
  shard?: RunShape['shard'];
  startAt?: number;
  compat?: CompatName;
  maxTotalTokens?: number;
  maxCost?: number;
}

/** `2/3`, counted from 1 -> { index: 1, count: 3 }. */
export function parseShard(text: string): RunShape['shard'] {
  const [, place, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text.trim()) ?? [];
  const shard = { index: Number(place) - 1, count: Number(count) };
  if (place === undefined || shard.index < 0 || shard.index >= shard.count)
    throw new InvalidArgumentError('expected I/N with I from 1 to N, such as 2/3 for the second of three machines');
  return shard;
}

/** An ISO time, seconds since 1970, or `+30s` from now -> ms since 1970. */
export function parseStartAt(text: string, nowMs = Date.now()): number {
  const trimmed = text.trim();
  if (trimmed.startsWith('+')) {
    const seconds = parseDurationSeconds(trimmed.slice(1));
    if (seconds !== null) return nowMs + seconds * 1000;
  } else if (/^\d{9,11}(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000;
  else if (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(trimmed)) {
    const ms = Date.parse(trimmed);
    if (!Number.isNaN(ms)) return ms;
  }
  throw new InvalidArgumentError('expected a time such as 2026-01-31T12:00:00Z, seconds since 1970 such as 1767225600, or +30s from now');
}

/** The value of --workers. Not null for `auto`: the parser of flags takes null for a flag without a value. @throws InvalidArgumentError */
export function parseWorkers(text: string): number | 'auto' {
  if (text === 'auto') return text;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 256) throw new InvalidArgumentError('expected auto or a whole number from 1 to 256');
  return count;
}

/** The value of --compat. @throws InvalidArgumentError */
export function parseCompat(text: string): CompatName {
  const name = compatNames.find((one) => one === text);
  if (name === undefined) throw new InvalidArgumentError(`expected ${compatNames.join(', ')}`);
  return name;
}

/** The value of --max-total-tokens, such as 1_000_000. @throws InvalidArgumentError */
export function parseTokens(text: string): number {
  const tokens = Number(text.replaceAll('_', ''));
  if (text.trim() === '' || !Number.isSafeInteger(tokens) || tokens < 1)
    throw new InvalidArgumentError('expected a whole number of tokens, at least 1');
  return tokens;
}

/** The value of --max-cost, in the currency of the target's prices. @throws InvalidArgumentError */
export function parseCost(text: string): number {
  const amount = Number(text);
  if (text.trim() === '' || !Number.isFinite(amount) || amount <= 0 || amount > 1e6)
    throw new InvalidArgumentError('expected an amount above 0, in the currency of the prices, such as 2.50');
  return amount;
}

/** What these flags say of a run; null where one is left out. */
export function shapeOf(flags: ShapeFlags): RunShape {
  return {
    workers: flags.workers ?? null,
    shard: flags.shard ?? { index: 0, count: 1 },
    startAtEpochMs: flags.startAt ?? null,
    compat: flags.compat ?? null,
    maxTotalTokens: flags.maxTotalTokens ?? null,
    maxCost: flags.maxCost ?? null,
  };
}
