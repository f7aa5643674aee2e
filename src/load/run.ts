import { availableParallelism } from 'node:os';
import type { Prompt } from '../config/prompts.ts';
import type { Scenario } from '../config/scenario.ts';
import type { TargetConfig } from '../config/target.ts';
import { Meter, type Snapshot } from '../measure/meter.ts';
import type { RequestRecord } from '../measure/record.ts';
import type { ClientFigures } from '../measure/validity.ts';
import { createTransport, type TransportKind } from '../protocol/connect.ts';
import type { Answer, WireContext } from '../protocol/protocol.ts';
import { protocols } from '../protocol/registry.ts';
import type { WarmReport } from '../protocol/transport.ts';
import { type Workload, warmupIndexBase } from '../workload/workload.ts';
import type { Executor, Phase, PhaseOutcome, StopReason } from './executor.ts';
import { Fleet } from './fleet.ts';
import type { LoadPlan } from './plan.ts';
import { probe } from './probe.ts';
import type { RetryPolicy } from './retry.ts';
import { brokenRule, type StopRules } from './stop-rules.ts';
import { wireContext } from './wire.ts';

/** From the message that starts a phase to its beginning: long enough for every worker to have read it. */
const phaseLeadMs = 5;
const connectTimeoutMs = 10_000;
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
  /** Aborting stops the run and keeps what was measured; the signal's reason is the stop reason. */
  signal: AbortSignal;
  onSnapshot?: (snapshot: Snapshot) => void;
  onRecord?: (record: RequestRecord) => void;
}

/** One run of a scenario against a running service. */
export interface LoadOutcome {
  meter: Meter;
  phases: { phase: Phase; outcome: PhaseOutcome }[];
  started: string;
  durationSeconds: number;
  client: ClientFigures;
  workers: number;
  stopReason: StopReason;
  /** Output tokens were counted here, because the server reported none. */
  tokensCountedHere: boolean;
  warm: WarmReport[];
}

/** One thread per core that is left when the service has one; never none. */
export function spareWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** Warms up, then drives every phase of the scenario's executor. Requests that fail are results; nothing here throws for a failing server. */
export async function runLoad(input: LoadInput): Promise<LoadOutcome> {
  const workers = input.workers ?? spareWorkers();
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
  private readonly meter = new Meter();
  private readonly rules: StopRules;
  private originEpochMs = 0;
  private aborted: StopReason | null = null;
  private measuring = false;

  constructor(input: LoadInput, workers: number) {
    this.input = input;
    this.workers = workers;
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
    const { scenario, executor } = input;
    const concurrency = executor.concurrency(scenario.load);
    let closed = false;
    try {
      const learned = await this.learn();
      await fleet.prepare(this.plan(learned, concurrency));
      if (this.aborted) fleet.abort(this.aborted);
      const warm = await fleet.warm(Math.min(concurrency, mostWarmed), scenario.warmup, concurrency);
      const measured = await this.measure();
      const figures = await fleet.close();
      closed = true;
      const client = {
        ...measured.client,
        loopUtilization: Math.max(0, ...figures.map((one) => one.loopUtilization)),
        eventLoopP99Ms: Math.max(0, ...figures.map((one) => one.eventLoopP99Ms)),
      };
      return { ...measured, client, meter: this.meter, workers: this.workers, tokensCountedHere: learned.countTokens, warm };
    } finally {
      if (!closed) await fleet.close().catch(() => {});
    }
  }

  /** Asks the server once what it can, before anything is measured. */
  private async learn(): Promise<{ wire: WireContext; countTokens: boolean }> {
    const { scenario, workload, baseUrl, transport, freshConnections } = this.input;
    const wire = wireContext(this.input);
    const protocol = protocols.get(scenario.request.api);
    if (scenario.request.api === 'http' || !protocol || this.aborted) return { wire, countTokens: false };
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
      const learned = await probe(connection, protocol, workload.request(warmupIndexBase - 1).spec, wire, scenario.timeout * 1000, this.input.signal);
      return { wire: learned.context, countTokens: reportsNoUsage(learned.answer) };
    } finally {
      await connection.close();
    }
  }

  private plan({ wire, countTokens }: { wire: WireContext; countTokens: boolean }, connections: number): LoadPlan {
    const { scenario, target, prompts, baseUrl, transport, freshConnections, retry, shard } = this.input;
    const { name, model, max_tokens } = target;
    return {
      scenario,
      target: { name, ...(model === undefined ? {} : { model }), ...(max_tokens === undefined ? {} : { max_tokens }) },
      prompts,
      origin: new URL(baseUrl).origin,
      wire,
      transport,
      freshConnections,
      connectTimeoutMs: Math.min(connectTimeoutMs, scenario.timeout * 1000),
      connections,
      deadlines: { totalMs: scenario.timeout * 1000, firstTokenMs: null, idleMs: null },
      retry,
      countTokens,
      shard,
      workers: this.workers,
    };
  }

  private async measure(): Promise<Pick<LoadOutcome, 'phases' | 'started' | 'durationSeconds' | 'client' | 'stopReason'>> {
    const { scenario, executor, startAtEpochMs } = this.input;
    const cpu = process.cpuUsage();
    const planned = executor.phases(scenario.load, scenario.seed);
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
      const startEpochMs: number = isFirst && startAtEpochMs !== null ? startAtEpochMs : performance.timeOrigin + performance.now() + phaseLeadMs;
      if (isFirst) this.originEpochMs = startedEpochMs = startEpochMs;
      const ran = await this.fleet.run(previous, { originEpochMs: this.originEpochMs, startEpochMs, firstIndex });
      endedEpochMs = ran.endedEpochMs;
      for (const [series, gaps] of ran.gaps) this.meter.seriesMeter(series).addGaps(gaps);
      this.meter.dropped += ran.dropped;
      const snapshot = this.meter.snapshot(ran.endedEpochMs - this.originEpochMs);
      previous = { ...snapshot, durationMs: ran.endedEpochMs - ran.startEpochMs, stopReason: ran.stopReason, dropped: ran.dropped };
      phases.push({ phase: next.value, outcome: previous });
      firstIndex += snapshot.phase.succeeded + snapshot.phase.failed + ran.dropped;
      stopReason = ran.stopReason;
      if (
        stopReason === 'interrupted' ||
        stopReason === 'service_crashed' ||
        (!executor.continuesAfterStop && stopReason !== 'completed' && stopReason !== 'duration')
      )
        break;
    }
    this.measuring = false;
    const used = process.cpuUsage(cpu);
    const zero = startedEpochMs ?? performance.timeOrigin + performance.now();
    const durationSeconds = Math.max(0, (endedEpochMs - zero) / 1000);
    const client = { cpuSeconds: (used.user + used.system) / 1e6, wallSeconds: durationSeconds, loopUtilization: 0, eventLoopP99Ms: 0 };
    return { phases, started: new Date(zero).toISOString(), durationSeconds, client, stopReason };
  }

  private take(records: Iterable<RequestRecord>, inFlight: number): void {
    const { meter, input } = this;
    meter.inFlight = inFlight;
    for (const record of records) {
      if (record.error === 'cancelled') meter.tally('cancelled', record.endMs, record.errorMessage);
      else {
        meter.record(record);
        input.onRecord?.(record);
      }
    }
    if (!this.measuring) return;
    const elapsedMs = performance.timeOrigin + performance.now() - this.originEpochMs;
    const snapshot = meter.snapshot(elapsedMs);
    const broken = brokenRule(snapshot.phase, this.rules);
    if (broken) this.fleet.endSending(broken);
    input.onSnapshot?.(snapshot);
  }
}

function reportsNoUsage(answer: Answer): boolean {
  return answer.error === null && answer.outputTokens === null;
}
