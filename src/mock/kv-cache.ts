/** Tokens of one KV-cache block, as in vLLM's default. */
export const blockTokens = 16;

/** What one sequence holds of the cache. */
export interface Allocation {
  /** Hashes of the prompt blocks held together with other sequences of the same prefix. */
  shared: readonly number[];
  /** Blocks held alone. */
  privateBlocks: number;
  /** Prompt blocks that were there already and need no prefill. */
  hitBlocks: number;
}

/**
 * KV-cache blocks by count. Full prompt blocks are shared by hash; those that nobody holds any more stay until their place is needed,
 * the least recently released first. `used + idle <= capacity` always.
 */
export class KvCache {
  readonly capacityBlocks: number;
  readonly #prefixCache: boolean;
  /** hash -> sequences that hold it */
  readonly #held = new Map<number, number>();
  /** Hashes that nobody holds, oldest first. */
  readonly #idle = new Set<number>();
  #privateBlocks = 0;

  constructor(capacityBlocks: number, prefixCache: boolean) {
    this.capacityBlocks = capacityBlocks;
    this.#prefixCache = prefixCache;
  }

  /** Blocks that sequences hold. */
  get usedBlocks(): number {
    return this.#held.size + this.#privateBlocks;
  }

  /** Blocks that nobody holds but whose contents may still be hit. */
  get idleBlocks(): number {
    return this.#idle.size;
  }

  /**
   * Takes `totalBlocks` for a sequence whose full prompt blocks have these hashes; null when they are not free.
   * @param maxHitBlocks at most so many blocks may be hits: the last prompt token is always computed.
   */
  allocate(totalBlocks: number, promptHashes: readonly number[], maxHitBlocks: number): Allocation | null {
    const hashes = this.#prefixCache ? promptHashes : [];
    let hitBlocks = 0;
    let hitsHeld = 0;
    for (const hash of hashes) {
      if (hitBlocks >= maxHitBlocks || !(this.#held.has(hash) || this.#idle.has(hash))) break;
      if (this.#held.has(hash)) hitsHeld += 1;
      hitBlocks += 1;
    }
    if (totalBlocks - hitsHeld > this.capacityBlocks - this.usedBlocks) return null;

    const shared: number[] = [];
    for (const [index, hash] of hashes.entries()) {
      const known = this.#held.has(hash) || this.#idle.has(hash);
      // A block computed again although a copy exists stays this sequence's own, as does a hash that repeats.
      if (index >= hitBlocks && known) continue;
      this.#held.set(hash, (this.#held.get(hash) ?? 0) + 1);
      this.#idle.delete(hash);
      shared.push(hash);
    }
    const privateBlocks = totalBlocks - shared.length;
    this.#privateBlocks += privateBlocks;
    this.#evict();
    return { shared, privateBlocks, hitBlocks };
  }

  /** Gives the blocks back. `outputHashes`: full blocks that hold output and may be hit by the next turn of a conversation. */
  release(allocation: Allocation, outputHashes: readonly number[] = []): void {
    this.#privateBlocks -= allocation.privateBlocks;
    if (this.#prefixCache) {
      // The end of a sequence is the least likely to be asked for again: it goes in first, so it goes out first.
      for (const hash of outputHashes.slice(0, allocation.privateBlocks).reverse()) if (!this.#held.has(hash)) this.#keep(hash);
    }
    for (const hash of [...allocation.shared].reverse()) {
      const holders = (this.#held.get(hash) ?? 1) - 1;
      if (holders > 0) this.#held.set(hash, holders);
      else {
        this.#held.delete(hash);
        this.#keep(hash);
      }
    }
    this.#evict();
  }

  #keep(hash: number): void {
    this.#idle.delete(hash);
    this.#idle.add(hash);
  }

  #evict(): void {
    for (const hash of this.#idle) {
      if (this.usedBlocks + this.#idle.size <= this.capacityBlocks) return;
      this.#idle.delete(hash);
    }
  }
}
