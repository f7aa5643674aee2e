import type { Phase } from '../executor.ts';
import { closedPacer, milliseconds, openPacer } from './pacers.ts';
import { steadyArrivals } from './rate-curve.ts';
import { rampUsers } from './users-curve.ts';

export interface LevelOptions {
  unit: 'users' | 'rate';
  requests?: number | undefined;
  /** Seconds. */
  duration?: number | undefined;
  think_time?: number | undefined;
  max_in_flight: number;
  /** Users per second that join, from those of the level before on. */
  spawn_rate?: number | undefined;
  usersBefore?: number;
}

/** One load held for a while, under a label that names it. */
export function levelPhase(load: number, options: LevelOptions): Phase {
  const size = { requests: options.requests ?? null, durationMs: milliseconds(options.duration) };
  if (options.unit === 'rate') return { label: { rate: load }, ...size, pacer: openPacer(steadyArrivals(load), options.max_in_flight) };
  // One user at least begins at once: a level that starts with nobody would only start later.
  const from = options.spawn_rate === undefined ? load : Math.max(1, Math.min(load, options.usersBefore ?? 0));
  const changes = [{ atMs: 0, users: from }, ...rampUsers(0, ((load - from) * 1000) / (options.spawn_rate ?? 1), from, load)];
  return { label: { concurrency: load }, ...size, pacer: closedPacer(changes, load, options.think_time) };
}
