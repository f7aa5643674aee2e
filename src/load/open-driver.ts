import type { Alarm } from './alarm.ts';
import type { Driver, DriverHooks } from './driver.ts';
import { Ending } from './driver.ts';
import type { OpenPacer, StopReason } from './executor.ts';

/** Which arrivals of a schedule are this thread's: every `of`-th, from `first` on. */
export interface Share {
  first: number;
  of: number;
}

/** Arrivals by a schedule that does not wait for answers. */
export class OpenDriver implements Driver {
  dropped = 0;
  private readonly pacer: OpenPacer;
  private readonly limits: { requests: number | null; durationMs: number | null };
  private readonly startMs: number;
  private readonly share: Share;
  private readonly firstIndex: number;
  private readonly hooks: DriverHooks;
  private readonly alarm: Alarm;
  private readonly ending: Ending;
  private position = 0;
  /** The next own arrival; null after the last. */
  private upcoming: { index: number; dueMs: number } | null = null;

  /** @param startMs performance.now() of the schedule's zero */
  constructor(
    pacer: OpenPacer,
    options: { requests: number | null; durationMs: number | null; startMs: number; share: Share; firstIndex: number; alarm: Alarm },
    hooks: DriverHooks,
  ) {
    this.pacer = pacer;
    this.limits = options;
    this.startMs = options.startMs;
    this.share = options.share;
    this.firstIndex = options.firstIndex;
    this.alarm = options.alarm;
    this.hooks = hooks;
    this.ending = new Ending(hooks, () => this.alarm.cancel());
  }

  begin(): void {
    this.upcoming = this.nextOwn();
    this.alarm.onDue = () => this.sendDue();
    this.sendDue();
  }

  endSending(reason: StopReason): void {
    this.upcoming = null;
    this.ending.end(reason);
  }

  answered(): void {
    this.ending.finishIfDrained();
  }

  /** Sends whatever is due, then sets the alarm for the next. */
  private sendDue(): void {
    while (this.ending.reason === null && this.upcoming !== null && this.upcoming.dueMs <= performance.now()) {
      const { index, dueMs } = this.upcoming;
      if (this.hooks.inFlight() >= this.pacer.maxInFlight) this.dropped++;
      else this.hooks.send(-1, index, dueMs);
      this.upcoming = this.nextOwn();
    }
    if (this.ending.reason !== null) return;
    if (this.upcoming !== null) this.alarm.set(this.upcoming.dueMs);
    else this.endAfterSchedule();
  }

  /** A phase with a duration lasts that long, also when its last arrival comes earlier. */
  private endAfterSchedule(): void {
    const { durationMs } = this.limits;
    if (durationMs === null) this.ending.end('completed');
    else this.ending.later(this.startMs + durationMs - performance.now(), () => this.ending.end('duration'));
  }

  private nextOwn(): { index: number; dueMs: number } | null {
    const { requests, durationMs } = this.limits;
    for (;;) {
      const at = this.position;
      if (requests !== null && at >= requests) return null;
      const offsetMs = this.pacer.next();
      if (offsetMs === null || (durationMs !== null && offsetMs >= durationMs)) return null;
      this.position++;
      if (at % this.share.of === this.share.first) return { index: this.firstIndex + at, dueMs: this.startMs + offsetMs };
    }
  }
}
