import type { RequestRecord } from '../measure/record.ts';
import { type Dialogues, indexOf } from '../workload/dialogues.ts';
import type { DriverHooks } from './driver.ts';
import type { ClosedPacer } from './executor.ts';
import { UsersDriver } from './users-driver.ts';

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
 * Without a duration the planned conversations are held once, each to its end.
 */
export class ConversationDriver extends UsersDriver {
  private readonly dialogues: Dialogues;
  private readonly talks = new Map<number, Talk>();

  constructor(pacer: ClosedPacer, durationMs: number | null, startMs: number, dialogues: Dialogues, hooks: DriverHooks) {
    super(pacer, durationMs, startMs, hooks);
    this.dialogues = dialogues;
  }

  protected start(): void {
    const users = this.pacer.usersAt(0);
    for (let user = 0; user < users && this.ending.reason === null; user++) this.next(user);
    if (users === 0) this.endSending('completed');
  }

  override answered(user: number, record: RequestRecord, text: string | null): void {
    const talk = this.talks.get(user);
    if (talk) {
      talk.answers.push(text ?? '');
      talk.turn++;
      if (record.error !== null || talk.turn === talk.turns) this.talks.delete(user);
    }
    super.answered(user, record, text);
  }

  /** The next turn of the user's conversation, or the first of its next one. */
  protected next(user: number): void {
    if (this.ending.reason === null) {
      const talk = this.talks.get(user) ?? this.open();
      if (talk !== null) {
        this.talks.set(user, talk);
        this.hooks.send(user, indexOf(talk.number, talk.turn), performance.now(), talk.answers);
      } else if (this.talks.size === 0) this.ending.reason = 'completed';
    }
    this.ending.finishIfDrained();
  }

  private open(): Talk | null {
    const number = this.hooks.takeIndex();
    if (number === null || (this.durationMs === null && number >= this.dialogues.planned)) return null;
    return { number, turn: 0, turns: this.dialogues.of(number).turns, answers: [] };
  }
}
