import { availableParallelism } from 'node:os';
import { ConversationMeter, type Talk } from '../measure/conversation-meter.ts';
import { Meter } from '../measure/meter.ts';
import type { RequestRecord } from '../measure/record.ts';
import type { ClientFigures } from '../measure/validity.ts';
import type { WarmReport } from '../protocol/transport.ts';
import { type Dialogues, placeOf } from '../workload/dialogues.ts';
import { onSharedClock, waitForStart } from './agreed-start.ts';
import { busiest, idle } from './client-watch.ts';
import { collectGarbage } from './collector.ts';
import type { Phase, PhaseOutcome, StopReason } from './executor.ts';
import { Fleet } from './fleet.ts';
import { knownOf, learn } from './learn.ts';
import type { LoadInput, LoadOutcome } from './load-run.ts';
import { planOf } from './plan.ts';
import { seriesId } from './series-id.ts';
import { shareOf } from './share.ts';
import { sharedMs, sharedOriginMs } from './shared-clock.ts';
import { brokenRule, isRule, type StopRules } from './stop-rules.ts';
import { warmUpLatency } from './warm-up.ts';

/** From the message that starts a phase to its beginning: long enough for every worker to have read it. */
const phaseLeadMs = 5;
/** Indices of a phase where machines share one: each can tell where the next phase's begin, whatever the others sent. */
const indicesPerPhase = 10_000_000;
/** Longer than a worker gathers records before it sends them. */
const timelineLagMs = 500;
/** More open connections ahead of the first request would only delay it; an open schedule opens the rest as it needs them. */
const mostWarmed = 1024;

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
  /** Of the shared clock, as are all times of phases. */
  private originMs = 0;
  private aborted: StopReason | null = null;
  private measuring = false;
  private finishing = false;
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

  private finish(): void {
    this.finishing = true;
    this.fleet.endSending('ended');
  }

  async go(): Promise<LoadOutcome> {
    const { input, fleet } = this;
    const { scenario, executor, shard } = input;
    const concurrency = shareOf(executor.concurrency(scenario.load), shard.index, shard.count);
    const ahead = Math.min(concurrency, executor.connectionsAhead?.(scenario.load) ?? concurrency);
    let closed = false;
    try {
      const learned = this.aborted ? knownOf(input) : await learn(input);
      if (learned.overBudget) this.abort('budget');
      await fleet.prepare(planOf(input, learned, concurrency, this.workers));
      if (this.aborted) fleet.abort(this.aborted);
      const warmed = await fleet.warm(Math.min(ahead, mostWarmed), scenario.warmup, ahead);
      this.warm.push(...warmed.map(({ connections }) => connections));
      collectGarbage();
      await input.beforeMeasured?.();
      await this.awaitStart(Math.min(ahead, mostWarmed), ahead);
      input.onControl?.({ setUsers: (users) => fleet.setUsers(users), finish: () => this.finish() });
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
        outputTokens: learned.outputTokens,
        firstAnswerMs: learned.firstAnswerMs,
        warm: this.warm,
        warmUp: warmUpLatency(warmed.map(({ latencies }) => latencies)),
      };
    } finally {
      if (!closed) await fleet.close().catch(() => {});
    }
  }

  /** Connections that the server closed while the agreed start was waited for are opened again. */
  private async awaitStart(connections: number, concurrency: number): Promise<void> {
    const { startAtEpochMs, signal } = this.input;
    if (startAtEpochMs === null || this.aborted) return;
    if ((await waitForStart(startAtEpochMs, signal)) && !this.aborted)
      this.warm.push(...(await this.fleet.warm(connections, 0, concurrency)).map((one) => one.connections));
  }

  /** The connections that were opened ahead served the first class of the first phase before any other. */
  private addConnections(first: Phase | undefined): void {
    const cell = this.input.workload.cells[0];
    const series = first === undefined || cell === undefined ? null : seriesId(cell.id, first.label, this.input.scenario.name);
    for (const { opened, failed } of this.warm) this.meter.addConnections(series, opened, failed);
  }

  private async measure(): Promise<
    Pick<LoadOutcome, 'phases' | 'started' | 'durationSeconds' | 'stopReason'> & { client: Pick<ClientFigures, 'cpuSeconds' | 'wallSeconds'> }
  > {
    const { scenario, executor, shard } = this.input;
    const agreedMs = onSharedClock(this.input.startAtEpochMs);
    const cpu = process.cpuUsage();
    const planned = executor.phases(scenario.load, scenario.seed, this.input.trace ?? []);
    const phases: LoadOutcome['phases'] = [];
    let stopReason: StopReason = 'completed';
    /** Why no further phase is driven. */
    let over: StopReason | null = this.aborted;
    let firstIndex = 0;
    let previous: PhaseOutcome | null = null;
    let startedMs: number | null = null;
    let endedMs = 0;
    this.measuring = true;
    for (let next = planned.next(undefined as never); !next.done; next = planned.next(previous as PhaseOutcome)) {
      if (over !== null) {
        stopReason = over;
        break;
      }
      this.meter.beginPhase();
      const isFirst: boolean = startedMs === null;
      const startMs: number = isFirst && agreedMs !== null ? agreedMs : sharedMs() + phaseLeadMs;
      if (isFirst) this.originMs = startedMs = startMs;
      const ran = await this.fleet.run(previous, { originMs: this.originMs, startMs, firstIndex });
      endedMs = ran.endedMs;
      for (const { gaps, limited } of ran.counts) {
        for (const [series, counts] of gaps) this.meter.seriesMeter(series).addGaps(counts);
        this.meter.addLimited(limited);
      }
      this.meter.dropped += ran.dropped;
      const snapshot = this.meter.snapshot(ran.endedMs - this.originMs);
      const whole = ran.stopReason === 'completed' || ran.stopReason === 'duration';
      // The last answers of a load that was sent as a whole may be those that break a rule.
      const broken = whole ? brokenRule(snapshot.phase, this.rules) : isRule(ran.stopReason) ? ran.stopReason : null;
      previous = { ...snapshot, durationMs: ran.endedMs - ran.startMs, stopReason: broken ?? ran.stopReason, dropped: ran.dropped };
      phases.push({ phase: next.value, outcome: previous });
      firstIndex = shard.count > 1 ? phases.length * indicesPerPhase : firstIndex + snapshot.phase.succeeded + snapshot.phase.failed + ran.dropped;
      stopReason = endOf(ran.stopReason, next.value, executor);
      const goesOn = broken === null ? whole : executor.continuesAfterStop === true;
      over = this.aborted ?? (this.finishing ? 'ended' : goesOn ? null : (broken ?? ran.stopReason));
    }
    this.measuring = false;
    const used = process.cpuUsage(cpu);
    const zero = startedMs ?? sharedMs();
    const durationSeconds = Math.max(0, (endedMs - zero) / 1000);
    const client = { cpuSeconds: (used.user + used.system) / 1e6, wallSeconds: durationSeconds };
    return { phases, started: new Date(performance.timeOrigin + zero - sharedOriginMs).toISOString(), durationSeconds, client, stopReason };
  }

  private take(records: Iterable<RequestRecord>, inFlight: number): void {
    const { meter, input } = this;
    for (const record of records) {
      if (record.error === 'cancelled') meter.recordCancelled(record);
      else {
        meter.record(record, input.workload.prefixOf?.(record.index) ?? null);
        this.conversations?.record(record);
        input.onRecord?.(record);
      }
    }
    // Only now: a second that these requests close was over before they ended.
    meter.inFlight = inFlight;
    if (!this.measuring) return;
    const elapsedMs = sharedMs() - this.originMs;
    // Seconds in which nothing ended are in the timeline too; requests that ended in the last one may still be on their way from a worker.
    meter.timeline.advance(elapsedMs - timelineLagMs, inFlight);
    // Said again with every batch: a phase that only just begins would not have heard it.
    if (this.finishing) this.fleet.endSending('ended');
    const snapshot = meter.live(elapsedMs);
    const broken = brokenRule(snapshot.phase, this.rules);
    if (broken) this.fleet.endSending(broken);
    input.onSnapshot?.(snapshot);
  }
}

/** How the whole load ended, where this phase is its last: a search comes to its end by rules, a load without an end of its own when it is asked to. */
function endOf(reason: StopReason, { pacer }: Phase, { continuesAfterStop = false }: Pick<LoadInput['executor'], 'continuesAfterStop'>): StopReason {
  const natural = isRule(reason) ? continuesAfterStop : reason === 'ended' && pacer.kind === 'closed' && pacer.adjustable === true;
  return natural ? 'completed' : reason;
}

function talkOf(dialogues: Dialogues, index: number): Talk {
  const { conversation, turn } = placeOf(index);
  const { type, iteration, turns } = dialogues.of(conversation);
  return { number: conversation, type, iteration, turn: turn + 1, turns };
}
