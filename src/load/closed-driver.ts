import { performance } from 'node:perf_hooks';
import type { RequestRecord } from '../measure/record.ts';
import { UsersDriver } from './users-driver.ts';

/** Users who send one request after the other, as many at a time as the pacer says. */
export class ClosedDriver extends UsersDriver {
  /** Users at work, thinking or waiting for an answer; a user who is to leave stays among them until then. */
  private readonly active = new Set<number>();

  usersChanged(): void {
    if (performance.now() >= this.startMs) this.start();
  }

  /** Starts or retires users as the pacer says, now and at each of its changes. */
  protected start(): void {
    const elapsedMs = Math.max(0, performance.now() - this.startMs);
    const wanted = this.pacer.usersAt(elapsedMs);
    for (let user = 0; user < wanted && this.ending.reason === null; user++) {
      if (this.active.has(user)) continue;
      this.active.add(user);
      this.next(user);
    }
    const nextChangeMs = this.pacer.nextChangeMs(elapsedMs);
    if (nextChangeMs !== null && this.ending.reason === null) this.ending.later(nextChangeMs - elapsedMs, () => this.start());
    // Of few users among many threads or machines none may fall to this one: the requests are then the others' to send.
    else if (this.active.size === 0 && this.durationMs === null) this.endSending('completed');
  }

  override answered(user: number, record: RequestRecord, text: string | null): void {
    // A pause that no request follows would count as time in which some could have been answered.
    if (this.ending.reason === null && this.hooks.exhausted()) this.ending.reason = 'completed';
    super.answered(user, record, text);
  }

  protected next(user: number): void {
    if (this.ending.reason === null) {
      const nowMs = performance.now();
      // The highest users go first when their number falls; `start` brings them back when it rises.
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
