import type { Meter, Snapshot } from '../measure/meter.ts';
import type { RequestRecord } from '../measure/record.ts';
import type { Protocol, WireContext } from '../protocol/protocol.ts';
import type { Transport } from '../protocol/transport.ts';
import type { Workload } from '../workload/workload.ts';
import type { ClosedPacer, Phase, PhaseOutcome, StopReason } from './executor.ts';
import { type Deadlines, Flight, type FlightDeck } from './flight.ts';
import { seriesId } from './series-id.ts';
import { brokenRule, type StopRules } from './stop-rules.ts';

const sweepIntervalMs = 50;
/** A user whose connection was refused or reset waits this long before its next request, or a dead server would be hammered by a spinning loop. */
const pauseAfterConnectionErrorMs = 50;

export interface LoopOptions {
  transport: Transport;
  protocol: Protocol;
  wire: WireContext;
  workload: Workload;
  deadlines: Deadlines;
  stop: StopRules;
  meter: Meter;
  /** Called on each sweep while a phase runs. */
  onSnapshot?: (snapshot: Snapshot) => void;
  /** Called for each measured request that ended. */
  onRecord?: (record: RequestRecord) => void;
  countTokens: ((text: string) => number) | null;
}

/** Drives phases of requests over one transport in one thread. */
export class LoadLoop implements FlightDeck {
  originMs = performance.now();
  countTokens: ((text: string) => number) | null;
  private readonly options: LoopOptions;
  private readonly idle: Flight[] = [];
  private readonly flying = new Set<Flight>();
  private nextIndex = 0;
  private phase: RunningPhase | null = null;
  private aborted: StopReason | null = null;

  constructor(options: LoopOptions) {
    this.options = options;
    this.countTokens = options.countTokens;
  }

  /** Sends `count` requests at a concurrency and forgets them. Their indices start at `firstIndex`. */
  async warmUp(count: number, concurrency: number, firstIndex: number): Promise<void> {
    if (count === 0 || this.aborted) return;
    const pacer: ClosedPacer = { kind: 'closed', usersAt: () => concurrency, nextChangeMs: () => null, maxUsers: concurrency, thinkMs: 0 };
    await new Promise<void>((resolve) =>
      this.begin({ label: {}, pacer, requests: count, durationMs: null }, { measured: false, firstIndex, resolve: () => resolve() }),
    );
  }

  /** The measured window starts now: times of records count from here. */
  start(): void {
    this.originMs = performance.now();
  }

  /** Runs one phase to its end, or to the rule that stopped it. What is in flight when the sending ends is waited for. */
  async run(phase: Phase): Promise<PhaseOutcome> {
    const { meter } = this.options;
    meter.beginPhase();
    const startedMs = performance.now();
    const stopReason =
      this.aborted ?? (await new Promise<StopReason>((resolve) => this.begin(phase, { measured: true, firstIndex: this.nextIndex, resolve })));
    const endedMs = performance.now();
    return { ...meter.snapshot(endedMs - this.originMs), durationMs: endedMs - startedMs, stopReason };
  }

  /** Stops at once: what is in flight is given up and counted as cancelled, neither succeeded nor failed. */
  abort(reason: StopReason): void {
    if (this.aborted) return;
    this.aborted = reason;
    this.phase?.endSending(reason);
    for (const flight of [...this.flying]) flight.abort('cancelled', `given up: ${reason}`);
  }

  ended(flight: Flight, record: RequestRecord): void {
    this.flying.delete(flight);
    const { meter, onRecord } = this.options;
    meter.inFlight = this.flying.size;
    if (flight.measured) {
      if (record.error === 'cancelled') meter.tally('cancelled', record.endMs, record.errorMessage);
      else {
        meter.record(record);
        onRecord?.(record);
      }
    }
    this.idle.push(flight);
    this.phase?.answered(flight.user, record);
  }

  private begin(phase: Phase, run: { measured: boolean; firstIndex: number; resolve: (reason: StopReason) => void }): void {
    const { pacer } = phase;
    if (pacer.kind !== 'closed') throw new Error('open-loop pacers are driven by the scheduled loop');
    this.phase = new RunningPhase(phase, pacer, {
      send: (user, index) => this.send(user, run.firstIndex + index, phase, run.measured),
      inFlight: () => this.flying.size,
      sweep: (running) => this.sweep(running, run.measured),
      done: (reason, sent) => {
        this.phase = null;
        if (run.measured) this.nextIndex += sent;
        run.resolve(this.aborted ?? reason);
      },
    });
    this.phase.begin();
  }

  private send(user: number, index: number, phase: Phase, measured: boolean): void {
    const { workload, protocol, wire, transport, meter } = this.options;
    const intendedMs = performance.now();
    const { spec, cell } = workload.request(index);
    const series = seriesId(cell.id, phase.label);
    const flight = this.idle.pop() ?? new Flight(this, protocol);
    flight.user = user;
    flight.measured = measured;
    this.flying.add(flight);
    meter.inFlight = this.flying.size;
    flight.launch(transport, protocol.encode(spec, wire), {
      index,
      series,
      meter: measured ? meter.seriesMeter(series) : null,
     
      intendedMs,
    });
  }

  private sweep(running: RunningPhase, measured: boolean): void {
    const nowMs = performance.now();
    const { deadlines, meter, stop, onSnapshot } = this.options;
    for (const flight of [...this.flying]) {
      const overdue = flight.overdue(nowMs, deadlines);
      if (overdue) flight.abort(overdue.kind, overdue.message);
    }
    if (!measured) return;
    meter.timeline.advance(nowMs - this.originMs, this.flying.size);
    const snapshot = meter.snapshot(nowMs - this.originMs);
    const broken = brokenRule(snapshot.phase, stop);
    if (broken) running.endSending(broken);
    onSnapshot?.(snapshot);
  }
}

interface PhaseHooks {
  send(user: number, index: number): void;
  inFlight(): number;
  sweep(running: RunningPhase): void;
  done(reason: StopReason, sent: number): void;
}

/** A closed phase under way: which users are active, what was sent, and when it is over. */
class RunningPhase {
  private readonly phase: Phase;
  private readonly pacer: ClosedPacer;
  private readonly hooks: PhaseHooks;
  private readonly startedMs = performance.now();
  private readonly timers = new Set<NodeJS.Timeout>();
  private sweeper: NodeJS.Timeout | null = null;
  private active = 0;
  private sent = 0;
  private stopReason: StopReason | null = null;
  private finished = false;

  constructor(phase: Phase, pacer: ClosedPacer, hooks: PhaseHooks) {
    this.phase = phase;
    this.pacer = pacer;
    this.hooks = hooks;
  }

  begin(): void {
    this.sweeper = setInterval(() => this.hooks.sweep(this), sweepIntervalMs);
    const { durationMs } = this.phase;
    if (durationMs !== null) this.later(durationMs, () => this.endSending('duration'));
    this.adjustUsers();
  }

  /** No further request is sent; the phase is done when the last answer is in. */
  endSending(reason: StopReason): void {
    if (this.stopReason === null) this.stopReason = reason;
    this.finishIfDrained();
  }

  answered(user: number, record: RequestRecord): void {
    const pauseMs =
      record.error === 'refused' || record.error === 'reset' || record.error === 'dns'
        ? Math.max(pauseAfterConnectionErrorMs, this.pacer.thinkMs)
        : this.pacer.thinkMs;
    if (pauseMs > 0 && this.stopReason === null) this.later(pauseMs, () => this.next(user));
    else this.next(user);
  }

  /** Starts or retires users as the pacer says, now and at each of its changes. */
  private adjustUsers(): void {
    const elapsedMs = performance.now() - this.startedMs;
    const wanted = this.pacer.usersAt(elapsedMs);
    while (this.active < wanted && this.stopReason === null) this.next(this.active++);
    const nextChangeMs = this.pacer.nextChangeMs(elapsedMs);
    if (nextChangeMs !== null) this.later(nextChangeMs - elapsedMs, () => this.adjustUsers());
  }

  private next(user: number): void {
    if (this.stopReason === null && this.phase.requests !== null && this.sent >= this.phase.requests) this.stopReason = 'completed';
    if (this.stopReason !== null) {
      this.finishIfDrained();
      return;
    }
    if (user >= this.pacer.usersAt(performance.now() - this.startedMs)) {
      this.active = Math.min(this.active, user);
      return;
    }
    this.hooks.send(user, this.sent++);
  }

  private finishIfDrained(): void {
    if (this.finished || this.stopReason === null || this.hooks.inFlight() > 0) return;
    this.finished = true;
    if (this.sweeper) clearInterval(this.sweeper);
    for (const timer of this.timers) clearTimeout(timer);
    this.hooks.done(this.stopReason, this.sent);
  }

  private later(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, delayMs);
    this.timers.add(timer);
  }
}
