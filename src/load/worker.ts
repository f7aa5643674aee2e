import { availableParallelism } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { defaultReplicaHeader } from '../config/target/target.ts';
import type { RequestRecord } from '../measure/record.ts';
import { createTransport } from '../protocol/connect.ts';
import { protocolOf } from '../protocol/registry.ts';
import type { Transport } from '../protocol/transport.ts';
import { openWorkload } from '../workload/open.ts';
import { loadTokenizer } from '../workload/tokenizer.ts';
import { type Workload, warmupIndexBase } from '../workload/workload.ts';
import { type Alarm, createAlarm } from './alarm.ts';
import { AnswerChecker } from './answer-check.ts';
import { Budget } from './budget.ts';
import { watchClient } from './client-watch.ts';
import { collectGarbage } from './collector.ts';
import type { ClosedPacer, Phase, PhaseOutcome } from './executor.ts';
import { executors } from './executors/registry.ts';
import { LoadLoop } from './loop.ts';
import type { Command, Report, WorkerData } from './messages.ts';
import type { LoadPlan } from './plan.ts';
import { SchemaRegistrar } from './registration.ts';
import { RowWriter } from './rows.ts';
import { ClosedShare, ownArrivals, partOf, shareOf } from './share.ts';
import { sharedOriginMs } from './shared-clock.ts';
import { maxHeaderBytes } from './transport-limits.ts';
import { addLatency, noLatencies } from './warm-up.ts';

/** The main thread works through a batch at one go; on a core that it shares with this thread a long one holds sends back. So: small ones often, and few where little ends. */
const batchIntervalMs = 20;
const batchRows = 20;
const batchAtLeastEveryMs = 100;

/** A load worker: owns its connections, stamps and counts locally, and hands over ended requests in batches. Takes one load after the other. */
export async function start(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('a load worker runs in a worker thread');
  const post: Post = (report) => port.postMessage(report);
  let worker: LoadWorker | null = null;
  port.on('message', (command: Command) => {
    if (command.type === 'plan') void LoadWorker.open(command, post).then((opened) => (worker = opened));
    else if (command.type === 'close') {
      // What the load leaves behind would lie there until the next one.
      void worker?.close().then(collectGarbage);
      worker = null;
    } else worker?.handle(command);
  });
}

let alarm: Alarm | null = null;

/** This thread's alarm, kept from load to load. */
function theAlarm(): Alarm {
  alarm ??= createAlarm(new URL((workerData as WorkerData).entryUrl));
  return alarm;
}

type Post = (report: Report) => void;
type Place = Pick<Extract<Command, { type: 'plan' }>, 'index' | 'counters'>;

class LoadWorker {
  private readonly plan: LoadPlan;
  private readonly place: Place;
  private readonly post: Post;
  private readonly transport: Transport;
  private readonly loop: LoadLoop;
  private readonly rows = new RowWriter();
  private latencies = noLatencies();
  private readonly planned: Generator<Phase, void, PhaseOutcome>;
  private readonly watch = watchClient(availableParallelism());
  /** Users over all workers, where they were set while the load runs. */
  private users: number | null = null;
  private batching: NodeJS.Timeout | null = null;
  private sinceBatchMs = 0;

  static async open({ plan, index, counters }: Extract<Command, { type: 'plan' }>, post: Post): Promise<LoadWorker> {
    const transport = await createTransport({
      kind: plan.transport,
      origin: plan.origin,
      // Any thread may have all that the machine may have in flight; users are bounded by their own number.
      connections: Math.max(1, plan.connections),
      freshConnections: plan.freshConnections,
      connectTimeoutMs: plan.connectTimeoutMs,
      maxHeaderBytes,
    });
    const { scenario } = plan;
    const workload = openWorkload(scenario, plan.target, plan);
    const checker = workload.schemas === undefined ? null : await AnswerChecker.open(workload.schemas, scenario.request.schema_send === false);
    const worker = new LoadWorker(
      plan,
      { index, counters },
      post,
      transport,
      workload,
      plan.countTokens ? await loadTokenizer(plan.target.tokenizer) : null,
      checker,
    );
    post({ type: 'ready' });
    return worker;
  }

  private constructor(
    plan: LoadPlan,
    place: Place,
    post: Post,
    transport: Transport,
    workload: Workload,
    countTokens: ((text: string) => number) | null,
    checker: AnswerChecker | null,
  ) {
    this.plan = plan;
    this.place = place;
    this.post = post;
    this.transport = transport;
    const { scenario } = plan;
    const protocol = protocolOf(scenario.request);
    const registration = scenario.request.api === 'template' ? scenario.request.schema_registration : undefined;
    const executor = executors.get(scenario.load.executor);
    if (!protocol || !executor) throw new Error(`unknown protocol ${scenario.request.api} or executor ${scenario.load.executor}`);
    this.planned = executor.phases(scenario.load, scenario.seed, plan.trace);
    this.loop = new LoadLoop({
      transport,
      protocol,
      wire: plan.wire,
      scenario: scenario.name,
      workload,
      checker,
      neighbours: plan.neighbours,
      registrar:
        registration === undefined
          ? null
          : new SchemaRegistrar(registration, transport, plan.wire, plan.deadlines.totalMs, scenario.request.schema_reuse === true),
      deadlines: plan.deadlines,
      gapRule: plan.gapRule,
      budget: plan.budget === null ? null : new Budget(plan.budget),
      checkModel: scenario.request.check_model === true,
      replicaHeader: (plan.target.replica_header ?? defaultReplicaHeader).toLowerCase(),
      retry: plan.retry,
      countTokens,
      share: ownArrivals(plan.shard, { index: place.index, count: plan.workers }),
      alarm: theAlarm,
      onRecord: (record: RequestRecord) => this.rows.add(record),
      onWarmUp: (record: RequestRecord) => addLatency(this.latencies, record),
    });
  }

  handle(command: Exclude<Command, { type: 'plan' } | { type: 'close' }>): void {
    if (command.type === 'warm') void this.warm(command.connections, command.requests, command.concurrency);
    else if (command.type === 'phase') void this.runPhase(command);
    else if (command.type === 'users') {
      this.users = command.users;
      this.loop.usersChanged();
    } else if (command.type === 'end-sending') this.loop.endSending(command.reason);
    else this.loop.abort(command.reason);
  }

  async close(): Promise<void> {
    await this.transport.close();
    if (alarm !== null) alarm.onDue = () => {};
    this.post({ type: 'closed', client: this.watch.stop() });
  }

  private opensWithSchedule(): boolean {
    const { scenario, trace } = this.plan;
    const first = executors.get(scenario.load.executor)?.phases(scenario.load, scenario.seed, trace).next();
    return first !== undefined && !first.done && first.value.pacer.kind === 'open';
  }

  private async warm(connections: number, requests: number, concurrency: number): Promise<void> {
    const { index } = this.place;
    const { workers } = this.plan;
    // A thread takes a tenth of a second to start; the first arrivals would be that late.
    if (this.opensWithSchedule()) await theAlarm().ready;
    const report = await this.transport.warm(shareOf(connections, index, workers));
    const own = shareOf(requests, index, workers);
    await this.loop.warmUp(own, Math.min(Math.max(1, shareOf(concurrency, index, workers)), Math.max(1, own)), warmupIndexBase + index * requests);
    collectGarbage();
    this.watch.reset();
    this.post({ type: 'warmed', connections: report, latencies: this.latencies });
    this.latencies = noLatencies();
  }

  private async runPhase(command: Extract<Command, { type: 'phase' }>): Promise<void> {
    const next = command.outcome === null ? this.planned.next() : this.planned.next(command.outcome);
    if (next.done) throw new Error('the executor has no further phase');
    this.loop.originMs = command.originMs - sharedOriginMs;
    const phase = this.ownShare(next.value);
    const counters = new Int32Array(this.place.counters);
    const { requests } = next.value;
    const { shard } = this.plan;
    // On one machine the workers draw from one counter.
    const { pacer } = next.value;
    const share = new ClosedShare(shard, pacer.kind === 'closed' ? pacer.maxUsers : shard.count);
    const own = requests === null ? Number.POSITIVE_INFINITY : share.of(requests);
    this.batching ??= setInterval(() => this.sendDueBatch(), batchIntervalMs);
    const outcome = await this.loop.run({
      phase,
      startMs: command.startMs - sharedOriginMs,
      firstIndex: command.firstIndex,
      takeIndex: () => {
        const taken = Atomics.add(counters, 0, 1);
        return taken >= own ? null : command.firstIndex + share.nth(taken);
      },
      exhausted: () => Atomics.load(counters, 0) >= own,
      inFlight: counters.subarray(1),
      measured: true,
    });
    clearInterval(this.batching);
    this.batching = null;
    this.sendBatch();
    this.post({
      type: 'phase-ended',
      stopReason: outcome.stopReason,
      dropped: outcome.dropped,
      endedMs: outcome.endedMs + sharedOriginMs,
      counts: this.loop.counts.take(),
    });
  }

  private sendDueBatch(): void {
    this.sinceBatchMs += batchIntervalMs;
    if (this.rows.count >= batchRows || this.sinceBatchMs >= batchAtLeastEveryMs) this.sendBatch();
  }

  private sendBatch(): void {
    this.sinceBatchMs = 0;
    const batch = this.rows.take();
    // Copied, not transferred: where an array was ever taken away from a thread, V8 looks for each access to any whether its memory is still there.
    this.post({ type: 'batch', batch, inFlight: this.loop.inFlight });
  }

  /** A closed pacer's users are divided over machines and workers; an open one's arrivals are, by the driver, and what it may have in flight over machines alone. */
  private ownShare(phase: Phase): Phase {
    const { pacer } = phase;
    const { shard, workers } = this.plan;
    const part = (total: number) => partOf(total, shard, { index: this.place.index, count: workers });
    if (pacer.kind === 'open') {
      const maxInFlight = shareOf(pacer.maxInFlight, shard.index, shard.count);
      return { ...phase, pacer: { ...pacer, next: () => pacer.next(), maxInFlight } };
    }
    const own: ClosedPacer = {
      ...pacer,
      usersAt: pacer.adjustable
        ? (elapsedMs) => part(Math.min(pacer.maxUsers, this.users ?? pacer.usersAt(elapsedMs)))
        : (elapsedMs) => part(pacer.usersAt(elapsedMs)),
      nextChangeMs: (elapsedMs) => pacer.nextChangeMs(elapsedMs),
      maxUsers: part(pacer.maxUsers),
    };
    return { ...phase, pacer: own };
  }
}
