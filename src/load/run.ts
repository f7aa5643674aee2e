import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../config/errors.ts';
import type { Prompt } from '../config/prompts.ts';
import type { Scenario } from '../config/scenario.ts';
import type { TargetConfig } from '../config/target.ts';
import type { ReplayRow } from '../config/trace-file.ts';
import { ConversationMeter, type Talk } from '../measure/conversation-meter.ts';
import { type Definition, ownDefinition } from '../measure/definitions.ts';
import { Meter, type Snapshot } from '../measure/meter.ts';
import type { RequestRecord } from '../measure/record.ts';
import type { ClientFigures } from '../measure/validity.ts';
import { createTransport, type TransportKind } from '../protocol/connect.ts';
import type { Answer, WireContext } from '../protocol/protocol.ts';
import { protocolOf } from '../protocol/registry.ts';
import type { WarmReport } from '../protocol/transport.ts';
import { type Dialogues, placeOf } from '../workload/dialogues.ts';
import { type Workload, warmupIndexBase } from '../workload/workload.ts';
import { Budget, type BudgetPlan, inputBound, outputBound } from './budget.ts';
import { busiest, idle } from './client-watch.ts';
import type { Executor, Phase, PhaseOutcome, StopReason } from './executor.ts';
import { Fleet } from './fleet.ts';
import type { LoadPlan } from './plan.ts';
import { probe } from './probe.ts';
import type { RetryPolicy } from './retry.ts';
import { seriesId } from './series-id.ts';
import { shareOf } from './share.ts';
import { brokenRule, type StopRules } from './stop-rules.ts';
import { wireContext } from './wire.ts';

/** From the message that starts a phase to its beginning: long enough for every worker to have read it. */
const phaseLeadMs = 5;
/** Before an agreed start: long enough to look after the connections once more. */
const lastLookMs = 1000;
/** Indices of a phase where machines share one: each can tell where the next phase's begin, whatever the others sent. */
const indicesPerPhase = 10_000_000;
const connectTimeoutMs = 10_000;
/** Longer than a worker gathers records before it sends them. */
const timelineLagMs = 500;
const maxHeaderBytes = 64 * 1024;
/** More open connections ahead of the first request would only delay it; an open schedule opens the rest as it needs them. */
const mostWarmed = 1024;

export interface LoadInput {
  scenario: Scenario;
  target: TargetConfig;
  baseUrl: string;
  /** The target's own headers, the API key among them. */
  targetHeaders: Readonly<Record<string, string>>;
  prompts: Prompt[];
  /** The requests of a recorded trace, for the executor that replays one. */
  trace?: readonly ReplayRow[];
  workload: Workload;
  executor: Executor<unknown>;
  transport: TransportKind;
  freshConnections: boolean;
  retry: RetryPolicy | null;
  userAgent: string;
  /** The file that worker threads are started from. */
  entryUrl: URL;
  /** Threads that send; null: one per spare core. */
  workers: number | null;
  /** This machine's part of a schedule that several share, and when it starts (epoch ms; null: at once). */
  shard: { index: number; count: number };
  startAtEpochMs: number | null;
  /** What times mean; left out: our own definitions. */
  definition?: Definition;
  /** What the run may use up, shared with the runs before and after it; left out: no limit. */
  budget?: BudgetPlan | null;
  /** Aborting stops the run and keeps what was measured; the signal's reason is the stop reason. */
  signal: AbortSignal;
  /** Awaited after the warm-up, before the measured window. */
  beforeMeasured?: () => Promise<void>;
  onSnapshot?: (snapshot: Snapshot) => void;
  onRecord?: (record: RequestRecord) => void;
}

/** One run of a scenario against a running service. */
export interface LoadOutcome {
  meter: Meter;
  /** Null where requests do not depend on each other. */
  conversations: ConversationMeter | null;
  phases: { phase: Phase; outcome: PhaseOutcome }[];
  started: string;
  durationSeconds: number;
  client: ClientFigures;
  workers: number;
  stopReason: StopReason;
  /** Output tokens were counted here, because the server reported none. */
  tokensCountedHere: boolean;
  /** What the request took that was sent ahead of everything else: to its first output (or its end, where it was not streamed), ms; null where none was, or it failed. */
  firstAnswerMs: number | null;
  warm: WarmReport[];
}

/** One thread per core that is left when the service has one; never none. */
export function spareWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** Warms up, then drives every phase of the scenario's executor. Requests that fail are results; nothing here throws for a failing server. */
export async function runLoad(input: LoadInput): Promise<LoadOutcome> {
  const users = shareOf(input.executor.concurrency(input.scenario.load), input.shard.index, input.shard.count);
  const workers = input.workers ?? Math.min(spareWorkers(), Math.max(1, users));
  const run = new LoadRun(input, workers);
  const onAbort = () => run.abort(input.signal.reason === 'service_crashed' ? 'service_crashed' : 'interrupted');
  input.signal.addEventListener('abort', onAbort, { once: true });
  if (input.signal.aborted) onAbort();
  try {
    return await run.go();
  } finally {
    input.signal.removeEventListener('abort', onAbort);
  }
}

class LoadRun {
  private readonly input: LoadInput;
  private readonly workers: number;
  private readonly fleet: Fleet;
  private readonly meter: Meter;
  private readonly rules: StopRules;
  private readonly conversations: ConversationMeter | null;
  private originEpochMs = 0;
  private aborted: StopReason | null = null;
  private measuring = false;
  private readonly warm: WarmReport[] = [];

  constructor(input: LoadInput, workers: number) {
    this.input = input;
    this.workers = workers;
    this.meter = new Meter(input.definition?.times, input.executor.slo?.(input.scenario.load));
    const { dialogues } = input.workload;
    this.conversations = dialogues === undefined ? null : new ConversationMeter((index) => talkOf(dialogues, index));
    const { stop } = input.scenario;
    this.rules = {
      maxErrorRate: stop?.max_error_rate ?? null,
      maxP95LatencyMs: stop?.max_p95_latency === undefined ? null : stop.max_p95_latency * 1000,
    };
    this.fleet = new Fleet(workers, input.entryUrl, { onRecords: (records, inFlight) => this.take(records, inFlight) });
  }

  abort(reason: StopReason): void {
    this.aborted ??= reason;
    this.fleet.abort(reason);
  }

  async go(): Promise<LoadOutcome> {
    const { input, fleet } = this;
    const { scenario, executor, shard } = input;
    const concurrency = shareOf(executor.concurrency(scenario.load), shard.index, shard.count);
    const ahead = Math.min(concurrency, executor.connectionsAhead?.(scenario.load) ?? concurrency);
    let closed = false;
    try {
      const learned = await this.learn();
      await fleet.prepare(this.plan(learned, concurrency));
      if (this.aborted) fleet.abort(this.aborted);
      this.warm.push(...(await fleet.warm(Math.min(ahead, mostWarmed), scenario.warmup, ahead)));
      await input.beforeMeasured?.();
      await this.awaitStart(Math.min(ahead, mostWarmed), ahead);
      const measured = await this.measure();
      this.addConnections(measured.phases[0]?.phase);
      const figures = await fleet.close();
      closed = true;
      // CPU and wall time are those of the whole process within the measured window; the rest is the busiest thread's.
      const client = { ...(busiest(figures) ?? idle), ...measured.client };
      return {
        ...measured,
        client,
        meter: this.meter,
        conversations: this.conversations,
        workers: this.workers,
        tokensCountedHere: learned.countTokens,
        firstAnswerMs: learned.firstAnswerMs,
        warm: this.warm,
      };
    } finally {
      if (!closed) await fleet.close().catch(() => {});
    }
  }

  /** Asks the server once what it can, before anything is measured. */
  private async learn(): Promise<{ wire: WireContext; countTokens: boolean; firstAnswerMs: number | null }> {
    const { scenario, workload, baseUrl, transport, freshConnections } = this.input;
    const wire = wireContext(this.input);
    const protocol = protocolOf(scenario.request);
    if (scenario.request.api === 'http' || !protocol || this.aborted) return { wire, countTokens: false, firstAnswerMs: null };
    const timeoutMs = Math.min(connectTimeoutMs, scenario.timeout * 1000);
    const connection = await createTransport({
      kind: transport,
      origin: new URL(baseUrl).origin,
      connections: 1,
      freshConnections,
      connectTimeoutMs: timeoutMs,
      maxHeaderBytes,
    });
    try {
      const ahead = warmupIndexBase - 1;
      const spec = { ...workload.request(ahead).spec, schema: workload.schemas?.call(ahead) ?? null };
      const budget = this.input.budget ? new Budget(this.input.budget) : null;
      const bound = { input: inputBound(protocol.encode(spec, wire).body), output: outputBound(spec) ?? 0 };
      if (budget !== null && !budget.reserve(bound)) {
        this.abort('budget');
        return { wire, countTokens: false, firstAnswerMs: null };
      }
      const sentMs = performance.now();
      const learned = await probe(connection, protocol, spec, wire, scenario.timeout * 1000, this.input.signal);
      const endMs = performance.now();
      const { inputTokens, outputTokens, firstOutputMs, error } = learned.answer;
      budget?.settle(bound, { input: inputTokens ?? 0, output: outputTokens ?? 0 });
      const firstAnswerMs = error === null ? (firstOutputMs ?? endMs) - sentMs : null;
      return { wire: learned.context, countTokens: reportsNoUsage(learned.answer), firstAnswerMs };
    } finally {
      await connection.close();
    }
  }

  private plan({ wire, countTokens }: { wire: WireContext; countTokens: boolean }, connections: number): LoadPlan {
    const { scenario, target, prompts, trace, baseUrl, transport, freshConnections, retry, shard } = this.input;
    const { name, model, max_tokens, tokenizer, replica_header } = target;
    return {
      scenario,
      target: {
        name,
        ...(model === undefined ? {} : { model }),
        ...(max_tokens === undefined ? {} : { max_tokens }),
        ...(tokenizer === undefined ? {} : { tokenizer }),
        ...(replica_header === undefined ? {} : { replica_header }),
      },
      prompts,
      trace: trace ?? [],
      origin: new URL(baseUrl).origin,
      wire,
      transport,
      freshConnections,
      connectTimeoutMs: Math.min(connectTimeoutMs, scenario.timeout * 1000),
      connections,
      deadlines: { totalMs: scenario.timeout * 1000, firstTokenMs: inMs(scenario.first_token_timeout), idleMs: inMs(scenario.idle_timeout) },
      gapRule: (this.input.definition ?? ownDefinition).gaps,
      budget: this.input.budget ?? null,
      retry,
      countTokens,
      shard,
      workers: this.workers,
    };
  }

  /**
   * Waits for the agreed start; connections that the server closed meanwhile are opened again.
   * @throws UserError (2) when it has passed: the other machines have begun
   */
  private async awaitStart(connections: number, concurrency: number): Promise<void> {
    const { startAtEpochMs, signal } = this.input;
    if (startAtEpochMs === null || this.aborted) return;
    const leftMs = startAtEpochMs - Date.now();
    if (leftMs < 0) {
      throw new UserError(`the start that was agreed on (--start-at) passed ${(-leftMs / 1000).toFixed(1)} s before this machine was ready`, {
        hint: 'Give a later time: the service has to be up and warm by then.',
      });
    }
    if (leftMs < 2 * lastLookMs) return;
    await sleep(leftMs - lastLookMs, undefined, { signal }).catch(() => {});
    if (!this.aborted) this.warm.push(...(await this.fleet.warm(connections, 0, concurrency)));
  }

  /** The connections that were opened ahead served the first class of the first phase before any other. */
  private addConnections(first: Phase | undefined): void {
    const cell = this.input.workload.cells[0];
    const series = first === undefined || cell === undefined ? null : seriesId(cell.id, first.label, this.input.scenario.name);
    for (const { opened, failed } of this.warm) this.meter.addConnections(series, opened, failed);
  }

  /** The agreed start on this process's clock, which a change of the system's clock does not move. */
  private agreedStart(): number | null {
    const { startAtEpochMs } = this.input;
    return startAtEpochMs === null ? null : startAtEpochMs - Date.now() + performance.timeOrigin + performance.now();
  }

  private async measure(): Promise<
    Pick<LoadOutcome, 'phases' | 'started' | 'durationSeconds' | 'stopReason'> & { client: Pick<ClientFigures, 'cpuSeconds' | 'wallSeconds'> }
  > {
    const { scenario, executor, shard } = this.input;
    const agreedEpochMs = this.agreedStart();
    const cpu = process.cpuUsage();
    const planned = executor.phases(scenario.load, scenario.seed, this.input.trace ?? []);
    const phases: LoadOutcome['phases'] = [];
    let stopReason: StopReason = this.aborted ?? 'completed';
    let firstIndex = 0;
    let previous: PhaseOutcome | null = null;
    let startedEpochMs: number | null = null;
    let endedEpochMs = 0;
    this.measuring = true;
    for (let next = planned.next(undefined as never); !next.done && this.aborted === null; next = planned.next(previous as PhaseOutcome)) {
      this.meter.beginPhase();
      const isFirst: boolean = startedEpochMs === null;
      const startEpochMs: number = isFirst && agreedEpochMs !== null ? agreedEpochMs : performance.timeOrigin + performance.now() + phaseLeadMs;
      if (isFirst) this.originEpochMs = startedEpochMs = startEpochMs;
      const ran = await this.fleet.run(previous, { originEpochMs: this.originEpochMs, startEpochMs, firstIndex });
      endedEpochMs = ran.endedEpochMs;
      for (const [series, gaps] of ran.gaps) this.meter.seriesMeter(series).addGaps(gaps);
      this.meter.dropped += ran.dropped;
      const snapshot = this.meter.snapshot(ran.endedEpochMs - this.originEpochMs);
      previous = { ...snapshot, durationMs: ran.endedEpochMs - ran.startEpochMs, stopReason: ran.stopReason, dropped: ran.dropped };
      phases.push({ phase: next.value, outcome: previous });
      firstIndex = shard.count > 1 ? phases.length * indicesPerPhase : firstIndex + snapshot.phase.succeeded + snapshot.phase.failed + ran.dropped;
      stopReason = ran.stopReason;
      if (
        stopReason === 'interrupted' ||
        stopReason === 'service_crashed' ||
        stopReason === 'budget' ||
        (!executor.continuesAfterStop && stopReason !== 'completed' && stopReason !== 'duration')
      )
        break;
    }
    this.measuring = false;
    const used = process.cpuUsage(cpu);
    const zero = startedEpochMs ?? performance.timeOrigin + performance.now();
    const durationSeconds = Math.max(0, (endedEpochMs - zero) / 1000);
    const client = { cpuSeconds: (used.user + used.system) / 1e6, wallSeconds: durationSeconds };
    return { phases, started: new Date(zero).toISOString(), durationSeconds, client, stopReason };
  }

  private take(records: Iterable<RequestRecord>, inFlight: number): void {
    const { meter, input } = this;
    meter.inFlight = inFlight;
    for (const record of records) {
      if (record.error === 'cancelled') meter.tally('cancelled', record.endMs, record.errorMessage);
      else {
        meter.record(record, input.workload.prefixOf?.(record.index) ?? null);
        this.conversations?.record(record);
        input.onRecord?.(record);
      }
    }
    if (!this.measuring) return;
    const elapsedMs = performance.timeOrigin + performance.now() - this.originEpochMs;
    // Seconds in which nothing ended are in the timeline too; requests that ended in the last one may still be on their way from a worker.
    meter.timeline.advance(elapsedMs - timelineLagMs, inFlight);
    const snapshot = meter.live(elapsedMs);
    const broken = brokenRule(snapshot.phase, this.rules);
    if (broken) this.fleet.endSending(broken);
    input.onSnapshot?.(snapshot);
  }
}

function talkOf(dialogues: Dialogues, index: number): Talk {
  const { conversation, turn } = placeOf(index);
  const { type, iteration, turns } = dialogues.of(conversation);
  return { number: conversation, type, iteration, turn: turn + 1, turns };
}

function inMs(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds * 1000;
}

function reportsNoUsage(answer: Answer): boolean {
  return answer.error === null && answer.outputTokens === null;
}
