import { performance } from 'node:perf_hooks';
import { type Alarm, spinMs } from './alarm.ts';
import type { Driver, DriverHooks } from './driver.ts';
import { Ending } from './driver.ts';
import type { OpenPacer, StopReason } from './executor.ts';

/** Which arrivals of a schedule are this thread's: every `of`-th, from `first` on. */
export interface Share {
  first: number;
  of: number;
}

interface Arrival {
  index: number;
  dueMs: number;
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
  /** Own arrivals that the alarm knows of, in order. */
  private readonly coming: Arrival[] = [];
  /** The next one, which it does not know of; null after the last. */
  private upcoming: Arrival | null = null;

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
    this.alarm.onDue = () => this.sendDue(true);
    this.lookAhead();
    this.sendDue(false);
  }

  endSending(reason: StopReason): void {
    this.coming.length = 0;
    this.upcoming = null;
    this.ending.end(reason);
  }

  answered(): void {
    this.ending.finishIfDrained();
  }

  /** Sends whatever is due, and waits for the next. @param rung the alarm says that something is */
  private sendDue(rung: boolean): void {
    const { coming } = this;
    if (rung) this.awaitFirst();
    this.lookAhead();
    while (this.ending.reason === null) {
      // Where the alarm has no room left because it is behind, the next arrival is still the sender's to send in time.
      const first = coming[0] ?? this.upcoming;
      if (first === null || first.dueMs > performance.now()) break;
      if (first === coming[0]) coming.shift();
      else this.upcoming = this.nextOwn();
      this.lookAhead();
      if (this.hooks.inFlight() >= this.pacer.maxInFlight) this.dropped++;
      else this.hooks.send(-1, first.index, first.dueMs);
    }
    if (this.ending.reason === null && coming.length === 0 && this.upcoming === null) this.endAfterSchedule();
  }

  /** The alarm rings a little early, because it cannot know how long its ring takes to be heard; the request is made before the rest is waited for. */
  private awaitFirst(): void {
    const first = this.coming[0];
    if (first === undefined) return;
    const lateMs = performance.now() - first.dueMs;
    if (lateMs < -spinMs) return;
    if (lateMs < 0) this.hooks.prepare?.(first.index);
    this.alarm.woke(performance.now() - first.dueMs);
    while (performance.now() < first.dueMs);
  }

  /** Tells the alarm of as many arrivals as it has room for. */
  private lookAhead(): void {
    while (this.upcoming !== null && this.alarm.add(this.upcoming.dueMs)) {
      this.coming.push(this.upcoming);
      this.upcoming = this.nextOwn();
    }
  }

  /** A phase with a duration lasts that long, also when its last arrival comes earlier. */
  private endAfterSchedule(): void {
    const { durationMs } = this.limits;
    if (durationMs === null) this.ending.end('completed');
    else this.ending.later(this.startMs + durationMs - performance.now(), () => this.ending.end('duration'));
  }

  private nextOwn(): Arrival | null {
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
