import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../config/errors.ts';
import { attempt, GitFailure, gitIn, shallowly } from '../github/git.ts';
import { StoreUnavailable } from './store.ts';

/** A branch that holds data, reached without touching the working tree, its index or its branches. */
export interface DataBranch {
  /** The branch as it is now at origin (or here, without one). @throws StoreUnavailable */
  tip(): Promise<Tip>;
  /**
   * Changes files and publishes the change. Where somebody else was faster, the change is made again on what they left, so that nothing is lost.
   * @param change given the files as they are; returns those to write, null to remove
   * @throws UserError when it is refused, or after many attempts
   */
  update(message: string, change: (tip: Tip) => Promise<Map<string, string | null>>): Promise<void>;
}

export interface Tip {
  /** Null where there is no such branch yet. */
  sha: string | null;
  /** Paths of all files. */
  files: string[];
  read(path: string): Promise<string>;
}

const maxAttempts = 12;
const longestPauseMs = 2_000;
/** What a push says when the branch has moved since it was read, at any of the places where that shows. */
const movedOn =
  /non-fast-forward|fetch first|cannot lock ref|failed to update ref|stale info|incorrect old value|reference already exists|unable to create .*\.lock|shallow file has changed/i;
const author = {
  GIT_AUTHOR_NAME: 'llm-bench',
  GIT_AUTHOR_EMAIL: 'llm-bench@localhost',
  GIT_COMMITTER_NAME: 'llm-bench',
  GIT_COMMITTER_EMAIL: 'llm-bench@localhost',
};

/** @throws UserError for a name that git does not allow */
export async function dataBranch(root: string, branch: string): Promise<DataBranch> {
  const git = gitIn(root);
  const ref = `refs/heads/${branch}`;
  if (branch.startsWith('-') || (await attempt(git, 'check-ref-format', ref)) === null) {
    if ((await attempt(git, '--version')) === null) throw new StoreUnavailable('git is not there, and baselines are kept on a branch.');
    throw new UserError(`${JSON.stringify(branch)} cannot be the name of a branch`);
  }
  if ((await attempt(git, 'rev-parse', '--git-dir')) === null)
    throw new StoreUnavailable(`${root} is no git repository, and baselines are kept on a branch.`);
  const remote = (await attempt(git, 'remote', 'get-url', 'origin')) === null ? null : 'origin';

  async function tipSha(): Promise<string | null> {
    if (remote === null) return attempt(git, 'rev-parse', '--verify', '--quiet', `${ref}^{commit}`);
    for (let tries = 1; ; tries++) {
      const listed = await git('ls-remote', '--refs', remote, ref);
      const sha = listed.match(/^([0-9a-f]{40,64})\s/)?.[1] ?? null;
      if (sha === null || (await holds(sha))) return sha;
      try {
        await git('fetch', '--quiet', ...(await shallowly(git)), '--no-tags', '--no-write-fetch-head', remote, ref);
        if (await holds(sha)) return sha;
      } catch (error) {
        if (!isRace(error)) throw error;
      }
      // It moved between the two questions.
      if (tries === maxAttempts) throw new GitFailure(`the branch ${branch} moves faster than it can be read`, null, null);
      await pause(tries);
    }
  }

  const holds = async (sha: string) => (await attempt(git, 'cat-file', '-e', `${sha}^{tree}`)) !== null;

  async function tip(): Promise<Tip> {
    try {
      const sha = await tipSha();
      const listed = sha === null ? '' : await git('-c', 'core.quotePath=false', 'ls-tree', '-r', '--name-only', sha);
      return {
        sha,
        files: listed === '' ? [] : listed.split('\n'),
        read: (path) => git('cat-file', 'blob', `${sha}:${path}`).catch((error) => unreadable(path, error)),
      };
    } catch (error) {
      throw new StoreUnavailable(`the branch ${branch} could not be read: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Null where nothing changes. */
  async function commit(from: Tip, message: string, edits: Map<string, string | null>): Promise<string | null> {
    const folder = await mkdtemp(join(tmpdir(), 'llm-bench-index-'));
    try {
      const indexed = gitIn(root, { env: { ...author, GIT_INDEX_FILE: join(folder, 'index') } });
      await indexed('read-tree', from.sha ?? '--empty');
      for (const [path, text] of edits) {
        if (text === null) await indexed('update-index', '--force-remove', '--', path);
        else {
          const blob = await gitIn(root, { input: text })('hash-object', '-w', '--stdin');
          await indexed('update-index', '--add', '--cacheinfo', `100644,${blob},${path}`);
        }
      }
      const tree = await indexed('write-tree');
      if (from.sha !== null && tree === (await git('rev-parse', `${from.sha}^{tree}`))) return null;
      return await indexed('commit-tree', tree, ...(from.sha === null ? [] : ['-p', from.sha]), '-m', message);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async function publish(sha: string, from: Tip): Promise<void> {
    if (remote === null) await git('update-ref', ref, sha, from.sha ?? '0'.repeat(sha.length));
    else await git('push', '--quiet', '--no-verify', remote, `${sha}:${ref}`);
  }

  return {
    tip,
    async update(message, change) {
      for (let tries = 1; ; tries++) {
        const from = await tip();
        const edits = await change(from);
        try {
          const sha = await commit(from, message, edits);
          if (sha !== null) await publish(sha, from);
          return;
        } catch (error) {
          if (!isRace(error)) throw refusal(branch, error);
          if (tries === maxAttempts)
            throw new UserError(`the branch ${branch} was changed by others ${maxAttempts} times while it was written; try again.`);
          await pause(tries);
        }
      }
    },
  };
}

const isRace = (error: unknown): boolean => error instanceof GitFailure && movedOn.test(error.message);

/** Longer each time and never the same for two: whoever met once would meet again. */
const pause = (tries: number) => delay(Math.random() * Math.min(longestPauseMs, 50 * 2 ** tries));

function refusal(branch: string, error: unknown): UserError {
  return new UserError(`the branch ${branch} could not be written: ${messageOf(error)}`, {
    hint: 'In a workflow the job needs the permission `contents: write`, and the checkout must keep its credentials.',
    cause: error,
  });
}

function unreadable(path: string, error: unknown): never {
  throw new StoreUnavailable(`${path} could not be read: ${messageOf(error)}`, { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
