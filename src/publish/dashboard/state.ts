import type { EarlierResult } from '../../report/history.ts';
import type { Alert } from './alert-book.ts';
import type { Columns } from './history.ts';
import type { LiveMetric, LiveSample } from './sample.ts';
import type { StatusRow } from './status.ts';

/** `run`: a measured run is looked at. `interactive`: the load is started from the page. `monitor`: a service is watched under no load of ours. */
export type DashboardMode = 'run' | 'interactive' | 'monitor';

/** What the service and the load are at. */
export type DashboardPhase = 'starting' | 'ready' | 'running' | 'stopping' | 'ended' | 'crashed';

/** The load as the page controls it. */
export interface LoadControlState {
  /** Users now, and those that were asked for. */
  users: number;
  wanted: number;
  spawn_rate: number | null;
  max_users: number;
}

/** Everything about the dashboard but the samples. */
export interface DashboardHead {
  mode: DashboardMode;
  phase: DashboardPhase;
  /** A sentence on why, where there is something to say. */
  note: string | null;
  target: string;
  scenario: string;
  /** What the baseline is called; null without one. */
  baseline: string | null;
  /** Whether the page may stop the load. */
  stoppable: boolean;
  control: LoadControlState | null;
  exportable: boolean;
  /** How far back figures of requests go. */
  window_seconds: number;
  /** Samplers with nothing to read, and why. */
  absent: { sampler: string; reason: string }[];
}

/** What a viewer gets at first. */
export interface DashboardState {
  head: DashboardHead;
  metrics: Record<string, LiveMetric>;
  columns: Columns;
  status: StatusRow[];
  alerts: Alert[];
}

/** What a viewer gets with every sample. `metrics`: those that came up since the last. */
export interface SampleEvent extends LiveSample {
  status: StatusRow[];
  metrics?: Record<string, LiveMetric>;
}

export type TrendAnswer = { results: EarlierResult[] };
