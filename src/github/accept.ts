import type { ResultDocument } from '../result/document.ts';
import type { Repository } from './client.ts';
import type { EventContext } from './context.ts';
import { explainFailure, statusOf } from './failure.ts';
import { number, text } from './payload.ts';

/** Put on a pull request, it accepts a known slow-down of the commit that is its head at that moment. */
export const acceptLabel = 'accept-regression';

/** Whether the slow-down of a commit was accepted. */
export interface Acceptance {
  accepted: boolean;
  /** Who put the label on; null where nobody did. */
  by: string | null;
  /** The pull request's head that the label stands for. */
  sha: string | null;
  pullRequest: number | null;
  /** One sentence for the comment: why, or why not. Empty where nobody asked for it. */
  reason: string;
}

/** What the decision rests on. */
export interface AcceptanceFacts {
  label: string;
  pullRequest: number;
  headSha: string;
  /** The pull request has the label. */
  labelled: boolean;
  /** Who put it on; null where that cannot be told. */
  by: string | null;
  /** What that account may do here: admin, write, read, none; null where that cannot be told. */
  permission: string | null;
  /** The label was put on when this commit was the head already. */
  uponThisHead: boolean;
}

/** Pure. Everything that is not known counts as "no". */
export function decideAcceptance(facts: AcceptanceFacts): Acceptance {
  const { label, pullRequest, headSha, by } = facts;
  const short = headSha.slice(0, 7);
  const no = (reason: string): Acceptance => ({ accepted: false, by, sha: headSha, pullRequest, reason });
  if (!facts.labelled) return no('');
  if (!facts.uponThisHead)
    return no(
      `The label ${label} does not count for ${short}: it was put on before this commit came. Take it off and put it on again to accept this one.`,
    );
  if (by === null) return no(`The label ${label} does not count: who put it on cannot be told.`);
  if (facts.permission === null) return no(`The label ${label} does not count: whether ${by} may write to this repository cannot be told.`);
  if (facts.permission !== 'write' && facts.permission !== 'admin')
    return no(`The label ${label} does not count: ${by} put it on and has no write permission (${facts.permission}).`);
  return { accepted: true, by, sha: headSha, pullRequest, reason: `${by} accepted the slow-down of ${short} (label ${label}).` };
}

/** True for the event that the label itself caused: what was measured of this head before is to be judged again, not measured again. */
export function isLabelEvent(context: Pick<EventContext, 'event' | 'action' | 'label'>, label = acceptLabel): boolean {
  return context.event === 'pull_request' && (context.action === 'labeled' || context.action === 'unlabeled') && context.label === label;
}

type Context = Pick<EventContext, 'event' | 'action' | 'labels' | 'label' | 'sender' | 'headSha' | 'pullRequest' | 'headRef' | 'headRepositoryId'>;

const requestTimeoutMs = 30_000;
const nobody: Acceptance = { accepted: false, by: null, sha: null, pullRequest: null, reason: '' };

/**
 * Whether a slow-down of this run's commit was accepted. On a pull request by its label, for the head in the event alone: a push makes it void. In a merge
 * queue, and for a push to the branch, when the pull request behind it was accepted and its head is still the one that was. Never throws: what cannot be
 * asked counts as not accepted, and says why. Needs `pull-requests: read`, and `actions: read` where the event itself is not the label's.
 */
export async function readAcceptance(context: Context, repository: Repository | null, label = acceptLabel): Promise<Acceptance> {
  try {
    switch (context.event) {
      case 'pull_request':
      case 'pull_request_target':
        return await ofPullRequest(context, repository, label);
      case 'merge_group':
        return context.pullRequest === null || repository === null ? nobody : await ofMerged(repository, context.pullRequest, label);
      case 'push': {
        const merged = context.headSha === null || repository === null ? null : await mergedBy(repository, context.headSha);
        return merged === null || repository === null ? nobody : await ofMerged(repository, merged, label);
      }
      default:
        return nobody;
    }
  } catch (error) {
    const { message } = explainFailure(error, `read who put the label ${label} on`, 'pull-requests: read');
    return {
      ...nobody,
      sha: context.headSha,
      pullRequest: context.pullRequest,
      reason: `Whether the slow-down was accepted cannot be told: ${message}`,
    };
  }
}

async function ofPullRequest(context: Context, repository: Repository | null, label: string): Promise<Acceptance> {
  const { pullRequest, headSha, headRef, headRepositoryId } = context;
  if (pullRequest === null || headSha === null || !context.labels.includes(label)) return nobody;
  const facts = { label, pullRequest, headSha, labelled: true, by: null, permission: null, uponThisHead: false };
  // The payload alone says that this commit came after the label, which stayed on.
  if (context.action === 'synchronize' || repository === null) return decideAcceptance({ ...facts, uponThisHead: context.action !== 'synchronize' });
  if (context.action === 'labeled' && context.label === label) {
    const by = context.sender;
    return decideAcceptance({ ...facts, by, permission: by === null ? null : await permissionOf(repository, by), uponThisHead: true });
  }
  return decideAcceptance({ ...facts, ...(await fromHistory(repository, { ...facts, headRef, headRepositoryId })) });
}

async function ofMerged(repository: Repository, pullRequest: number, label: string): Promise<Acceptance> {
  const { octokit, owner, repo } = repository;
  const { data } = await octokit.rest.pulls.get({
    owner,
    repo,
    pull_number: pullRequest,
    request: { signal: AbortSignal.timeout(requestTimeoutMs) },
  });
  const labelled = data.labels.some(({ name }) => name === label);
  if (!labelled) return nobody;
  const facts = { label, pullRequest, headSha: data.head.sha, labelled, by: null, permission: null, uponThisHead: false };
  const head = { headRef: data.head.ref, headRepositoryId: (data.head.repo as { id: number } | null)?.id ?? null };
  return decideAcceptance({ ...facts, ...(await fromHistory(repository, { ...facts, ...head })) });
}

/** The pull request that a commit of the branch came in by, as merge, squash or rebase. */
async function mergedBy({ octokit, owner, repo }: Repository, sha: string): Promise<number | null> {
  const request = { signal: AbortSignal.timeout(requestTimeoutMs) };
  const { data } = await octokit.rest.repos.listPullRequestsAssociatedWithCommit({ owner, repo, commit_sha: sha, per_page: 30, request });
  return data.find((pull) => pull.merged_at != null && pull.merge_commit_sha === sha)?.number ?? null;
}

interface Labelled {
  label: string;
  pullRequest: number;
  headSha: string;
  headRef: string | null;
  headRepositoryId: number | null;
}

/**
 * Who put the label on last, and whether the head was there by then. Dates of commits prove nothing, their author sets them; but the platform started a
 * workflow run when the head was pushed, and it writes a force push into the history: without one, no earlier head comes back.
 */
async function fromHistory(repository: Repository, about: Labelled): Promise<Pick<AcceptanceFacts, 'by' | 'permission' | 'uponThisHead'>> {
  const put = await lastPut(repository, about);
  if (put === null) return { by: null, permission: null, uponThisHead: true };
  const uponThisHead = !put.forcedSince && (await wasThereBy(repository, about, put.at));
  return { by: put.by, permission: uponThisHead && put.by !== null ? await permissionOf(repository, put.by) : null, uponThisHead };
}

const maxPages = 30;

interface Put {
  by: string | null;
  at: string;
  /** The branch was forced to another commit after it. */
  forcedSince: boolean;
}

async function lastPut({ octokit, owner, repo }: Repository, { label, pullRequest }: Labelled): Promise<Put | null> {
  let put: Put | null = null;
  for (let page = 1; page <= maxPages; page++) {
    const request = { signal: AbortSignal.timeout(requestTimeoutMs) };
    const { data } = await octokit.rest.issues.listEventsForTimeline({ owner, repo, issue_number: pullRequest, per_page: 100, page, request });
    for (const entry of data as unknown[]) {
      const kind = text(entry, 'event');
      if (kind === 'labeled' && text(entry, 'label', 'name') === label)
        put = { by: text(entry, 'actor', 'login'), at: text(entry, 'created_at') ?? '', forcedSince: false };
      else if (kind === 'unlabeled' && text(entry, 'label', 'name') === label) put = null;
      else if (kind === 'head_ref_force_pushed' && put !== null) put = { ...(put as Put), forcedSince: true };
    }
    if (data.length < 100) return put;
  }
  // A history that long was not read to its end.
  return null;
}

async function wasThereBy({ octokit, owner, repo }: Repository, { headSha, headRef, headRepositoryId }: Labelled, at: string): Promise<boolean> {
  if (at === '' || headRef === null || headRepositoryId === null) return false;
  const request = { signal: AbortSignal.timeout(requestTimeoutMs) };
  const { data } = await octokit.rest.actions.listWorkflowRunsForRepo({ owner, repo, head_sha: headSha, created: `<=${at}`, per_page: 100, request });
  return data.workflow_runs.some(
    (run) =>
      run.head_sha === headSha &&
      run.head_branch === headRef &&
      number(run, 'head_repository', 'id') === headRepositoryId &&
      Date.parse(run.created_at) <= Date.parse(at),
  );
}

/** Null for an account that the repository does not know. */
async function permissionOf({ octokit, owner, repo }: Repository, username: string): Promise<string | null> {
  try {
    const request = { signal: AbortSignal.timeout(requestTimeoutMs) };
    return (await octokit.rest.repos.getCollaboratorPermissionLevel({ owner, repo, username, request })).data.permission;
  } catch (error) {
    if (statusOf(error) === 404) return 'none';
    throw error;
  }
}

/** The result with the acceptance on each of its runs, so that pools know where a new level begins; without one, as it is. Pure. */
export function recordAcceptance(document: ResultDocument, { accepted, by, sha }: Acceptance): ResultDocument {
  const runs = document.runs.map(({ accepted: _before, ...run }) =>
    accepted && by !== null && sha !== null ? { ...run, accepted: { by, sha } } : run,
  );
  return { ...document, runs };
}
