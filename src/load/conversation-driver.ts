import type { RequestRecord } from '../measure/record.ts';
import { type Dialogues, indexOf } from '../workload/dialogues.ts';
import type { Driver, DriverHooks } from './driver.ts';
import { Ending } from './driver.ts';
import type { ClosedPacer, StopReason } from './executor.ts';

/** A user whose connection failed waits this long before its next conversation, or a dead server would be hammered by a spinning loop. */
const pauseAfterConnectionErrorMs = 50;

interface Talk {
  number: number;
  turn: number;
  turns: number;
  /** What the server has said, turn by turn. */
  answers: string[];
}

/**
 * Users who each hold one conversation at a time: a turn is sent when the one before it is answered, and carries that answer. Conversations are drawn from one
 * counter, so that which are held does not depend on who is quicker. A turn that fails ends its conversation: what would follow has lost its context.
 */
export class ConversationDriver implements Driver {
  readonly dropped = 0;
  private readonly pacer: ClosedPacer;
  private readonly durationMs: number | null;
  private readonly startMs: number;
  private readonly dialogues: Dialogues;
  private readonly hooks: DriverHooks;
  private readonly ending: Ending;
  private readonly talks = new Map<number, Talk>();

  /** @param durationMs null: the planned conversations are held once. @param startMs performance.now() at which the phase begins */
  constructor(pacer: ClosedPacer, durationMs: number | null, startMs: number, dialogues: Dialogues, hooks: DriverHooks) {
    this.pacer = pacer;
    this.durationMs = durationMs;
    this.startMs = startMs;
    this.dialogues = dialogues;
    this.hooks = hooks;
    this.ending = new Ending(hooks);
  }

  begin(): void {
    if (this.durationMs !== null) this.ending.later(this.startMs + this.durationMs - performance.now(), () => this.endSending('duration'));
    this.ending.later(this.startMs - performance.now(), () => {
      const users = this.pacer.usersAt(0);
      for (let user = 0; user < users && this.ending.reason === null; user++) this.converse(user);
      if (users === 0) this.endSending('completed');
    });
  }

  endSending(reason: StopReason): void {
    this.ending.end(reason);
  }

  answered(user: number, record: RequestRecord, text: string | null): void {
    const talk = this.talks.get(user);
    const { thinkMs } = this.pacer;
    const connectionFailed = record.error === 'refused' || record.error === 'reset' || record.error === 'dns';
    if (talk) {
      talk.answers.push(text ?? '');
      talk.turn++;
      if (record.error !== null || talk.turn === talk.turns) this.talks.delete(user);
    }
    const pauseMs = connectionFailed ? Math.max(pauseAfterConnectionErrorMs, thinkMs) : thinkMs;
    if (pauseMs > 0 && this.ending.reason === null) this.ending.later(pauseMs, () => this.converse(user));
    else this.converse(user);
  }

  /** The next turn of the user's conversation, or the first of its next one. */
  private converse(user: number): void {
    if (this.ending.reason === null) {
      const talk = this.talks.get(user) ?? this.open();
      if (talk === null) this.ending.reason = 'completed';
      else {
        this.talks.set(user, talk);
        this.hooks.send(user, indexOf(talk.number, talk.turn), performance.now(), talk.answers);
      }
    }
    this.ending.finishIfDrained();
  }

  private open(): Talk | null {
    const number = this.hooks.takeIndex();
    if (number === null || (this.durationMs === null && number >= this.dialogues.planned)) return null;
    return { number, turn: 0, turns: this.dialogues.of(number).turns, answers: [] };
  }
}
