import type { Repository } from '../github/client.ts';
import { attempt, type Git, gitIn } from '../github/git.ts';
import { type Base, type BaseContext, findBase } from './base.ts';

/** The base and the commits before it: what a stored result's distance is told by. */
export interface CommitOrder {
  base: Base;
  /** Commit -> commits between it and the base along first parents; 0 is the base itself. */
  distances: ReadonlyMap<string, number>;
  /** False where history goes on beyond what was read. */
  complete: boolean;
  /** When the oldest of them was committed, ISO 8601; null where not known. */
  oldest: string | null;
}

/**
 * Where a result stands: at so many commits before the base; before all that was read of its history (`older`); after it or on another line
 * (`elsewhere`); or `unknown`, as it does not say which commit it is of.
 */
export type Place = { kind: 'ancestor'; distance: number } | { kind: 'older' | 'elsewhere' | 'unknown' };

/** Reading them costs git a tenth of a second. */
const furthestInGit = 5_000;
/** Five calls of the API. */
const furthestInApi = 500;
const pageSize = 100;
const requestTimeoutMs = 30_000;

/** The base of this run and its history, by git or, where the checkout is too shallow, by the API. Null where the base cannot be told. */
export async function readOrder(context: BaseContext, root: string, repository: Repository | null): Promise<CommitOrder | null> {
  const git = gitIn(root);
  const base = await findBase(context, git, repository);
  return base === null ? null : orderFrom(base, git, repository);
}

/** @param repository null: git alone is asked; then a shallow clone knows of the base only what it holds */
export async function orderFrom(base: Base, git: Git, repository: Repository | null): Promise<CommitOrder> {
  const local = await fromGit(base.sha, git);
  if (local && (local.complete || repository === null)) return { base, ...local };
  const remote = repository === null ? null : await fromApi(base.sha, repository);
  const best = [local, remote].filter((line) => line !== null).sort((a, b) => b.distances.size - a.distances.size)[0];
  return { base, ...(best ?? { distances: new Map([[base.sha, 0]]), complete: false, oldest: null }) };
}

/** Where a result of a commit stands; `timestamp` is when it was measured, ISO 8601, and helps where history goes back further than was read. */
export function placeOf(order: CommitOrder, sha: string | null, timestamp: string): Place {
  if (sha === null || sha === '') return { kind: 'unknown' };
  const distance = order.distances.get(sha) ?? shortened(order, sha);
  if (distance !== undefined) return { kind: 'ancestor', distance };
  if (order.complete || order.oldest === null) return { kind: 'elsewhere' };
  // What was measured before the oldest of them was made cannot come after the base.
  const measured = Date.parse(timestamp);
  return { kind: measured < Date.parse(order.oldest) ? 'older' : 'elsewhere' };
}

/** A result made by hand may name its commit by the first digits. */
function shortened(order: CommitOrder, sha: string): number | undefined {
  if (!/^[0-9a-f]{7,39}$/.test(sha)) return undefined;
  for (const [full, distance] of order.distances) if (full.startsWith(sha)) return distance;
  return undefined;
}

type Line = Omit<CommitOrder, 'base'>;

async function fromGit(base: string, git: Git): Promise<Line | null> {
  const text = await attempt(git, 'log', '--first-parent', '--format=%H %cI', `--max-count=${furthestInGit}`, '--end-of-options', base);
  if (!text) return null;
  const rows = text.split('\n').map((line) => line.split(' ') as [string, string]);
  const shallow = (await attempt(git, 'rev-parse', '--is-shallow-repository')) !== 'false';
  return {
    distances: new Map(rows.map(([sha], index) => [sha, index])),
    complete: !shallow && rows.length < furthestInGit,
    oldest: rows.at(-1)?.[1] ?? null,
  };
}

/** The API lists by date, with what was merged; the line of first parents is followed through it. */
async function fromApi(base: string, { octokit, owner, repo }: Repository): Promise<Line | null> {
  const known = new Map<string, { parent: string | null; date: string | null }>();
  let ended = false;
  try {
    for (let page = 1; page <= furthestInApi / pageSize && !ended; page++) {
      const request = { signal: AbortSignal.timeout(requestTimeoutMs) };
      const { data } = await octokit.rest.repos.listCommits({ owner, repo, sha: base, per_page: pageSize, page, request });
      for (const commit of data)
        known.set(commit.sha, { parent: commit.parents[0]?.sha ?? null, date: commit.commit.committer?.date ?? commit.commit.author?.date ?? null });
      ended = data.length < pageSize;
    }
  } catch {
    // What was read until then is still of use.
  }
  const distances = new Map<string, number>();
  let oldest: string | null = null;
  let sha: string | null = base;
  let root = false;
  while (sha !== null) {
    const commit = known.get(sha);
    if (commit === undefined || distances.has(sha)) break;
    distances.set(sha, distances.size);
    oldest = commit.date ?? oldest;
    root = commit.parent === null;
    sha = commit.parent;
  }
  return distances.size === 0 ? null : { distances, complete: root, oldest };
}
