import type { ProfileTool } from '../../config/profile.ts';

/** A function in a profile, or how much more it has than in the base's. */
export interface ProfiledFunction {
  function: string;
  /** With its unit, as people read it: `1.20s`, `512kB`. */
  flat: string;
  /** Of the whole profile; of the base's where it is a difference. */
  flat_percent: number;
}

/** Profiles of one side, and what stands out in them; the member `profiles` of a result. */
export interface Profiles {
  cpu: { file: string; top: ProfiledFunction[] } | null;
  /** Where memory was allocated. */
  memory: { file: string; top: ProfiledFunction[] } | null;
  /** The functions that differ most from the base; null without one. */
  changed: { cpu: ProfiledFunction[]; memory: ProfiledFunction[] } | null;
  /** Why there is no profile, or no top of it; empty where all is well. */
  problems: string[];
  /** What took it; left out for component benchmarks, which write their own. */
  taken_by?: ProfileTool | null;
  /** How long a service was profiled under load. */
  seconds?: number | null;
  goroutines?: { file: string; total: number | null } | null;
}

/** What was captured of one service: paths of files. */
export interface Captured {
  tool: ProfileTool;
  seconds: number;
  cpu: string | null;
  memory: string | null;
  goroutines: { file: string; total: number | null } | null;
  problems: string[];
}

/** The files in a folder of profiles; those of the base are in `base` below it. */
export const profileFiles = {
  cpu: 'cpu.prof',
  memory: 'mem.prof',
  goroutines: 'goroutine.prof',
  node: 'cpu.cpuprofile',
  'py-spy': 'cpu.collapsed.txt',
  perf: 'cpu.perf.data',
} as const;

/** How many functions are named. */
export const mostFunctions = 10;

/** What is shown of a failure. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n').slice(0, 3).join(' ');
