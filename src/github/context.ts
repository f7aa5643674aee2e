import { UserError } from '../config/errors.ts';
import { list, number, text } from './payload.ts';

/** The workflow run that we are part of, as the runner's environment and its event file describe it. Null is "the event does not say". */
export interface EventContext {
  /** `push`, `pull_request`, `merge_group`, ... */
  event: string;
  /** What the event file calls the action: `opened`, `labeled`, `requested`, ... */
  action: string | null;
  owner: string;
  repo: string;
  repositoryId: number | null;
  defaultBranch: string | null;
  /** What the runner checked out by default: for a pull request the merge commit, never its head. */
  sha: string | null;
  /** `refs/heads/main`, `refs/pull/12/merge`, `refs/tags/v1`. */
  ref: string | null;
  /** The commit that a person pushed: the pull request's head, the group's head, the pushed commit. */
  headSha: string | null;
  headRef: string | null;
  /** The branch that a pull request or merge group goes into, without `refs/heads/`. */
  baseRef: string | null;
  /** For a merge group: the commit that the queue built it on. Unlike a pull request's `base.sha` it cannot grow old: a group is built anew instead. */
  groupBase: string | null;
  /** The repository that a pull request's code comes from; null where it was deleted, or for other events. */
  headRepositoryId: number | null;
  /** A pull request's labels at the time of the event. */
  labels: string[];
  /** The label that was put on or taken off, for the actions `labeled` and `unlabeled`. */
  label: string | null;
  /** The account that caused the event. */
  sender: string | null;
  /** Its number, where the event is about exactly one. */
  pullRequest: number | null;
  /** True where the code under test comes from another repository than this one; a deleted source repository counts as another. */
  fork: boolean;
  /** True where Dependabot caused the run: its token is read-only, as a fork's is. */
  dependabot: boolean;
  runId: number | null;
  runAttempt: number | null;
  workflow: string | null;
  job: string | null;
  /** For `workflow_run`: what it follows. */
  source: { event: string | null; runId: number | null; runAttempt: number | null; headOwner: string | null } | null;
  /** REST root without a trailing slash. */
  apiUrl: string;
  serverUrl: string;
}

type Environment = Record<string, string | undefined>;

/**
 * Reads the environment of a workflow run and its event file. Nothing is taken from `base.sha` of the event: it is what the base branch
 * was when the pull request was last touched, not what this run is to be compared with.
 * @param readFile reads a text file, such as `(path) => fs.readFile(path, 'utf8')`
 * @throws UserError outside a workflow run, or when the event file is named and cannot be read or is no JSON object
 */
export async function readContext(env: Environment, readFile: (path: string) => Promise<string>): Promise<EventContext> {
  const repository = env.GITHUB_REPOSITORY ?? '';
  const [owner, repo, ...rest] = repository.split('/');
  if (!owner || !repo || rest.length > 0) {
    throw new UserError(`GITHUB_REPOSITORY is ${repository === '' ? 'not set' : JSON.stringify(repository)}, expected owner/name`, {
      hint: 'This is set by the runner inside a workflow; on a laptop use the llm-bench command instead of the action.',
    });
  }
  const payload = await readPayload(env.GITHUB_EVENT_PATH, readFile);
  const event = env.GITHUB_EVENT_NAME ?? '';
  const ref = present(env.GITHUB_REF);
  const sha = present(env.GITHUB_SHA);
  return {
    event,
    action: text(payload, 'action'),
    owner,
    repo,
    repositoryId: whole(env.GITHUB_REPOSITORY_ID) ?? number(payload, 'repository', 'id'),
    // A scheduled run is always one of the default branch, and its event file may be without a repository.
    defaultBranch: text(payload, 'repository', 'default_branch') ?? (event === 'schedule' ? branchOf(ref) : null),
    sha,
    ref,
    ...aboutChange(event, payload, { ref, sha }),
    groupBase: event === 'merge_group' ? text(payload, 'merge_group', 'base_sha') : null,
    headRepositoryId:
      number(payload, 'pull_request', 'head', 'repo', 'id') ??
      (event === 'workflow_run' ? number(payload, 'workflow_run', 'head_repository', 'id') : null),
    labels: list(payload, 'pull_request', 'labels').flatMap((label) => text(label, 'name') ?? []),
    label: text(payload, 'label', 'name'),
    sender: text(payload, 'sender', 'login'),
    dependabot: causedByDependabot(env, payload),
    runId: whole(env.GITHUB_RUN_ID),
    runAttempt: whole(env.GITHUB_RUN_ATTEMPT),
    workflow: present(env.GITHUB_WORKFLOW),
    job: present(env.GITHUB_JOB),
    source: event === 'workflow_run' ? sourceRun(payload) : null,
    apiUrl: withoutSlash(present(env.GITHUB_API_URL) ?? 'https://api.github.com'),
    serverUrl: withoutSlash(present(env.GITHUB_SERVER_URL) ?? 'https://github.com'),
  };
}

/** `main` of `refs/heads/main`; null for a tag, a pull request or nothing. */
export function branchOf(ref: string | null): string | null {
  return ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
}

type Change = Pick<EventContext, 'headSha' | 'headRef' | 'baseRef' | 'pullRequest' | 'fork'>;

function aboutChange(event: string, payload: unknown, run: { ref: string | null; sha: string | null }): Change {
  switch (event) {
    case 'pull_request':
    case 'pull_request_target':
    case 'pull_request_review':
    case 'pull_request_review_comment':
      return {
        headSha: text(payload, 'pull_request', 'head', 'sha'),
        headRef: text(payload, 'pull_request', 'head', 'ref'),
        baseRef: text(payload, 'pull_request', 'base', 'ref'),
        pullRequest: number(payload, 'pull_request', 'number') ?? number(payload, 'number') ?? pullRequestOf(run.ref),
        fork: foreign(number(payload, 'pull_request', 'head', 'repo', 'id'), number(payload, 'pull_request', 'base', 'repo', 'id')),
      };
    case 'merge_group': {
      const headRef = branchOf(text(payload, 'merge_group', 'head_ref')) ?? branchOf(run.ref);
      return {
        headSha: text(payload, 'merge_group', 'head_sha') ?? run.sha,
        headRef,
        baseRef: branchOf(text(payload, 'merge_group', 'base_ref')),
        // gh-readonly-queue/<base>/pr-<number>-<sha>: the last pull request of the group.
        pullRequest: whole(headRef?.match(/\/pr-(\d+)-[0-9a-f]{7,64}$/)?.[1]),
        fork: false,
      };
    }
    case 'workflow_run': {
      const fork = foreign(number(payload, 'workflow_run', 'head_repository', 'id'), number(payload, 'workflow_run', 'repository', 'id'));
      const numbers = list(payload, 'workflow_run', 'pull_requests').map((entry) => number(entry, 'number'));
      return {
        headSha: text(payload, 'workflow_run', 'head_sha'),
        headRef: text(payload, 'workflow_run', 'head_branch'),
        baseRef: null,
        // Empty for forks, and several where one head serves several: then whoever needs it asks the API by head SHA.
        pullRequest: !fork && numbers.length === 1 ? (numbers[0] ?? null) : null,
        fork,
      };
    }
    case 'push':
      return { headSha: text(payload, 'after') ?? run.sha, headRef: branchOf(run.ref), baseRef: null, pullRequest: null, fork: false };
    default:
      return { headSha: run.sha, headRef: branchOf(run.ref), baseRef: null, pullRequest: null, fork: false };
  }
}

function sourceRun(payload: unknown): EventContext['source'] {
  return {
    event: text(payload, 'workflow_run', 'event'),
    runId: number(payload, 'workflow_run', 'id'),
    runAttempt: number(payload, 'workflow_run', 'run_attempt'),
    headOwner: text(payload, 'workflow_run', 'head_repository', 'owner', 'login'),
  };
}

function causedByDependabot(env: Environment, payload: unknown): boolean {
  const name = 'dependabot[bot]';
  // GITHUB_ACTOR and not GITHUB_TRIGGERING_ACTOR: a person's re-run of such a run still has Dependabot's token.
  return (
    env.GITHUB_ACTOR === name || text(payload, 'pull_request', 'user', 'login') === name || text(payload, 'workflow_run', 'actor', 'login') === name
  );
}

/** Ids that are not both known cannot be shown to be equal. */
function foreign(head: number | null, base: number | null): boolean {
  return head === null || head !== base;
}

async function readPayload(path: string | undefined, readFile: (path: string) => Promise<string>): Promise<unknown> {
  if (!path) return {};
  const hint = 'GITHUB_EVENT_PATH must name the JSON file that the runner writes; a step or a container that hides it has to pass it on.';
  let content: string;
  try {
    content = await readFile(path);
  } catch (cause) {
    throw new UserError(`the event file ${path} cannot be read: ${message(cause)}`, { hint, cause });
  }
  let payload: unknown;
  try {
    payload = JSON.parse(content);
  } catch (cause) {
    throw new UserError(`the event file ${path} is not JSON: ${message(cause)}`, { hint, cause });
  }
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new UserError(`the event file ${path} holds ${kindOf(payload)}, expected a JSON object`, { hint });
  }
  return payload;
}

function whole(value: string | undefined): number | null {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : null;
}

function pullRequestOf(ref: string | null): number | null {
  return whole(ref?.match(/^refs\/pull\/(\d+)\//)?.[1]);
}

function present(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
