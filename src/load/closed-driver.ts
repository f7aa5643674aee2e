import type { RequestRecord } from '../measure/record.ts';
import type { Driver, DriverHooks } from './driver.ts';
import { Ending } from './driver.ts';
import type { ClosedPacer, StopReason } from './executor.ts';

/** A user whose connection was refused or reset waits this long before its next request, or a dead server would be hammered by a spinning loop. */
const pauseAfterConnectionErrorMs = 50;

/** Users who each wait for their answer before the next request. */
export class ClosedDriver implements Driver {
  readonly dropped = 0;
  private readonly pacer: ClosedPacer;
  private readonly durationMs: number | null;
  private readonly hooks: DriverHooks;
  private readonly ending: Ending;
  private readonly startMs: number;
  /** Users at work, thinking or waiting for an answer; a user who is to leave stays among them until then. */
  private readonly active = new Set<number>();

  /** @param startMs performance.now() at which the phase begins */
  constructor(pacer: ClosedPacer, durationMs: number | null, startMs: number, hooks: DriverHooks) {
    this.pacer = pacer;
    this.durationMs = durationMs;
    this.startMs = startMs;
    this.hooks = hooks;
    this.ending = new Ending(hooks);
  }

  begin(): void {
    if (this.durationMs !== null) this.ending.later(this.startMs + this.durationMs - performance.now(), () => this.endSending('duration'));
    this.ending.later(this.startMs - performance.now(), () => this.adjustUsers());
  }

  endSending(reason: StopReason): void {
    this.ending.end(reason);
  }

  usersChanged(): void {
    if (performance.now() >= this.startMs) this.adjustUsers();
  }

  answered(user: number, record: RequestRecord): void {
    const { thinkMs } = this.pacer;
    const connectionFailed = record.error === 'refused' || record.error === 'reset' || record.error === 'dns';
    const pauseMs = connectionFailed ? Math.max(pauseAfterConnectionErrorMs, thinkMs) : thinkMs;
    if (pauseMs > 0 && this.ending.reason === null) this.ending.later(pauseMs, () => this.next(user));
    else this.next(user);
  }

  /** Starts or retires users as the pacer says, now and at each of its changes. */
  private adjustUsers(): void {
    const elapsedMs = Math.max(0, performance.now() - this.startMs);
    const wanted = this.pacer.usersAt(elapsedMs);
    for (let user = 0; user < wanted && this.ending.reason === null; user++) {
      if (this.active.has(user)) continue;
      this.active.add(user);
      this.next(user);
    }
    const nextChangeMs = this.pacer.nextChangeMs(elapsedMs);
    if (nextChangeMs !== null && this.ending.reason === null) this.ending.later(nextChangeMs - elapsedMs, () => this.adjustUsers());
    // Of few users among many threads or machines none may fall to this one: the requests are then the others' to send.
    else if (this.active.size === 0 && this.durationMs === null) this.endSending('completed');
  }

  private next(user: number): void {
    if (this.ending.reason === null) {
      const nowMs = performance.now();
      // The highest users go first when their number falls; `adjustUsers` starts them again when it rises.
      if (user >= this.pacer.usersAt(Math.max(0, nowMs - this.startMs))) {
        this.active.delete(user);
      } else {
        const index = this.hooks.takeIndex();
        if (index === null) this.ending.reason = 'completed';
        else this.hooks.send(user, index, nowMs);
      }
    }
    this.ending.finishIfDrained();
  }
}
