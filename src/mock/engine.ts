import { type Alarm, createAlarm } from './alarm.ts';
import { EngineMetrics, type FinishReason } from './metrics.ts';
import type { MockOptions } from './options.ts';
import { createRandom } from './random.ts';
import { type Sequence, type SequenceSpec, Simulator } from './simulator.ts';

/** Who asked for an answer and is told of its tokens. */
export interface Listener {
  /** One more token is due. May cancel. */
  onToken(sequence: Sequence<Job>, last: boolean): void;
  /** The wake is over: write what `onToken` gathered. */
  flush(): void;
}

/** What the engine keeps of a request beside the simulation. */
export interface Job {
  listener: Listener;
  firstMs: number | null;
  lastMs: number;
}

/** How late tokens were handed out against their schedule, ms, over the last few thousand. Null: none yet. */
export interface Lateness {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

const latenessKept = 8192;

/**
 * Drives the simulation by the monotonic clock. The schedule is absolute: a wake that comes late hands out everything due by then and moves nothing,
 * so lateness does not add up.
 */
export class Engine {
  readonly metrics = new EngineMetrics();
  readonly #simulator: Simulator<Job>;
  readonly #now: () => number;
  readonly #touched = new Set<Listener>();
  readonly #lateness = new Float64Array(latenessKept);
  #tokens = 0;
  readonly #alarm: Alarm;
  #alarmMs = Number.POSITIVE_INFINITY;

  /** @param now the clock, ms. */
  constructor(options: MockOptions, now: () => number) {
    this.#now = now;
    this.#simulator = new Simulator<Job>(options, createRandom(options.seed));
    this.#alarm = createAlarm(() => {
      this.#alarmMs = Number.POSITIVE_INFINITY;
      this.wake();
    });
  }

  /** A request arrives; call `wake` once its listener is ready to hear of tokens. @returns null when the queue is full. */
  submit(spec: SequenceSpec, listener: Listener): Sequence<Job> | null {
    const nowMs = this.#now();
    return this.#simulator.offer(spec, { listener, firstMs: null, lastMs: nowMs }, nowMs);
  }

  /** Takes a sequence out before its end; it counts as ended for that reason. Idempotent. */
  cancel(sequence: Sequence<Job>, reason: FinishReason): void {
    if (sequence.done) return;
    this.#simulator.cancel(sequence, this.#now());
    this.metrics.finished[reason] += 1;
    this.#arm();
  }

  get gauges() {
    const { running, waiting, usedBlocks, capacityBlocks, prefixQueries, prefixHits } = this.#simulator;
    return { running, waiting, kvCacheUsage: usedBlocks / capacityBlocks, prefixQueries, prefixHits };
  }

  get lateness(): Lateness | null {
    const count = Math.min(this.#tokens, latenessKept);
    if (count === 0) return null;
    const sorted = this.#lateness.slice(0, count).sort();
    return { count, p50: sorted[Math.floor(count * 0.5)]!, p99: sorted[Math.floor(count * 0.99)]!, max: sorted[count - 1]! };
  }

  close(): void {
    this.#alarm.close();
  }

  /** Hands out what is due and sets the timer for what comes next. */
  wake(): void {
    const nowMs = this.#now();
    this.#simulator.advance(nowMs, (sequence, dueMs, last) => {
      this.#lateness[this.#tokens % latenessKept] = nowMs - dueMs;
      this.#tokens += 1;
      this.#record(sequence, dueMs, last);
      this.#touched.add(sequence.payload.listener);
      sequence.payload.listener.onToken(sequence, last);
    });
    for (const listener of this.#touched) listener.flush();
    this.#touched.clear();
    this.#arm();
  }

  #arm(): void {
    const nextMs = this.#simulator.nextEventMs();
    if (nextMs === this.#alarmMs) return;
    this.#alarmMs = nextMs;
    if (nextMs === Number.POSITIVE_INFINITY) this.#alarm.clear();
    else this.#alarm.set(Math.max(0, nextMs - this.#now()));
  }

  /** Times as the engine sees them: by the schedule, without the lateness of the wake. */
  #record(sequence: Sequence<Job>, dueMs: number, last: boolean): void {
    const { metrics } = this;
    const job = sequence.payload;
    metrics.generationTokens += 1;
    if (job.firstMs === null) {
      job.firstMs = dueMs;
      metrics.promptTokens += sequence.spec.promptTokens;
      metrics.observe('vllm:time_to_first_token_seconds', (dueMs - sequence.arrivedMs) / 1000);
    } else {
      metrics.observe('vllm:inter_token_latency_seconds', (dueMs - job.lastMs) / 1000);
      metrics.observe('vllm:time_per_output_token_seconds', (dueMs - job.lastMs) / 1000);
    }
    job.lastMs = dueMs;
    if (!last) return;
    const admittedMs = sequence.admittedMs ?? sequence.arrivedMs;
    const decodeMs = dueMs - job.firstMs;
    metrics.observe('vllm:e2e_request_latency_seconds', (dueMs - sequence.arrivedMs) / 1000);
    metrics.observe('vllm:request_queue_time_seconds', (admittedMs - sequence.arrivedMs) / 1000);
    metrics.observe('vllm:request_prefill_time_seconds', (job.firstMs - admittedMs) / 1000);
    metrics.observe('vllm:request_decode_time_seconds', decodeMs / 1000);
    metrics.observe('vllm:request_inference_time_seconds', (dueMs - admittedMs) / 1000);
    metrics.observe('vllm:request_prompt_tokens', sequence.spec.promptTokens);
    metrics.observe('vllm:request_generation_tokens', sequence.spec.outputTokens);
    if (sequence.spec.outputTokens > 1)
      metrics.observe('vllm:request_time_per_output_token_seconds', decodeMs / 1000 / (sequence.spec.outputTokens - 1));
  }
}
