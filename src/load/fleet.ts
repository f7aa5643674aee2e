import type { Worker } from 'node:worker_threads';
import type { RequestRecord } from '../measure/record.ts';
import type { ClientFigures } from '../measure/validity.ts';
import type { PhaseOutcome, StopReason } from './executor.ts';
import type { Command, Report } from './messages.ts';
import type { CountsOfPhase } from './phase-counts.ts';
import type { LoadPlan } from './plan.ts';
import { RowReader } from './rows.ts';
import { giveBack, takeThread } from './threads.ts';

export interface FleetEvents {
  /** Requests that ended, in the order they ended within each worker. */
  onRecords(records: Iterable<RequestRecord>, inFlight: number): void;
}

/** What a phase came to over all workers. */
export interface FleetOutcome {
  stopReason: StopReason;
  dropped: number;
  /** Times are of the shared clock. */
  startMs: number;
  endedMs: number;
  /** Of each worker. */
  counts: CountsOfPhase[];
}

interface Member {
  thread: Worker;
  onBatch: (report: Report) => void;
  onError: (error: unknown) => void;
  onExit: (code: number) => void;
  reader: RowReader;
  inFlight: number;
}

/** The same for all, or for the worker of an index. */
type Told = Command | ((index: number) => Command);
type Warmed = Extract<Report, { type: 'warmed' }>;

/** The load workers of this machine, driven in step. */
export class Fleet {
  private readonly members: Member[] = [];
  private readonly counters = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  private readonly events: FleetEvents;
  private failure: Error | null = null;
  /** Every thread has its plan, and so something to close. */
  private prepared = false;

  /** Takes threads that wait, and starts those that lack; they load while the caller prepares the plan. */
  constructor(workers: number, entryUrl: URL, events: FleetEvents) {
    this.events = events;
    for (let index = 0; index < workers; index++) {
      const member: Member = {
        thread: takeThread(entryUrl),
        onBatch: (report) => {
          if (report.type === 'batch') this.take(member, report);
        },
        onError: (error) => {
          this.failure ??= error instanceof Error ? error : new Error(String(error));
        },
        onExit: (code) => {
          this.failure ??= new Error(`a load worker ended with code ${code}`);
        },
        reader: new RowReader(),
        inFlight: 0,
      };
      member.thread.on('message', member.onBatch);
      member.thread.on('error', member.onError);
      member.thread.on('exit', member.onExit);
      this.members.push(member);
    }
  }

  /** Gives every worker the plan and waits until each is ready to send. */
  async prepare(plan: LoadPlan): Promise<void> {
    await this.ask((index) => ({ type: 'plan', plan, index, counters: this.counters }), 'ready');
    this.prepared = true;
  }

  /** Opens connections and sends the warm-up; returns how the connections came up and how long the requests took, of each thread. */
  async warm(connections: number, requests: number, concurrency: number): Promise<Warmed[]> {
    const reports = await this.ask({ type: 'warm', connections, requests, concurrency }, 'warmed');
    return reports as Warmed[];
  }

  /** Runs the executor's next phase on every worker, begun at one time. */
  async run(outcome: PhaseOutcome | null, at: { originMs: number; startMs: number; firstIndex: number }): Promise<FleetOutcome> {
    new Int32Array(this.counters).fill(0);
    const ended = (await this.ask({ type: 'phase', outcome, ...at }, 'phase-ended')) as Extract<Report, { type: 'phase-ended' }>[];
    const told = ended.map((report) => report.stopReason);
    return {
      // A worker that was told to stop says why; the others may have completed their part.
      stopReason:
        told.find((reason) => reason !== 'completed' && reason !== 'duration') ?? told.find((reason) => reason === 'duration') ?? 'completed',
      dropped: ended.reduce((sum, report) => sum + report.dropped, 0),
      startMs: at.startMs,
      endedMs: Math.max(...ended.map((report) => report.endedMs)),
      counts: ended.map((report) => report.counts),
    };
  }

  /** How many users are active from now on. */
  setUsers(users: number): void {
    this.tell({ type: 'users', users });
  }

  endSending(reason: StopReason): void {
    this.tell({ type: 'end-sending', reason });
  }

  abort(reason: StopReason): void {
    this.tell({ type: 'abort', reason });
  }

  /** Closes connections and keeps the threads for the next load, or ends them where something failed; the figures of each are returned. */
  async close(): Promise<ClientFigures[]> {
    if (this.failure || !this.prepared) {
      await Promise.all(this.members.map(({ thread }) => thread.terminate()));
      return [];
    }
    const reports = (await this.ask({ type: 'close' }, 'closed')) as Extract<Report, { type: 'closed' }>[];
    // The threads are no longer this fleet's: what it is told from here on reaches nobody.
    for (const { thread, onBatch, onError, onExit } of this.members.splice(0)) {
      thread.off('message', onBatch);
      thread.off('error', onError);
      thread.off('exit', onExit);
      giveBack(thread);
    }
    return reports.map((report) => report.client);
  }

  private tell(command: Told): void {
    this.members.forEach(({ thread }, index) => {
      thread.postMessage(typeof command === 'function' ? command(index) : command);
    });
  }

  /** Sends a command to every worker and waits for each one's answer. @throws the error of a worker that died */
  private async ask(command: Told, answer: Report['type']): Promise<Report[]> {
    if (this.failure) throw this.failure;
    const answers = this.members.map(
      ({ thread }) =>
        new Promise<Report>((resolve, reject) => {
          const settle = () => {
            thread.off('message', onMessage);
            thread.off('error', onError);
            thread.off('exit', onExit);
          };
          const onMessage = (report: Report) => {
            if (report.type !== answer) return;
            settle();
            resolve(report);
          };
          const onError = (error: unknown) => {
            settle();
            reject(error);
          };
          // The member's own listener, which was there before, has said why.
          const onExit = () => onError(this.failure);
          thread.on('message', onMessage);
          thread.on('error', onError);
          thread.on('exit', onExit);
        }),
    );
    this.tell(command);
    return Promise.all(answers);
  }

  private take(member: Member, report: Extract<Report, { type: 'batch' }>): void {
    member.inFlight = report.inFlight;
    const inFlight = this.members.reduce((sum, one) => sum + one.inFlight, 0);
    this.events.onRecords(report.batch ? member.reader.read(report.batch) : [], inFlight);
  }
}
