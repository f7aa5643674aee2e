import { isObject } from '../config/is-object.ts';
import type { BuildInput } from './build-input.ts';

/** How many different prompts of one source were sent: what results that are added need to know of each other. */
export interface PromptsSent {
  /** Alike for sources of the same texts in the same order. */
  source: string;
  /** Of generated texts; those of unlike seeds are unlike. */
  seed: number | null;
  /** Tokens that generated texts have; null: any number. */
  lengths: readonly number[] | null;
  /** The machine's part of the source, as in the document's `shard`; left out: all of it. */
  shard?: { index: number; count: number };
  unique: number;
  /** These are the first ones of the source, or all: of two such sets the greater holds the other. */
  from_first: boolean;
}

/** The members of `results` on prompts. */
export interface PromptFigures {
  unique_prompts: number | null;
  /** Left out where nothing is known of them. */
  prompt_sources?: readonly PromptsSent[];
}

/** @param total requests that ended. Which texts of a file fell to one of several machines is not known. */
export function promptsSent({ run: { meter }, workload, shard }: BuildInput, total: number): PromptFigures {
  const { uniquePrompts } = workload;
  const source = workload.promptSource();
  if (uniquePrompts === null || (shard && source?.seed === null)) return { unique_prompts: null };
  const unique = Math.min(uniquePrompts, total);
  if (source === null) return { unique_prompts: unique };
  const { id, seed, lengths } = source;
  const one: PromptsSent = {
    source: id,
    seed,
    lengths,
    ...(shard ? { shard: { index: shard.index + 1, count: shard.count } } : {}),
    unique,
    from_first: unique === uniquePrompts || (!shard && meter.lastIndex + 1 === total),
  };
  return { unique_prompts: unique, prompt_sources: [one] };
}

/**
 * How many different prompts several results sent, by the `prompt_sources` of each: unlike texts add up, the same ones count once. Null where one does not say, or
 * where texts may be the same or not. Pure; in any order and grouping the same.
 */
export function addPrompts(all: readonly unknown[]): PromptFigures {
  const lists = all.filter(isPrompts);
  if (lists.length < all.length) return { unique_prompts: null };
  const sources: PromptsSent[] = [];
  for (const one of lists.flat()) {
    const known = sources.find((other) => isSame(one, other));
    if (known === undefined ? !sources.every((other) => isUnlike(one, other)) : !(one.from_first && known.from_first))
      return { unique_prompts: null };
    if (known === undefined) sources.push({ ...one });
    else known.unique = Math.max(known.unique, one.unique);
  }
  const order = (a: PromptsSent, b: PromptsSent) => a.source.localeCompare(b.source) || (a.shard?.index ?? 0) - (b.shard?.index ?? 0);
  return { unique_prompts: sources.reduce((sum, { unique }) => sum + unique, 0), prompt_sources: sources.sort(order) };
}

const isPrompts = (value: unknown): value is PromptsSent[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((one) => isObject(one) && typeof one['source'] === 'string' && typeof one['unique'] === 'number');

const isSame = (a: PromptsSent, b: PromptsSent): boolean =>
  a.source === b.source && a.shard?.index === b.shard?.index && a.shard?.count === b.shard?.count;

function isUnlike(a: PromptsSent, b: PromptsSent): boolean {
  if (a.source === b.source) return a.shard !== undefined && b.shard !== undefined && a.shard.count === b.shard.count;
  if (a.seed === null || b.seed === null) return a.seed !== b.seed;
  if (a.seed !== b.seed) return true;
  return a.lengths !== null && b.lengths !== null && a.lengths.every((tokens) => !b.lengths?.includes(tokens));
}
