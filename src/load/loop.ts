import { performance } from 'node:perf_hooks';
import type { GapRule } from '../measure/definitions.ts';
import type { RequestRecord } from '../measure/record.ts';
import { textPrint } from '../measure/text-print.ts';
import type { Answer, Found } from '../protocol/protocol.ts';
import type { WireRequest } from '../protocol/transport.ts';
import type { Cell } from '../workload/cells.ts';
import type { RequestSpec } from '../workload/request-spec.ts';
import { type Budget, inputBound, outputBound, type TokenBound } from './budget.ts';
import { ClosedDriver } from './closed-driver.ts';
import { ConversationDriver } from './conversation-driver.ts';
import type { Driver, DriverHooks } from './driver.ts';
import type { Phase, StopReason } from './executor.ts';
import { Flight, type FlightDeck } from './flight.ts';
import { InFlightLimit } from './in-flight-limit.ts';
import type { LoopOptions, LoopOutcome, LoopPhase } from './loop-options.ts';
import { OpenDriver } from './open-driver.ts';
import { steadyUsers } from './pacing/pacers.ts';
import { PhaseCounts } from './phase-counts.ts';
import type { Registered, SchemaRegistrar } from './registration.ts';
import { checkRetrieval } from './retrieval-check.ts';
import type { RetryPolicy } from './retry.ts';
import { seriesId } from './series-id.ts';

const sweepIntervalMs = 50;
/** Every so many sweeps each flight is looked at: once a second. */
const sweepsPerLook = 20;

/** One request that is due. */
interface Sending {
  user: number;
  index: number;
  intendedMs: number;
  phase: Phase;
  measured: boolean;
}

/** What a request is made of. */
interface Made {
  spec: RequestSpec;
  cell: Cell;
  wire: WireRequest;
}

function gaveUp({ ms, endedMs }: Registered, reason: StopReason): Registered {
  return { ms, endedMs, error: 'cancelled', message: `given up: ${reason}`, status: null };
}

/** Drives phases of requests over one transport in one thread. */
export class LoadLoop implements FlightDeck {
  originMs = performance.now();
  readonly countTokens: ((text: string) => number) | null;
  readonly retry: RetryPolicy | null;
  readonly replicaHeader: string | null;
  readonly gapRule: GapRule;
  readonly budget: Budget | null;
  readonly keepText: boolean;
  readonly counts = new PhaseCounts();
  sending = true;
  /** Registrations under way: their requests are neither sent nor given up. */
  private registering = 0;
  private readonly options: LoopOptions;
  private readonly idle: Flight[] = [];
  private readonly flying = new Set<Flight>();
  private driver: Driver | null = null;
  /** What the arrival that is waited for will send. */
  private ready: { index: number; made: Made } | null = null;
  private aborted: StopReason | null = null;
  private sweeps = 0;

  constructor(options: LoopOptions) {
    this.options = options;
    this.countTokens = options.countTokens;
    this.retry = options.retry;
    this.replicaHeader = options.replicaHeader ?? null;
    this.gapRule = options.gapRule;
    this.budget = options.budget;
    this.keepText = options.countTokens !== null || options.checker !== null || options.workload.dialogues !== undefined;
  }

  get inFlight(): number {
    return this.flying.size;
  }

  /** Sends `count` requests at a concurrency and forgets them. Their indices start at `firstIndex`. */
  async warmUp(count: number, concurrency: number, firstIndex: number): Promise<void> {
    if (count === 0 || this.aborted) return;
    let taken = 0;
    const phase: Phase = { label: {}, pacer: steadyUsers(concurrency), requests: count, durationMs: null };
    await this.run({
      phase,
      startMs: performance.now(),
      firstIndex,
      takeIndex: () => (taken < count ? firstIndex + taken++ : null),
      exhausted: () => taken >= count,
      measured: false,
    });
  }

  /** Runs one phase to its end, or until it is told to end. What is in flight when the sending ends is waited for. */
  async run(running: LoopPhase): Promise<LoopOutcome> {
    if (this.aborted) return { stopReason: this.aborted, dropped: 0, endedMs: performance.now() };
    const { phase } = running;
    this.sending = true;
    const sweeper = setInterval(() => this.sweep(), sweepIntervalMs);
    let driver: Driver | null = null;
    const stopReason = await new Promise<StopReason>((resolve) => {
      const hooks: DriverHooks = {
        prepare: (index) => this.prepare(index),
        send: (user, index, intendedMs, answers) => this.send({ user, index, intendedMs, phase, measured: running.measured }, answers),
        takeIndex: running.takeIndex,
        exhausted: running.exhausted,
        inFlight: () => this.flying.size + this.registering,
        sendingOver: (reason) => this.sendingOver(reason),
        done: resolve,
      };
      driver = this.driver = this.driverFor(running, hooks);
      driver.begin();
    });
    clearInterval(sweeper);
    this.driver = null;
    return { stopReason: this.aborted ?? stopReason, dropped: (driver as Driver | null)?.dropped ?? 0, endedMs: performance.now() };
  }

  /** Ends the sending of the phase under way, also of what waits for its next attempt; what is in flight is waited for. */
  endSending(reason: StopReason): void {
    this.driver?.endSending(reason);
  }

  /** The pacer of the phase under way says another number of users than before. */
  usersChanged(): void {
    this.driver?.usersChanged?.();
  }

  /** Stops at once: what is in flight is given up and counted as cancelled, neither succeeded nor failed. */
  abort(reason: StopReason): void {
    if (this.aborted) return;
    this.aborted = reason;
    this.driver?.endSending(reason);
    this.options.registrar?.abort(`given up: ${reason}`);
    for (const flight of [...this.flying]) flight.abort('cancelled', `given up: ${reason}`);
  }

  /** A load that has sent its requests waits for each to succeed; where a time, a rule or somebody ended it nothing is sent again. */
  private sendingOver(reason: StopReason): void {
    if (reason === 'completed' || this.aborted !== null) return;
    this.sending = false;
    for (const flight of [...this.flying]) flight.sendingOver();
  }

  sentAgain({ measured }: Flight, { error, errorMessage }: Answer): void {
    if (measured && error === 'client_limit') this.counts.addLimited(errorMessage);
  }

  ended(flight: Flight, record: RequestRecord, text: string | null, found: Found | undefined): void {
    const { measured, user } = flight;
    this.flying.delete(flight);
    this.idle.push(flight);
    // The next request goes out before this answer is looked into.
    this.driver?.answered(user, record, text);
    if (measured) this.options.onRecord(this.lookedInto(record, text, found));
    else this.options.onWarmUp(record);
  }

  /** What an answer's text says of it, where that is asked for. */
  private lookedInto(record: RequestRecord, text: string | null, found: Found | undefined): RequestRecord {
    if (record.error !== null) return record;
    const { checker, workload, neighbours } = this.options;
    if (checker !== null) Object.assign(record, checker.check(record.index, text ?? ''));
    if (workload.retrieval !== undefined && found !== undefined)
      Object.assign(record, checkRetrieval(workload.retrieval, neighbours, record.index, found));
    if (workload.dialogues !== undefined) record.answerPrint = textPrint(text ?? '');
    return record;
  }

  private driverFor({ phase, startMs, firstIndex, inFlight, measured }: LoopPhase, hooks: DriverHooks): Driver {
    const { pacer, requests, durationMs } = phase;
    const { dialogues } = this.options.workload;
    if (dialogues !== undefined && measured && pacer.kind === 'closed') return new ConversationDriver(pacer, durationMs, startMs, dialogues, hooks);
    if (pacer.kind === 'closed') return new ClosedDriver(pacer, durationMs, startMs, hooks);
    const { share, alarm } = this.options;
    const room = new InFlightLimit(pacer.maxInFlight, inFlight);
    return new OpenDriver(pacer, { requests, durationMs, startMs, share, firstIndex, alarm: alarm(), room }, hooks);
  }

  /** Makes a request that is due soon: a request is made by its index alone, where no schema goes with it. */
  private prepare(index: number): void {
    if (this.options.workload.schemas === undefined) this.ready = { index, made: this.make(index) };
  }

  private make(index: number, answers?: readonly string[]): Made {
    const { spec, cell } = this.options.workload.request(index, answers);
    return this.encoded(spec, cell);
  }

  private encoded(spec: RequestSpec, cell: Cell): Made {
    const { protocol, wire } = this.options;
    return { spec, cell, wire: protocol.encode(spec, wire) };
  }

  private send(sending: Sending, answers?: readonly string[]): void {
    const { workload, registrar } = this.options;
    if (workload.schemas === undefined) {
      const { ready } = this;
      this.launch(sending, ready?.index === sending.index ? ready.made : this.make(sending.index, answers), null, null);
      return;
    }
    const { spec, cell } = workload.request(sending.index, answers);
    const begun = performance.now();
    const schema = workload.schemas.call(sending.index);
    const schemaMs = schema === null ? null : performance.now() - begun;
    if (registrar === null || schema === null) this.launch(sending, this.encoded({ ...spec, schema }, cell), schemaMs, null);
    else void this.sendRegistered(sending, spec, cell, schemaMs, registrar.registered(schema, spec, workload.schemas.of(sending.index).schema));
  }

  private async sendRegistered(
    sending: Sending,
    spec: RequestSpec,
    cell: Cell,
    schemaMs: number | null,
    registering: ReturnType<SchemaRegistrar['registered']>,
  ): Promise<void> {
    this.registering++;
    const { told, ownMs } = await registering;
    this.registering--;
    const registered = this.aborted === null ? told : gaveUp(told, this.aborted);
    // The request's own time begins when it can be sent.
    const intendedMs = Math.max(sending.intendedMs, registered.endedMs);
    if ('schema' in registered) this.launch({ ...sending, intendedMs }, this.encoded({ ...spec, schema: registered.schema }, cell), schemaMs, ownMs);
    else {
      const flight = this.takeOff(sending.user, sending.measured);
      flight.refuse(registered, { index: sending.index, series: this.seriesOf(cell, sending.phase), intendedMs, schemaMs, registrationMs: ownMs });
    }
  }

  private launch(
    { user, index, intendedMs, phase, measured }: Sending,
    { spec, cell, wire }: Made,
    schemaMs: number | null,
    registrationMs: number | null,
  ): void {
    let bound: TokenBound | null = null;
    if (this.budget !== null) {
      bound = { input: inputBound(wire.body), output: outputBound(spec) ?? 0 };
      if (!this.budget.reserve(bound)) {
        this.driver?.endSending('budget');
        return;
      }
    }
    const series = this.seriesOf(cell, phase);
    const flight = this.takeOff(user, measured);
    const asked = spec.extraBody['model'] ?? spec.model;
    const expectedModel = this.options.checkModel && typeof asked === 'string' ? asked : null;
    const gaps = measured ? this.counts.gapsOf(series) : null;
    flight.launch(wire, { index, series, gaps, intendedMs, expectedModel, bound, schemaMs, registrationMs });
  }

  private takeOff(user: number, measured: boolean): Flight {
    const flight = this.idle.pop() ?? new Flight(this, this.options.protocol, this.options.transport);
    flight.user = user;
    flight.measured = measured;
    this.flying.add(flight);
    return flight;
  }

  private seriesOf(cell: Cell, phase: Phase): string {
    return seriesId(cell.id, phase.label, this.options.scenario);
  }

  /** Gives up what is over its time. Flights are in the order of their starts, so where only the whole answer has a deadline the first that keeps it ends the look, but for the one look a second at streams that are done and do not end. */
  private sweep(): void {
    const nowMs = performance.now();
    const { deadlines } = this.options;
    const inOrder = ++this.sweeps % sweepsPerLook > 0 && this.retry === null && deadlines.firstTokenMs === null && deadlines.idleMs === null;
    for (const flight of this.flying) {
      const overdue = flight.overdue(nowMs, deadlines);
      if (overdue) flight.abort(overdue.kind, overdue.message);
      else if (inOrder) return;
    }
  }
}
