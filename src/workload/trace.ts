import { blockTokens, type ReplayRow } from '../config/scenario/trace-file.ts';
import { generatePrompt } from './generate.ts';

/** What makes the texts of blocks other than those of prompts that are generated from the same seed. */
const blockSalt = 0x5bd1e995;
/** Texts of blocks that are kept because they come again; 3 KB each. */
const mostKept = 1024;

/** The requests of a recorded trace, by index. */
export interface TraceRequests {
  uniquePrompts: number;
  request(index: number): { content: string; outputTokens: number };
}

/**
 * Prompts of the recorded lengths. The same hash id gives the same 512 tokens of text, so that prompts share their beginnings as they did when the
 * trace was taken, and a prefix cache can do what it did then; what has no hash id is different for every request. Indices beyond the trace (warm-up) ask for
 * its rows again with other texts: they must not fill the cache for the measured ones. Pure.
 */
export function traceRequests(rows: readonly ReplayRow[], seed: number): TraceRequests {
  const uses = new Map<number, number>();
  for (const { blocks } of rows) for (const id of blocks ?? []) uses.set(id, (uses.get(id) ?? 0) + 1);
  const kept = new Map<number, string>();

  function blockText(id: number, lap: number): string {
    if (lap > 0 || (uses.get(id) ?? 0) < 2) return generatePrompt(blockTokens, blockSeed(seed, lap), id);
    const known = kept.get(id);
    if (known !== undefined) return known;
    const text = generatePrompt(blockTokens, blockSeed(seed, 0), id);
    const [oldest] = kept.keys();
    if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
    kept.set(id, text);
    return text;
  }

  return {
    uniquePrompts: new Set(rows.map(({ blocks, inputTokens }, index) => (blocks === null ? index : `${inputTokens}:${blocks.join()}`))).size,
    request(index) {
      const row = rows[index % rows.length] as ReplayRow;
      const lap = Math.floor(index / rows.length);
      const parts: string[] = [];
      let missing = row.inputTokens;
      for (const id of row.blocks ?? []) {
        const text = blockText(id, lap);
        parts.push(missing >= blockTokens ? text : text.split(' ', missing).join(' '));
        missing -= blockTokens;
      }
      if (missing > 0) parts.push(generatePrompt(missing, seed, index));
      return { content: parts.join(' '), outputTokens: row.outputTokens };
    },
  };
}

function blockSeed(seed: number, lap: number): number {
  return (seed ^ Math.imul(lap + 1, blockSalt)) >>> 0;
}
