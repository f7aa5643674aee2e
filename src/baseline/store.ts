import type { ResultDocument } from '../result/document.ts';

/** What is asked of every store. */
export interface BaselineQuery {
  /** The run that asks: a result of its own (an earlier attempt's) is no baseline for it. */
  excludeRun: number | null;
}

/** A stored result that has been read and is of the right shape. */
export interface StoredResult {
  document: ResultDocument;
  /** The commit that was measured. */
  sha: string | null;
}

/** One stored result that may serve. */
export interface BaselineCandidate {
  /** What a reader can find it by: `artifact 12 of run 34`, `baselines/main.json`. */
  name: string;
  /** The commit and the time of it as far as they are known before it is opened; the time is ISO 8601. */
  known: { sha: string | null; timestamp: string | null; artifact: number | null };
  /** The workflow run that the platform says it is of; null where only the document itself can say. */
  runId: string | null;
  /** Where it comes from, for the report: `run 34 (push to main, 2026-01-31)`; known once it was opened. */
  description(): string;
  /** True where the user named this very result: it is compared whatever it is, and its differences are told. */
  named: boolean;
  /** @throws Refused when it may not be used or cannot be read; StoreUnavailable when the store itself does not answer */
  open(): Promise<StoredResult>;
}

/** One that may not serve, as could be told without opening it. */
export interface RefusedCandidate {
  name: string;
  refused: Refused;
}

/** Where earlier results are kept: artifacts, a folder, a branch of the repository, named files. */
export interface BaselineStore {
  /** What a reader knows it by: `artifacts named llm-bench-baseline of branch main`. */
  describe(): string;
  /** The friendly sentence of a first run: that there is nothing yet, and what happens next. */
  whenEmpty(): string;
  /** Newest first, lazily: what is not asked for is not fetched. @throws StoreUnavailable */
  newest(query: BaselineQuery): AsyncIterable<BaselineCandidate | RefusedCandidate>;
  /** Documents of many runs that compaction made, newest first; left out where the store needs none. @throws StoreUnavailable */
  pools?(query: BaselineQuery): AsyncIterable<BaselineCandidate | RefusedCandidate>;
  /** Adds a result; what is there already stays. Returns what a reader can find it by. @throws UserError when it cannot be stored */
  push(document: ResultDocument): Promise<string>;
  /** Where the store can be changed: each stored result is replaced by what `change` returns, or removed for null. @throws UserError */
  edit?(change: Change): Promise<Edited>;
  /** Where it cannot, artifacts being immutable: adds a document of many runs, and deletes artifacts. */
  artifacts?: { pushPool(document: ResultDocument): Promise<string>; remove(id: number): Promise<void> };
}

/** @returns the same document to leave it, another to replace it, null to remove it */
export type Change = (document: ResultDocument, name: string) => ResultDocument | null;

export interface Edited {
  changed: string[];
  removed: string[];
}

/** A stored result that is not used, and why. */
export class Refused extends Error {
  override name = 'Refused';
  /** True where it never was meant as this baseline (another branch, a fork, a pull request): nothing is wrong, it is only not one. */
  readonly ineligible: boolean;

  constructor(reason: string, options: { ineligible?: boolean; cause?: unknown } = {}) {
    super(reason, { cause: options.cause });
    this.ineligible = options.ineligible ?? false;
  }
}

/** The store cannot be reached or may not be read: not to be taken for an empty one. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
}
