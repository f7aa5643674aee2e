import { type Allocation, blockTokens, KvCache } from './kv-cache.ts';
import type { Random } from './random.ts';

/** The engine's figures; every time in ms, before `slowFactor`. */
export interface SimulatorConfig {
  prefillTokensPerSecond: number;
  decodeStepMs: number;
  decodeStepMsPerSequence: number;
  maxBatch: number;
  maxQueue: number;
  maxBatchedTokens: number;
  kvCacheTokens: number;
  prefixCache: boolean;
  jitterPercent: number;
  slowFactor: number;
}

/** What the engine has to know of one request. */
export interface SequenceSpec {
  promptTokens: number;
  /** At least 1. */
  outputTokens: number;
  /** Chained hashes of the full blocks of the prompt. */
  promptHashes: readonly number[];
  /** Chained hashes of the full blocks after those: the rest of the prompt and the planned output. */
  outputHashes: readonly number[];
  /** Stretches this sequence's own times, counted from its arrival; 1 for none. */
  slow: number;
}

/** One request inside the engine; `payload` is the caller's. */
export interface Sequence<T> {
  readonly spec: SequenceSpec;
  readonly payload: T;
  readonly arrivedMs: number;
  /** Start of the first step it took part in; null while it waits. */
  admittedMs: number | null;
  /** Prompt tokens found in the prefix cache; null while it waits. */
  cachedTokens: number | null;
  /** Tokens computed so far. */
  computed: number;
  /** Tokens handed out so far. */
  delivered: number;
  /** Left the engine: finished or cancelled. */
  done: boolean;
}

interface Slot<T> extends Sequence<T> {
  allocation: Allocation | null;
  prefillLeft: number;
  stepPrefill: number;
  scheduled: boolean;
}

/** Hears each token that is due; `last` ends the sequence. Tokens of one sequence come in order. */
export type TokenSink<T> = (sequence: Sequence<T>, dueMs: number, last: boolean) => void;

/**
 * A continuous-batching engine as a pure discrete simulation: no clock, no I/O. The caller says what time it is and hears which tokens are due.
 *
 * The engine works in steps. At the start of a step waiting sequences join, first come first served, while the batch has room and the KV cache has
 * free blocks for the whole sequence (prompt and output are reserved at once, so nothing is ever preempted). A step lasts
 *
 *     (decodeStepMs + decodeStepMsPerSequence x sequences + 1000 x prompt tokens / prefillTokensPerSecond) x jitter x slowFactor
 *
 * where prompt tokens found in the prefix cache cost nothing and at most `maxBatchedTokens` are processed in one step (chunked prefill). At its end every
 * sequence whose prompt is complete gets one token. Steps follow each other without a gap while there is work, whatever time the caller looks.
 */
export class Simulator<T> {
  readonly #config: SimulatorConfig;
  readonly #random: Random;
  readonly #cache: KvCache;
  #waiting: Slot<T>[] = [];
  #running: Slot<T>[] = [];
  /** Tokens of sequences with a `slow` of their own, by due time. */
  #late: { sequence: Slot<T>; dueMs: number; last: boolean }[] = [];
  #clockMs = Number.NEGATIVE_INFINITY;
  #stepEndMs: number | null = null;
  #prefixQueries = 0;
  #prefixHits = 0;
  #steps = 0;

  constructor(config: SimulatorConfig, random: Random) {
    this.#config = config;
    this.#random = random;
    this.#cache = new KvCache(Math.floor(config.kvCacheTokens / blockTokens), config.prefixCache);
  }

  get running(): number {
    return this.#running.length;
  }
  get waiting(): number {
    return this.#waiting.length;
  }
  get steps(): number {
    return this.#steps;
  }
  /** Prompt tokens looked up in the prefix cache, and found there. */
  get prefixQueries(): number {
    return this.#prefixQueries;
  }
  get prefixHits(): number {
    return this.#prefixHits;
  }
  get usedBlocks(): number {
    return this.#cache.usedBlocks;
  }
  get capacityBlocks(): number {
    return this.#cache.capacityBlocks;
  }

  /**
   * A request arrives. @returns null when the queue is full.
   * @throws RangeError when it can never fit the KV cache: check that before.
   */
  offer(spec: SequenceSpec, payload: T, nowMs: number): Sequence<T> | null {
    if (blocksOf(spec) > this.#cache.capacityBlocks) throw new RangeError(`${blocksOf(spec)} blocks asked for, ${this.#cache.capacityBlocks} exist`);
    // Those for whom batch and cache have room wait for the next step only; the bound of the queue is about the others.
    const freeBlocks = this.#cache.capacityBlocks - this.#cache.usedBlocks;
    const room = Math.min(this.#config.maxBatch - this.#running.length, Math.floor(freeBlocks / blocksOf(spec)));
    if (this.#waiting.length >= this.#config.maxQueue + room) return null;
    const slot: Slot<T> = {
      spec,
      payload,
      arrivedMs: nowMs,
      admittedMs: null,
      cachedTokens: null,
      computed: 0,
      delivered: 0,
      done: false,
      allocation: null,
      prefillLeft: spec.promptTokens,
      stepPrefill: 0,
      scheduled: false,
    };
    this.#waiting.push(slot);
    return slot;
  }

  /** The client went: its place and blocks are free at once. A step under way keeps its length unless nobody is left in it. Idempotent. */
  cancel(sequence: Sequence<T>, atMs: number): void {
    const slot = sequence as Slot<T>;
    if (slot.done) return;
    slot.done = true;
    this.#waiting = this.#waiting.filter((other) => other !== slot);
    this.#late = this.#late.filter((token) => token.sequence !== slot);
    if (!slot.allocation) return;
    this.#leave(slot, []);
    if (this.#running.length > 0) return;
    this.#stepEndMs = null;
    this.#clockMs = Math.max(this.#clockMs, atMs);
  }

  /** When something is next due; Infinity while there is nothing to do. Before the first `advance` after an arrival it may be the arrival itself. */
  nextEventMs(): number {
    const late = this.#late[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    if (this.#stepEndMs !== null) return Math.min(this.#stepEndMs, late);
    const head = this.#waiting[0];
    return head ? Math.min(Math.max(head.arrivedMs, this.#clockMs), late) : late;
  }

  /** Runs every step that ends at or before `nowMs` and hands out the tokens due by then. */
  advance(nowMs: number, sink: TokenSink<T>): void {
    for (;;) {
      if (this.#stepEndMs === null && !this.#startStep(nowMs)) break;
      if (this.#stepEndMs === null || this.#stepEndMs > nowMs) break;
      this.#finishStep(this.#stepEndMs, sink);
    }
    for (let next = this.#late[0]; next && next.dueMs <= nowMs; next = this.#late[0]) {
      this.#late.shift();
      this.#deliver(next.sequence, next.dueMs, next.last, sink);
    }
  }

  #startStep(nowMs: number): boolean {
    const head = this.#waiting[0];
    if (this.#running.length === 0 && !head) return false;
    const startMs = this.#running.length > 0 || !head ? this.#clockMs : Math.max(this.#clockMs, head.arrivedMs);
    if (startMs > nowMs) return false;
    this.#clockMs = startMs;
    this.#admit(startMs);

    let budget = this.#config.maxBatchedTokens;
    let prefillTokens = 0;
    let sequences = 0;
    for (const slot of this.#running) {
      slot.stepPrefill = Math.min(slot.prefillLeft, budget);
      slot.scheduled = slot.prefillLeft === 0 || slot.stepPrefill > 0;
      budget -= slot.stepPrefill;
      prefillTokens += slot.stepPrefill;
      if (slot.scheduled) sequences += 1;
    }
    const { decodeStepMs, decodeStepMsPerSequence, prefillTokensPerSecond, jitterPercent, slowFactor } = this.#config;
    const plainMs = decodeStepMs + decodeStepMsPerSequence * sequences + (1000 * prefillTokens) / prefillTokensPerSecond;
    const jitter = 1 + (jitterPercent / 100) * (2 * this.#random() - 1);
    this.#stepEndMs = startMs + plainMs * jitter * slowFactor;
    this.#steps += 1;
    return true;
  }

  #admit(startMs: number): void {
    let joined = 0;
    for (const slot of this.#waiting) {
      if (slot.arrivedMs > startMs || this.#running.length >= this.#config.maxBatch) break;
      const { promptTokens, promptHashes } = slot.spec;
      const allocation = this.#cache.allocate(blocksOf(slot.spec), promptHashes, Math.floor((promptTokens - 1) / blockTokens));
      if (!allocation) break;
      slot.allocation = allocation;
      slot.admittedMs = startMs;
      slot.cachedTokens = allocation.hitBlocks * blockTokens;
      slot.prefillLeft = promptTokens - slot.cachedTokens;
      if (this.#config.prefixCache) {
        this.#prefixQueries += promptTokens;
        this.#prefixHits += slot.cachedTokens;
      }
      this.#running.push(slot);
      joined += 1;
    }
    this.#waiting.splice(0, joined);
  }

  #finishStep(endMs: number, sink: TokenSink<T>): void {
    this.#clockMs = endMs;
    this.#stepEndMs = null;
    // A sink may cancel sequences, this one or another: go over what ran in the step, and skip what has gone.
    for (const slot of [...this.#running]) {
      if (slot.done || !slot.scheduled) continue;
      slot.scheduled = false;
      slot.prefillLeft -= slot.stepPrefill;
      if (slot.prefillLeft > 0) continue;
      slot.computed += 1;
      const last = slot.computed === slot.spec.outputTokens;
      if (last) this.#leave(slot, slot.spec.outputHashes);
      if (slot.spec.slow === 1) this.#deliver(slot, endMs, last, sink);
      else this.#postpone(slot, slot.arrivedMs + (endMs - slot.arrivedMs) * slot.spec.slow, last);
    }
  }

  #postpone(sequence: Slot<T>, dueMs: number, last: boolean): void {
    let index = this.#late.length;
    while (index > 0 && this.#late[index - 1]!.dueMs > dueMs) index -= 1;
    this.#late.splice(index, 0, { sequence, dueMs, last });
  }

  #deliver(slot: Slot<T>, dueMs: number, last: boolean, sink: TokenSink<T>): void {
    slot.delivered += 1;
    if (last) slot.done = true;
    sink(slot, dueMs, last);
  }

  #leave(slot: Slot<T>, outputHashes: readonly number[]): void {
    this.#running = this.#running.filter((other) => other !== slot);
    if (slot.allocation) this.#cache.release(slot.allocation, outputHashes);
    slot.allocation = null;
  }
}

/** Blocks that a sequence holds from its admission to its end. */
export function blocksOf(spec: Pick<SequenceSpec, 'promptTokens' | 'outputTokens'>): number {
  return Math.ceil((spec.promptTokens + spec.outputTokens) / blockTokens);
}
