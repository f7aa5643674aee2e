import { GapCounts, type GapState } from '../measure/gap-counts.ts';
import type { LimitedAttempts } from '../measure/meter.ts';

/** What a phase came to beside the records of its requests. */
export interface CountsOfPhase {
  /** Gaps between tokens, by series. */
  gaps: [string, GapState][];
  limited: LimitedAttempts;
}

/** Counts what is too much to be told request by request. */
export class PhaseCounts {
  private gaps = new Map<string, GapCounts>();
  private limited: LimitedAttempts = { attempts: 0, example: null };

  gapsOf(series: string): GapCounts {
    const known = this.gaps.get(series);
    if (known) return known;
    const gaps = new GapCounts();
    this.gaps.set(series, gaps);
    return gaps;
  }

  /** This machine had no room for an attempt, and another follows it. */
  addLimited(message: string | null): void {
    this.limited.attempts++;
    this.limited.example ??= message;
  }

  /** What was counted since the last call. */
  take(): CountsOfPhase {
    const { gaps, limited } = this;
    this.gaps = new Map();
    this.limited = { attempts: 0, example: null };
    return { gaps: [...gaps].map(([series, counts]) => [series, counts.state()]), limited };
  }
}
