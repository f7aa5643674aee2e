import type { RequestRecord } from '../measure/record.ts';
import { type Driver, type DriverHooks, Ending } from './driver.ts';
import type { ClosedPacer, StopReason } from './executor.ts';

/** A user whose connection failed waits this long before its next request, or a dead server would be hammered by a spinning loop. */
const pauseAfterConnectionErrorMs = 50;

/** Users who each wait for their answer before they go on: when they begin, how long they pause, and how the phase ends. */
export abstract class UsersDriver implements Driver {
  readonly dropped = 0;
  protected readonly pacer: ClosedPacer;
  protected readonly durationMs: number | null;
  protected readonly startMs: number;
  protected readonly hooks: DriverHooks;
  protected readonly ending: Ending;

  /** @param durationMs null: until there is nothing left to send. @param startMs performance.now() at which the phase begins */
  constructor(pacer: ClosedPacer, durationMs: number | null, startMs: number, hooks: DriverHooks) {
    this.pacer = pacer;
    this.durationMs = durationMs;
    this.startMs = startMs;
    this.hooks = hooks;
    this.ending = new Ending(hooks);
  }

  /** The phase's time has come. */
  protected abstract start(): void;
  /** Sends what the user has to send next, or lets it go. */
  protected abstract next(user: number): void;

  begin(): void {
    if (this.durationMs !== null) this.ending.later(this.startMs + this.durationMs - performance.now(), () => this.endOfTime());
    this.ending.later(this.startMs - performance.now(), () => this.start());
  }

  endSending(reason: StopReason): void {
    this.ending.end(reason);
  }

  private endOfTime(): void {
    // All had been sent by then: it was not the time that ended the sending.
    if (this.hooks.exhausted()) this.ending.reason ??= 'completed';
    this.endSending('duration');
  }

  answered(user: number, record: RequestRecord, _text: string | null): void {
    const { thinkMs } = this.pacer;
    const connectionFailed = record.error === 'refused' || record.error === 'client_limit' || record.error === 'reset' || record.error === 'dns';
    const pauseMs = connectionFailed ? Math.max(pauseAfterConnectionErrorMs, thinkMs) : thinkMs;
    if (pauseMs > 0 && this.ending.reason === null) this.ending.later(pauseMs, () => this.next(user));
    else this.next(user);
  }
}
