import type { Scenario } from '../config/scenario.ts';
import { Meter, type Snapshot } from '../measure/meter.ts';
import type { RequestRecord } from '../measure/record.ts';
import type { ClientFigures } from '../measure/validity.ts';
import { createTransport, type TransportKind } from '../protocol/connect.ts';
import { protocols } from '../protocol/registry.ts';
import { warmupIndexBase, type Workload } from '../workload/workload.ts';
import { watchClient } from './client-watch.ts';
import type { Executor, Phase, PhaseOutcome, StopReason } from './executor.ts';
import { LoadLoop } from './loop.ts';
import { probe } from './probe.ts';
import { wireContext } from './wire.ts';

const connectTimeoutMs = 10_000;
const maxHeaderBytes = 64 * 1024;

export interface LoadInput {
  scenario: Scenario;
  baseUrl: string;
  /** The target's own headers, the API key among them. */
  targetHeaders: Readonly<Record<string, string>>;
  workload: Workload;
  executor: Executor<unknown>;
  transport: TransportKind;
  freshConnections: boolean;
  userAgent: string;
  /** Aborting stops the run and keeps what was measured; the signal's reason is the stop reason. */
  signal: AbortSignal;
  /** Loads a tokenizer; called only when the server reports no usage. */
  loadTokenizer: () => Promise<(text: string) => number>;
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
  stopReason: StopReason;
  /** Output tokens were counted here, because the server reported none. */
  tokensCountedHere: boolean;
}

/** Warms up, then drives every phase of the scenario's executor. Requests that fail are results; nothing here throws for a failing server. */
export async function runLoad(input: LoadInput): Promise<LoadOutcome> {
  const { scenario, executor, workload, signal } = input;
  const protocol = protocols.get(scenario.request.api);
  if (!protocol) throw new Error(`no protocol is named ${scenario.request.api}`);
  const concurrency = executor.concurrency(scenario.load);
  const transport = await createTransport({
    kind: input.transport,
    origin: new URL(input.baseUrl).origin,
    connections: concurrency,
    freshConnections: input.freshConnections,
    connectTimeoutMs: Math.min(connectTimeoutMs, scenario.timeout * 1000),
    maxHeaderBytes,
  });
  try {
    let wire = wireContext(input);
    let countTokens: ((text: string) => number) | null = null;
    if (scenario.request.api !== 'http') {
      const learned = await probe(transport, protocol, workload.request(warmupIndexBase - 1).spec, wire, scenario.timeout * 1000);
      wire = learned.context;
      if (learned.answer.error === null && learned.answer.outputTokens === null) countTokens = await input.loadTokenizer();
    }
    const meter = new Meter();
    const loop = new LoadLoop({
      transport,
      protocol,
      wire,
      workload,
      meter,
      countTokens,
      deadlines: { totalMs: scenario.timeout * 1000, firstTokenMs: null, idleMs: null },
      stop: { maxErrorRate: scenario.stop?.max_error_rate ?? null, maxP95LatencyMs: scenario.stop?.max_p95_latency === undefined ? null : scenario.stop.max_p95_latency * 1000 },
      ...(input.onSnapshot ? { onSnapshot: input.onSnapshot } : {}),
      ...(input.onRecord ? { onRecord: input.onRecord } : {}),
    });
    const onAbort = () => loop.abort(signal.reason === 'service_crashed' ? 'service_crashed' : 'interrupted');
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await transport.warm(concurrency);
      await loop.warmUp(scenario.warmup, Math.min(concurrency, Math.max(1, scenario.warmup)), warmupIndexBase);
      return { ...(await measure(loop, meter, input)), tokensCountedHere: countTokens !== null };
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  } finally {
    await transport.close();
  }
}

async function measure(loop: LoadLoop, meter: Meter, input: LoadInput): Promise<Omit<LoadOutcome, 'tokensCountedHere'>> {
  const { scenario, executor } = input;
  const started = new Date().toISOString();
  const watch = watchClient();
  loop.start();
  const startedMs = performance.now();
  const phases: LoadOutcome['phases'] = [];
  let stopReason: StopReason = 'completed';
  const planned = executor.phases(scenario.load, scenario.seed);
  let next = planned.next(undefined as never);
  while (!next.done) {
    const outcome = await loop.run(next.value);
    phases.push({ phase: next.value, outcome });
    stopReason = outcome.stopReason;
    if (stopReason !== 'completed' && stopReason !== 'duration') break;
    next = planned.next(outcome);
  }
  const durationSeconds = (performance.now() - startedMs) / 1000;
  return { meter, phases, started, durationSeconds, client: watch.stop(), stopReason };
}
