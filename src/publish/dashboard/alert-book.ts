import type { AlertFinding } from './alert-rules.ts';

/** An alert as it is shown, posted and kept. Times are epoch ms. */
export interface Alert extends Omit<AlertFinding, 'atOnce'> {
  id: number;
  sinceMs: number;
  toldMs: number;
  /** When it was over; null while it lasts. */
  overMs: number | null;
  /** Until when the same trouble is not told again. */
  quietUntilMs: number;
}

/** What changed with a sample. */
export interface AlertChange {
  told: Alert[];
  over: Alert[];
}

interface Trouble {
  sinceMs: number;
  seenMs: number;
  /** Null before it was told. */
  alert: Alert | null;
}

const mostKept = 200;
/** A figure that dips within its limit for a moment is still the same trouble. */
const graceMs = 3_000;

/** Turns findings into alerts: only what lasts, each told once within its cool-down, with a bounded history. Pure but for its own memory. */
export class AlertBook {
  private readonly coolDownMs: number;
  private readonly sustainedMs: number;
  private readonly troubles = new Map<string, Trouble>();
  private readonly quietUntil = new Map<string, number>();
  private kept: Alert[] = [];
  private nextId = 1;

  constructor(options: { coolDownMs: number; sustainedMs: number }) {
    this.coolDownMs = options.coolDownMs;
    this.sustainedMs = options.sustainedMs;
  }

  /** Newest first; those that last are among them. */
  history(): Alert[] {
    return this.kept.toReversed();
  }

  /** Takes over what an earlier process told: it is over, and its cool-down goes on. */
  restore(alerts: readonly Alert[], nowMs: number): void {
    for (const alert of alerts) {
      this.keep({ ...alert, overMs: alert.overMs ?? nowMs });
      this.quietUntil.set(alert.key, Math.max(alert.quietUntilMs, this.quietUntil.get(alert.key) ?? 0));
      this.nextId = Math.max(this.nextId, alert.id + 1);
    }
  }

  update(findings: readonly AlertFinding[], nowMs: number): AlertChange {
    const change: AlertChange = { told: [], over: [] };
    for (const finding of findings) {
      const known = this.troubles.get(finding.key);
      const trouble = known ?? { sinceMs: nowMs, seenMs: nowMs, alert: null };
      trouble.seenMs = nowMs;
      this.troubles.set(finding.key, trouble);
      if (trouble.alert !== null) {
        trouble.alert.detail = finding.detail;
        trouble.alert.severity = finding.severity;
        continue;
      }
      if (!finding.atOnce && nowMs - trouble.sinceMs < this.sustainedMs) continue;
      if (nowMs < (this.quietUntil.get(finding.key) ?? 0)) continue;
      trouble.alert = this.tell(finding, trouble.sinceMs, nowMs);
      change.told.push(trouble.alert);
    }
    for (const [key, trouble] of this.troubles) {
      if (nowMs - trouble.seenMs < graceMs) continue;
      this.troubles.delete(key);
      if (trouble.alert === null) continue;
      trouble.alert.overMs = trouble.seenMs;
      change.over.push(trouble.alert);
    }
    return change;
  }

  private tell({ atOnce: _, ...finding }: AlertFinding, sinceMs: number, nowMs: number): Alert {
    const alert: Alert = { ...finding, id: this.nextId++, sinceMs, toldMs: nowMs, overMs: null, quietUntilMs: nowMs + this.coolDownMs };
    this.quietUntil.set(finding.key, alert.quietUntilMs);
    for (const [key, until] of this.quietUntil) if (until < nowMs) this.quietUntil.delete(key);
    this.keep(alert);
    return alert;
  }

  private keep(alert: Alert): void {
    this.kept.push(alert);
    if (this.kept.length > mostKept) this.kept.shift();
  }
}
