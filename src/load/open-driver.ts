import { performance } from 'node:perf_hooks';
import type { Alarm } from './alarm.ts';
import type { Driver, DriverHooks } from './driver.ts';
import { Ending } from './driver.ts';
import type { OpenPacer, StopReason } from './executor.ts';
import type { InFlightLimit } from './in-flight-limit.ts';

/** Which arrivals of a schedule are this thread's: every `of`-th, from `first` on. */
export interface Share {
  first: number;
  of: number;
}

interface Arrival {
  index: number;
  dueMs: number;
}

/** A sender that is behind sends for so long at one go, ms; then what came in is read, and whoever wants it to end is heard. */
const atOneGoMs = 5;

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
  private readonly room: InFlightLimit;
  private readonly ending: Ending;
  private position = 0;
  /** Own arrivals that the alarm knows of, in order. */
  private readonly coming: Arrival[] = [];
  /** The next one, which it does not know of; null after the last. */
  private upcoming: Arrival | null = null;
  private givingWay = false;
  /** The phase has had its requests, those of other threads and machines among them. */
  private exhausted = false;
  /** Nothing but arrivals keeps the phase from ending. */
  private timeIsUp = false;

  /** @param options `startMs`: performance.now() of the schedule's zero; `room`: what all threads of the machine may have in flight */
  constructor(
    pacer: OpenPacer,
    options: {
      requests: number | null;
      durationMs: number | null;
      startMs: number;
      share: Share;
      firstIndex: number;
      alarm: Alarm;
      room: InFlightLimit;
    },
    hooks: DriverHooks,
  ) {
    this.pacer = pacer;
    this.limits = options;
    this.startMs = options.startMs;
    this.share = options.share;
    this.firstIndex = options.firstIndex;
    this.alarm = options.alarm;
    this.room = options.room;
    this.hooks = hooks;
    this.ending = new Ending(hooks, () => this.alarm.cancel());
  }

  begin(): void {
    this.upcoming = this.nextOwn();
    this.alarm.onDue = () => this.sendDue();
    const { durationMs } = this.limits;
    // A schedule that runs out of arrivals lasts as long as it was told to, one that has sent its requests does not. By the end all are due, and a sender that is behind sends them yet.
    if (durationMs === null) this.timeIsUp = true;
    else this.ending.later(this.startMs + durationMs - performance.now(), () => this.endOfTime());
    this.sendDue();
  }

  private endOfTime(): void {
    this.timeIsUp = true;
    // What was sent before is waited for, and not sent again.
    if (this.ending.reason !== null) this.ending.end('duration');
    else this.sendDue();
  }

  endSending(reason: StopReason): void {
    this.coming.length = 0;
    this.upcoming = null;
    this.ending.end(reason);
  }

  answered(): void {
    this.room.leave();
    this.ending.finishIfDrained();
  }

  /** Sends whatever is due, or was rung for. */
  private sendDue(): void {
    if (this.givingWay) return;
    const { coming } = this;
    const begunMs = performance.now();
    this.lookAhead();
    while (this.ending.reason === null) {
      this.awaitFirst();
      // Where the alarm has no room left because it is behind, the next arrival is still the sender's to send in time.
      const first = coming[0] ?? this.upcoming;
      const nowMs = performance.now();
      if (first === null || first.dueMs > nowMs) break;
      if (nowMs - begunMs > atOneGoMs) {
        this.giveWay();
        return;
      }
      if (first === coming[0]) coming.shift();
      else this.upcoming = this.nextOwn();
      this.lookAhead();
      if (this.room.enter()) this.hooks.send(-1, first.index, first.dueMs);
      else this.dropped++;
    }
    if (this.ending.reason === null && coming.length === 0 && this.upcoming === null && (this.exhausted || this.timeIsUp))
      this.ending.end(this.exhausted || this.limits.durationMs === null ? 'completed' : 'duration');
  }

  private giveWay(): void {
    this.givingWay = true;
    setImmediate(() => {
      this.givingWay = false;
      this.sendDue();
    });
  }

  /**
   * The alarm rings a little early, because it cannot know how long its ring takes to be heard; the request is made before the rest is waited for.
   * Exactly what was rung for is waited for: nothing rings for it again, and what is still pending has its own ring to come.
   */
  private awaitFirst(): void {
    const first = this.coming[0];
    // What is coming was added last, so whatever the alarm has yet to ring for is at its end.
    if (first === undefined || this.coming.length <= this.alarm.pending()) return;
    if (first.dueMs > performance.now()) this.hooks.prepare?.(first.index);
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

  private nextOwn(): Arrival | null {
    const { requests, durationMs } = this.limits;
    for (;;) {
      const at = this.position;
      if (requests !== null && at >= requests) {
        this.exhausted = true;
        return null;
      }
      const offsetMs = this.pacer.next();
      if (offsetMs === null || (durationMs !== null && offsetMs >= durationMs)) return null;
      this.position++;
      if (at % this.share.of === this.share.first) return { index: this.firstIndex + at, dueMs: this.startMs + offsetMs };
    }
  }
}
