import type { BaselineSource } from '../config/bench-config.ts';
import type { Repository } from '../github/client.ts';
import type { EventContext } from '../github/context.ts';
import type { ResultDocument } from '../result/document.ts';
import { checkFitness } from './fitness.ts';
import { membersOf } from './member.ts';
import { openStore } from './open-store.ts';
import { type CommitOrder, placeOf } from './order.ts';
import { type BaselineCandidate, type BaselineQuery, type BaselineStore, Refused, type RefusedCandidate, StoreUnavailable } from './store.ts';
import { lineOf } from './union.ts';

export interface BaselineOptions {
  source: BaselineSource;
  /** The names of the scenarios that were or will be measured. */
  scenarios: readonly string[];
  /** How many stored results are wanted: 1 to compare by rules, more for a pool. Files that are named are all taken. Default 1. */
  want?: number;
  /** Folder that relative paths are relative to. */
  root: string;
  /** The repository whose artifacts are read; null without a token or outside a repository. */
  repository: Repository | null;
  /** The run that asks; null outside a workflow. */
  context: Pick<EventContext, 'defaultBranch' | 'runId'> | null;
  /** The base of this run and its history (readOrder): then the result nearest to the base is taken. Null or left out: the newest. */
  order?: CommitOrder | null;
}

export interface BaselineHit {
  found: true;
  /** Newest first; with an order, nearest to the base first. */
  documents: ResultDocument[];
  /** The commit of the first; null where it is not known. */
  sha: string | null;
  /** Where they come from, in a reader's words. */
  description: string;
  /** Commits between the first and the base, 0 for the base itself; null where that is not known. */
  distance: number | null;
  /** What a reader must know of them, a sentence each. */
  notes: string[];
  /** What was passed over, and why. */
  skipped: string[];
}

export interface BaselineMiss {
  found: false;
  documents: [];
  /** One or two sentences for the report. */
  reason: string;
  /** False for a first run and for `none`; true where something stands in the way and should be looked at. */
  warning: boolean;
  skipped: string[];
}

export type BaselineFound = BaselineHit | BaselineMiss;

/** Opening one costs three calls of the API and a download. */
const maxOpened = 30;
/** Listed at most, to find the one nearest to the base. */
const maxListed = 300;
/** More would be a wall: the newest are told, the rest counted. */
const maxTold = 20;

/** Finds what to compare with. That there is nothing, or that the store does not answer, is an answer, not an error. */
export async function findBaseline(options: BaselineOptions): Promise<BaselineFound> {
  if (options.source.kind === 'none') return miss('No baseline is asked for (baseline: none): only limits are judged.', false, []);
  let store: BaselineStore;
  try {
    store = await openStore(options);
  } catch (error) {
    if (error instanceof StoreUnavailable) return unreadable(error, []);
    throw error;
  }
  return search(store, options);
}

interface Hit {
  candidate: BaselineCandidate;
  document: ResultDocument;
  sha: string | null;
}

async function search(store: BaselineStore, options: BaselineOptions): Promise<BaselineFound> {
  const want = options.source.kind === 'file' ? Number.POSITIVE_INFINITY : (options.want ?? 1);
  const order = options.source.kind === 'file' ? null : (options.order ?? null);
  const hits: Hit[] = [];
  const notes: string[] = [];
  const skipped: string[] = [];
  // What was passed over though it was meant as a baseline.
  const unusable: string[] = [];
  let opened = 0;
  try {
    for await (const candidate of inOrder(store, { excludeRun: options.context?.runId ?? null }, order)) {
      // What is not before the base is for want of anything else.
      if (candidate === 'beyond') {
        if (hits.length > 0) break;
        continue;
      }
      try {
        if ('refused' in candidate) throw candidate.refused;
        if (opened++ === maxOpened) {
          unusable.push(`${maxOpened} were looked at and could not be used, the last ${skipped.at(-1)}`);
          break;
        }
        const stored = await candidate.open();
        const found = checkFitness(stored.document, candidate, options.scenarios);
        notes.push(...found);
        hits.push({ candidate, ...stored });
        if (hits.length >= want) break;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        const line = lineOf(candidate.name, error.message);
        skipped.push(line);
        if (!error.ineligible) unusable.push(line);
      }
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    if (hits.length === 0) return unreadable(error, skipped);
    notes.push(`Older results could not be read: ${error.message}`);
  }
  const [first] = hits;
  if (first) {
    const place = options.order ? placeOf(options.order, first.sha, first.document.timestamp) : null;
    if (order && place && place.kind !== 'ancestor') notes.push(misplaced(order, place.kind, first));
    return {
      found: true,
      documents: hits.map(({ document }) => document),
      sha: first.sha,
      description: `${describe(hits.map(({ candidate }) => candidate))}${first.document.tag ? `, tagged ${first.document.tag}` : ''}`,
      distance: place?.kind === 'ancestor' ? place.distance : null,
      notes,
      skipped: told(skipped),
    };
  }
  if (unusable.length === 0) return miss(store.whenEmpty(), false, skipped);
  const more = unusable.length > 1 ? ` and ${unusable.length - 1} more` : '';
  return miss(`No usable baseline among ${store.describe()}. Passed over: ${unusable[0]}${more}.`, true, skipped);
}

type Candidate = BaselineCandidate | RefusedCandidate;

/**
 * Without an order: newest first, then what compaction kept of results that are gone. With one: those before the base, the nearest first; behind a
 * divider all others, the newest first.
 */
async function* inOrder(store: BaselineStore, query: BaselineQuery, order: CommitOrder | null): AsyncGenerator<Candidate | 'beyond'> {
  if (order === null) {
    yield* store.newest(query);
    yield* compactedOnes(store, query);
    return;
  }
  const others: Candidate[] = [];
  for (const source of [store.newest(query), compactedOnes(store, query)]) {
    const before: { candidate: BaselineCandidate; distance: number }[] = [];
    let listed = 0;
    for await (const candidate of source) {
      if ('refused' in candidate) {
        yield candidate;
        continue;
      }
      const { sha, timestamp } = candidate.known;
      const place = placeOf(order, sha, timestamp ?? '');
      if (place.kind === 'ancestor') before.push({ candidate, distance: place.distance });
      else others.push(candidate);
      if (++listed === maxListed) break;
    }
    // Of one commit the newest stays first: the sort is stable.
    yield* before.sort((a, b) => a.distance - b.distance).map(({ candidate }) => candidate);
  }
  yield 'beyond';
  yield* others;
}

/** The jobs in compacted documents, each as a result of its own. Where those cannot be read, there are none: the results themselves come first. */
async function* compactedOnes(store: BaselineStore, query: BaselineQuery): AsyncGenerator<Candidate> {
  for await (const pool of store.pools?.(query) ?? []) {
    if ('refused' in pool) {
      if (!pool.refused.ineligible) yield pool;
      continue;
    }
    let members: ReturnType<typeof membersOf>;
    try {
      const { document, sha } = await pool.open();
      const { name, known, runId } = pool;
      members = membersOf(document, { name, description: pool.description(), sha, artifact: known.artifact, runId });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      yield { name: pool.name, refused: error };
      continue;
    }
    for (const { name, description, document, sha, timestamp, artifact } of members.sort((a, b) => b.timestamp.localeCompare(a.timestamp))) {
      if (query.excludeRun !== null && document.ci?.run_id === String(query.excludeRun)) continue;
      const known = { sha, timestamp: timestamp || null, artifact };
      yield { name, known, runId: document.ci?.run_id ?? null, named: false, description: () => description, open: async () => ({ document, sha }) };
    }
    return;
  }
}

/** The newest is compared with for want of a better one, and the reader must know. */
function misplaced({ base }: CommitOrder, kind: 'older' | 'elsewhere' | 'unknown', { candidate, sha }: Hit): string {
  const wanted = `the base ${base.sha.slice(0, 12)} (${base.how})`;
  if (kind === 'unknown') return `How far the baseline is from ${wanted} is not known: ${candidate.name} does not say which commit it is of.`;
  const which = `the newest is of ${sha?.slice(0, 12)}`;
  if (kind === 'older') return `The baseline is of a commit long before ${wanted}: ${which}.`;
  return `No result of ${wanted} or of a commit before it is stored; ${which}, which does not come before it.`;
}

function describe(candidates: BaselineCandidate[]): string {
  const first = candidates[0]?.description() ?? '';
  return candidates.length > 1 ? `${candidates.length} results, the newest ${first}` : first;
}

function unreadable(error: StoreUnavailable, skipped: string[]): BaselineMiss {
  return miss(`The baseline could not be read: ${error.message}`, true, skipped);
}

function miss(reason: string, warning: boolean, skipped: string[]): BaselineMiss {
  return { found: false, documents: [], reason, warning, skipped: told(skipped) };
}

/** A list for people, bounded. */
export function told(skipped: string[]): string[] {
  return skipped.length <= maxTold ? skipped : [...skipped.slice(0, maxTold), `and ${skipped.length - maxTold} more`];
}
