import { mkdtemp, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { relationTo } from '../../baseline/base.ts';
import { UserError } from '../../config/errors.ts';
import { attempt, type Git, gitIn, shallowly } from '../../github/git.ts';
import type { BaselineSummary, Verdict } from '../../verdict/verdict.ts';

/** A commit checked out beside the working tree. */
export interface Worktree {
  path: string;
  /** The folder in it that answers to the one asked from. */
  directory: string;
  sha: string;
  /** How the commit lies beside the one that is checked out here. */
  place: Pick<BaselineSummary, 'distance' | 'relation'>;
  /** Removes the folder and git's record of it. Idempotent. */
  remove(): Promise<void>;
}

/** A large repository is written out in minutes, on a slow disk. */
const checkoutTimeoutMs = 10 * 60_000;

/**
 * Checks a commit, branch or tag out into a folder of its own; fetched from `origin` first where a shallow clone lacks it. A branch is origin's rather
 * than a local one of that name, which may be long behind. Hooks do not run; submodules stay empty, as in a fresh checkout.
 * @throws UserError (2) when there is no such commit, here or at origin, or it cannot be written out
 */
export async function addWorktree(root: string, ref: string): Promise<Worktree> {
  const git = gitIn(root, { timeoutMs: checkoutTimeoutMs });
  const sha = (await resolveCommit(git, ref)) ?? (await fetchCommit(git, ref));
  if (sha === null) {
    throw new UserError(`no commit ${JSON.stringify(ref)} to compare with: it is neither in this clone nor at its origin.`, {
      hint: 'In a workflow, check out with fetch-depth: 0, or name a branch or commit that exists.',
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-base-'));
  const path = join(folder, 'tree');
  const remove = async () => {
    await attempt(git, 'worktree', 'remove', '--force', path);
    await rm(folder, { recursive: true, force: true });
    await attempt(git, 'worktree', 'prune');
  };
  try {
    await git('-c', `core.hooksPath=${devNull}`, 'worktree', 'add', '--quiet', '--detach', '--force', path, sha);
  } catch (cause) {
    await remove();
    throw new UserError(`the commit ${sha.slice(0, 12)} could not be checked out into ${path}: ${(cause as Error).message}`, { cause });
  }
  const prefix = (await attempt(git, 'rev-parse', '--show-prefix')) ?? '';
  return { path, directory: join(path, prefix), sha, place: await relationTo(sha, git), remove };
}

/** A verdict over rounds of this commit and the checked-out one, with how the two lie beside each other. */
export function besideWorktree(verdict: Verdict, worktree: Worktree | null): Verdict {
  const { baseline } = verdict;
  return worktree === null || baseline === null ? verdict : { ...verdict, baseline: { ...baseline, sha: worktree.sha, ...worktree.place } };
}

async function resolveCommit(git: Git, ref: string): Promise<string | null> {
  for (const name of [`refs/remotes/origin/${ref}`, ref]) {
    const sha = await attempt(git, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`);
    // A shallow clone knows the names of commits that it does not hold.
    if (sha && (await attempt(git, 'cat-file', '-t', sha)) === 'commit') return sha;
  }
  return null;
}

async function fetchCommit(git: Git, ref: string): Promise<string | null> {
  const fetched = await attempt(git, 'fetch', '--quiet', ...(await shallowly(git)), '--no-tags', '--end-of-options', 'origin', ref);
  return fetched === null ? null : attempt(git, 'rev-parse', '--verify', '--quiet', 'FETCH_HEAD^{commit}');
}
