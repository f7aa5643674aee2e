import { setTimeout as sleep } from 'node:timers/promises';
import type { CommentWhen } from '../config/bench-config.ts';
import type { Repository } from '../github/client.ts';
import { explainFailure, statusOf } from '../github/failure.ts';
import { cutMarkdown } from '../report/fit.ts';
import { commentMarker } from '../report/marker.ts';
import type { OverallVerdict } from '../verdict/verdict.ts';
import { type FoundComment, ownComments } from './own-comments.ts';
import { patiently, type Wait } from './patience.ts';

export interface PublishOptions {
  repository: Repository;
  pullNumber: number;
  /** Tells the comments of different jobs and matrix legs apart; the body was rendered with it. */
  key: string;
  body: string;
  /** The commit that was measured: nothing is posted once it is no longer the pull request's head. */
  headSha: string;
  when: CommentWhen;
  verdict: OverallVerdict;
  /** Why the token may be read-only, for the warning: the pull request comes from a fork, or Dependabot opened it. */
  origin?: 'fork' | 'dependabot' | null;
  wait?: Wait;
}

export interface Published {
  /** The comment; null when there is none. */
  url: string | null;
  /** Why nothing was posted, for a warning or a note; null when all is as asked. */
  warning: string | null;
}

/** GitHub's limit, in characters. */
const longestBody = 65_536;

/**
 * Creates or updates the one comment of this key on the pull request, and deletes duplicates of ours. A failure to comment is never an error: the
 * reason comes back as `warning`. `on-change` speaks up only when something is not ok, but keeps an existing comment up to date.
 */
export async function publishComment(options: PublishOptions): Promise<Published> {
  if (options.when === 'never') return { url: null, warning: null };
  try {
    return await publish(options, options.wait ?? sleepFor);
  } catch (error) {
    if (statusOf(error) === null && !isNetworkError(error)) throw error;
    return { url: null, warning: reason(error, options) };
  }
}

async function publish(options: PublishOptions, wait: Wait): Promise<Published> {
  const { repository, pullNumber, headSha, when, verdict } = options;
  const { octokit, owner, repo } = repository;
  const [kept, ...duplicates] = await ownComments(repository, pullNumber, commentMarker(options.key), wait);
  const good = verdict === 'ok' || verdict === 'improved' || verdict === 'new';
  if (when === 'on-change' && good && kept === undefined) return { url: null, warning: null };

  // Asked last, right before the write: a push may have come while we looked.
  const pull = await patiently(() => octokit.rest.pulls.get({ owner, repo, pull_number: pullNumber }), { wait, repeatable: true });
  const head = pull.data.head.sha;
  if (head !== headSha) {
    const warning = `not commented: ${short(headSha)} was measured, but the head of #${pullNumber} is ${short(head)} by now; its own run will comment`;
    return { url: kept?.url ?? null, warning };
  }
  const body = cutMarkdown(options.body, longestBody, (text) => text.length);
  const url = await write(options, kept ?? null, body, wait);
  for (const { id } of duplicates) {
    await patiently(() => octokit.rest.issues.deleteComment({ owner, repo, comment_id: id }), { wait, repeatable: true }).catch(ignoreMissing);
  }
  return { url, warning: null };
}

/** Updates the comment in place; creates it where there is none, or where somebody deleted it meanwhile. */
async function write(options: PublishOptions, existing: FoundComment | null, body: string, wait: Wait): Promise<string> {
  const { octokit, owner, repo } = options.repository;
  if (existing !== null) {
    if (existing.body.replaceAll('\r\n', '\n') === body) return existing.url;
    try {
      const update = () => octokit.rest.issues.updateComment({ owner, repo, comment_id: existing.id, body });
      return (await patiently(update, { wait, repeatable: true })).data.html_url;
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }
  const create = () => octokit.rest.issues.createComment({ owner, repo, issue_number: options.pullNumber, body });
  return (await patiently(create, { wait, repeatable: false })).data.html_url;
}

function ignoreMissing(error: unknown): void {
  if (statusOf(error) !== 404) throw error;
}

function reason(error: unknown, options: PublishOptions): string {
  const { owner, repo } = options.repository;
  const { status, message } = explainFailure(error, `comment on ${owner}/${repo}#${options.pullNumber}`, 'pull-requests: write');
  if (status !== 403 && status !== 404) return message;
  if (options.origin === 'fork') {
    return `${message.split('. ')[0]}. The pull request comes from a fork, whose token can only read: a workflow_run job of the base branch can comment instead.`;
  }
  if (options.origin === 'dependabot') {
    return `${message.split('. ')[0]}. Dependabot's pull requests have a token that can only read, as those of forks have.`;
  }
  return message;
}

/** Octokit wraps a failed connection in a RequestError without a response; everything else without a status is a bug of ours. */
function isNetworkError(error: unknown): boolean {
  return error instanceof Error && error.name === 'HttpError';
}

const sleepFor: Wait = async (milliseconds) => {
  await sleep(milliseconds);
};

const short = (sha: string): string => sha.slice(0, 7);
