import type { Repository } from '../github/client.ts';
import type { EventContext } from '../github/context.ts';
import { attempt, type Git } from '../github/git.ts';

/** The commit that a change is to be compared with, and how it was found. */
export interface Base {
  sha: string;
  /** `first parent`, `merge base`, `previous commit`, `queue's base`, `this commit`: for the report. */
  how: string;
}

export type BaseContext = Pick<EventContext, 'event' | 'sha' | 'headSha' | 'baseRef'> & Partial<Pick<EventContext, 'groupBase'>>;

const requestTimeoutMs = 30_000;

/**
 * Which commit this run is to be compared with. `base.sha` of a pull request's event is never used: it is what the base branch was when the pull
 * request was last touched.
 * - The merge commit that the runner checks out for a pull request was made of today's base: its first parent. A checkout of the head: its merge base.
 * - A merge queue's group names the commit that it was built on; it is taken only where the checked-out commit does come after it, else the first parent.
 * - A schedule or a run by hand measures a commit that may have been measured before: that commit itself.
 * - A push: the commit before.
 * @param repository asked for the merge base where the checkout is too shallow to tell; null: not asked
 * @returns null where it cannot be told
 */
export async function findBase(context: BaseContext, git: Git, repository: Repository | null): Promise<Base | null> {
  const head = await attempt(git, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}');
  if (!head) return null;
  switch (context.event) {
    case 'pull_request':
    case 'pull_request_target':
    case 'pull_request_review':
    case 'pull_request_review_comment': {
      const parents = await parentsOf(git, head);
      // The platform's merge commit: the base first, the pull request's head second.
      const isMerge = parents.length === 2 && (context.headSha === null ? head === context.sha : parents[1] === context.headSha);
      return isMerge ? { sha: parents[0] as string, how: 'first parent' } : mergeBase(context, head, git, repository);
    }
    case 'workflow_run':
      // The checkout is of the default branch: the platform alone can tell.
      return context.headSha === null ? null : mergeBaseInApi(context, context.headSha, repository);
    case 'merge_group':
      return (await queueBase(context, git, head)) ?? firstParent(git, head, 'first parent');
    case 'schedule':
    case 'workflow_dispatch':
      return { sha: head, how: 'this commit' };
    default:
      return firstParent(git, head, 'previous commit');
  }
}

/**
 * How a commit lies beside the checked-out one: so many commits before it, or, where their lines part, after their merge base (negative). Nulls where
 * they share no history that is here.
 */
export async function relationTo(sha: string, git: Git): Promise<{ distance: number | null; relation: string | null }> {
  const shared = await attempt(git, 'merge-base', 'HEAD', sha);
  if (!shared) return { distance: null, relation: null };
  const count = async (range: string) => {
    const text = await attempt(git, 'rev-list', '--count', '--first-parent', range);
    return text === null ? null : Number(text);
  };
  if (shared === sha) return { distance: await count(`${sha}..HEAD`), relation: 'this commit' };
  const after = await count(`${shared}..${sha}`);
  return { distance: after === null ? null : -after, relation: 'merge base' };
}

/** Where the queue rebases, a group is several commits long, and the first parent one of its own. */
async function queueBase(context: BaseContext, git: Git, head: string): Promise<Base | null> {
  const { groupBase } = context;
  if (!groupBase || groupBase === head) return null;
  const isAncestor =
    (await attempt(git, 'merge-base', '--is-ancestor', groupBase, head)) !== null || (await parentsOf(git, head)).includes(groupBase);
  return isAncestor ? { sha: groupBase, how: "queue's base" } : null;
}

async function firstParent(git: Git, head: string, how: string): Promise<Base | null> {
  const [sha] = await parentsOf(git, head);
  return sha === undefined ? null : { sha, how };
}

/** The parents as the commit itself names them: a shallow clone hides them from rev-parse, but not from the object. */
async function parentsOf(git: Git, sha: string): Promise<string[]> {
  const commit = (await attempt(git, 'cat-file', 'commit', sha)) ?? '';
  const header = commit.split('\n\n', 1)[0] ?? '';
  return [...header.matchAll(/^parent ([0-9a-f]{40,64})$/gm)].map((match) => match[1] as string);
}

async function mergeBase(context: BaseContext, head: string, git: Git, repository: Repository | null): Promise<Base | null> {
  const { baseRef } = context;
  if (baseRef === null) return null;
  for (const ref of [`refs/remotes/origin/${baseRef}`, `refs/heads/${baseRef}`]) {
    const sha = await attempt(git, 'merge-base', 'HEAD', ref);
    if (sha) return { sha, how: 'merge base' };
  }
  return mergeBaseInApi(context, head, repository);
}

async function mergeBaseInApi({ baseRef }: BaseContext, head: string, repository: Repository | null): Promise<Base | null> {
  if (repository === null || baseRef === null) return null;
  const { octokit, owner, repo } = repository;
  try {
    const basehead = `${baseRef}...${head}`;
    const request = { signal: AbortSignal.timeout(requestTimeoutMs) };
    const { data } = await octokit.rest.repos.compareCommitsWithBasehead({ owner, repo, basehead, per_page: 1, request });
    return { sha: data.merge_base_commit.sha, how: 'merge base' };
  } catch {
    return null;
  }
}
