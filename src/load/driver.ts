import type { RequestRecord } from '../measure/record.ts';
import type { StopReason } from './executor.ts';

/** What a driver needs of the loop. */
export interface DriverHooks {
  /** The request of this index will be due within a moment: what can be made of it now need not be made then. */
  prepare?(index: number): void;
  /** Sends the request of an index; @param answers within a conversation what the server has said so far. */
  send(user: number, index: number, intendedMs: number, answers?: readonly string[]): void;
  /** The next index of a closed loop, shared by all workers; null when the phase has had its requests. */
  takeIndex(): number | null;
  /** Whether the phase has had its requests, all of them: nobody needs to wait for another. */
  exhausted(): boolean;
  inFlight(): number;
  /** No further request is sent. */
  sendingOver?(reason: StopReason): void;
  /** The phase is over and nothing is in flight any more. */
  done(reason: StopReason): void;
}

/** Sends the requests of one phase by its pacer. */
export interface Driver {
  begin(): void;
  /** A request of this driver ended. @param text of the answer, where it was kept */
  answered(user: number, record: RequestRecord, text: string | null): void;
  /** No further request is sent; the phase is done when the last answer is in. */
  endSending(reason: StopReason): void;
  /** The pacer's number of users was changed from outside. */
  usersChanged?(): void;
  /** Arrivals that were not sent because too many requests were in flight. */
  readonly dropped: number;
}

/** What a timer can wait for at most, ms: longer ones would fire at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** The end of a phase, alike for every driver: remembers the first reason, waits for what is in flight, and says so once. */
export class Ending {
  reason: StopReason | null = null;
  private finished = false;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly hooks: DriverHooks;
  private readonly onFinish: () => void;

  constructor(hooks: DriverHooks, onFinish: () => void = () => {}) {
    this.hooks = hooks;
    this.onFinish = onFinish;
  }

  end(reason: StopReason): void {
    this.reason ??= reason;
    // Also where all had been taken before: what waits for its next attempt is to hear of it.
    this.hooks.sendingOver?.(reason);
    this.finishIfDrained();
  }

  finishIfDrained(): void {
    if (this.finished || this.reason === null || this.hooks.inFlight() > 0) return;
    this.finished = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.onFinish();
    this.hooks.done(this.reason);
  }

  /** A timer that is dropped when the phase ends. Never early: timers know whole milliseconds, and count them from the loop's last look at the clock. */
  later(delayMs: number, action: () => void): void {
    const dueMs = performance.now() + delayMs;
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        const leftMs = dueMs - performance.now();
        if (leftMs > 0) this.later(leftMs, action);
        else action();
      },
      Math.min(Math.max(0, Math.ceil(delayMs)), longestTimerMs),
    );
    this.timers.add(timer);
  }
}
