import { join } from 'node:path';
import { scenariosOf } from '../../baseline/fitness.ts';
import { readOrder } from '../../baseline/order.ts';
import { UserError } from '../../config/errors.ts';
import { readAcceptance } from '../../github/accept.ts';
import { downloadArtifact, listRunArtifacts, matchesDigest, readRun } from '../../github/artifacts.ts';
import type { Repository } from '../../github/client.ts';
import type { EventContext } from '../../github/context.ts';
import { explainFailure } from '../../github/failure.ts';
import { type ReportContent, readReport } from '../../github/stored-result.ts';
import { findStored, withPool } from './baseline.ts';
import { conclude } from './conclude.ts';
import { elapsedFrom, type Given } from './judge-files.ts';
import type { ConcludeOptions } from './options.ts';
import { judgeAgain } from './rejudge.ts';

export interface CommentOnForkOptions extends Given {
  context: EventContext;
  repository: Repository | null;
  /** Of the names of the artifacts that are read: `PREFIX...-report`. */
  prefix: string;
}

/** A matrix of more legs than that is one for `merge/`. */
const maxReports = 20;
const maxArchiveBytes = 50 * 1024 * 1024;
const requestTimeoutMs = 30_000;
/** What our own jobs name their artifacts by (see defaultKeys); nothing else becomes the key of a comment. */
const keyShape = /^\w[\w.,=+-]{0,119}$/;

/**
 * Comments on the pull request whose run has just ended and could not comment itself. Nothing that the run left is believed: which pull request it is, is
 * asked of the platform by the head's commit; of the archives only the raw results are read, bounded; they are judged again with the configuration that is
 * checked out here, the base branch's, against the base branch's baselines; everything in them is escaped. What they say was measured is all that is theirs.
 * @returns the addresses of the comments
 * @throws UserError (2) for another event, and without a token
 */
export async function commentOnFork(options: CommentOnForkOptions): Promise<string[]> {
  const { context, repository } = options;
  const { source, headSha } = context;
  const { log } = options.concludeOptions(await options.judging([]));
  if (context.event !== 'workflow_run' || source?.runId == null || headSha === null)
    throw new UserError(`this action belongs into a workflow on workflow_run, found ${context.event || 'no event'}`, {
      hint: 'on: { workflow_run: { workflows: [NAME of the workflow that measures], types: [completed] } }',
    });
  if (repository === null) throw new UserError('a github-token is needed to read the results and to comment');
  if (source.event !== 'pull_request')
    return nothing(log, `run ${source.runId} was started by ${source.event ?? 'an unknown event'}, not by pull_request`);
  if (!context.fork && !context.dependabot) return nothing(log, `run ${source.runId} is of this repository: it has commented itself`);
  try {
    const run = await readRun(repository, source.runId);
    if (run.headSha !== headSha || run.event !== 'pull_request') return nothing(log, `run ${run.id} is not what the event says of it`);
    const pull = await pullOf(repository, context);
    if (pull === null) return nothing(log, `no open pull request has the head ${headSha.slice(0, 7)}`);
    const names = (await listRunArtifacts(repository, run.id)).filter(({ name }) => name.startsWith(options.prefix) && name.endsWith('-report'));
    if (names.length === 0) return nothing(log, `run ${run.id} has left no artifact named ${options.prefix}...-report`);
    const urls: string[] = [];
    for (const { id, name, sizeBytes, digest } of names.slice(0, maxReports)) {
      const own = name.slice(0, -'-report'.length);
      const key = own.slice(options.prefix.length).replace(/^-/, '') || 'default';
      try {
        if (!keyShape.test(key)) throw new UserError('its name is none that this action gives');
        if (sizeBytes > maxArchiveBytes) throw new UserError(`it has ${sizeBytes} bytes; at most ${maxArchiveBytes} are read`);
        const archive = await downloadArtifact(repository, id, { maxBytes: maxArchiveBytes });
        if (!matchesDigest(archive, digest)) throw new UserError('its archive does not match the digest of its upload');
        const url = await judgeOne(options, pull, { content: await readReport(archive), artifact: own, key, run: run.id });
        if (url !== null) urls.push(url);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        log.warning(`the artifact ${JSON.stringify(name.slice(0, 120))} is passed over: ${error.message}`);
      }
    }
    if (names.length > maxReports) log.warning(`${names.length - maxReports} more reports were left out`);
    return urls;
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error && 'status' in error)) throw error;
    log.warning(explainFailure(error, `comment for run ${source.runId}`, 'actions: read').message);
    return [];
  }
}

function nothing(log: ConcludeOptions['log'], why: string): string[] {
  log.info(`no comment: ${why}`);
  return [];
}

interface Pull {
  number: number;
  baseRef: string;
  headRef: string;
  labels: string[];
}

/** The open pull request into this repository with this head; the event's own list is empty for forks. */
async function pullOf({ octokit, owner, repo }: Repository, context: EventContext): Promise<Pull | null> {
  const { headSha, headRef, source, repositoryId, headRepositoryId } = context;
  const head = source?.headOwner && headRef ? { head: `${source.headOwner}:${headRef}` } : {};
  for (let page = 1; page <= 10; page++) {
    const request = { signal: AbortSignal.timeout(requestTimeoutMs) };
    const { data } = await octokit.rest.pulls.list({ owner, repo, state: 'open', ...head, per_page: 100, page, request });
    const found = data.find(
      (pull) =>
        pull.head.sha === headSha &&
        (pull.head.repo as { id: number } | null)?.id === headRepositoryId &&
        (repositoryId === null || pull.base.repo.id === repositoryId),
    );
    if (found) return { number: found.number, baseRef: found.base.ref, headRef: found.head.ref, labels: found.labels.map(({ name }) => name ?? '') };
    if (data.length < 100) return null;
  }
  return null;
}

async function judgeOne(
  options: CommentOnForkOptions,
  pull: Pull,
  { content, artifact, key, run }: { content: ReportContent; artifact: string; key: string; run: number },
): Promise<string | null> {
  const startedMs = performance.now();
  const { context } = options;
  const { document, pair } = content;
  if (document.git.sha !== context.headSha)
    throw new UserError(`its result is of commit ${document.git.sha?.slice(0, 12) ?? 'unknown'}, not of the head`);
  const scenarios = scenariosOf(document);
  const own = options.concludeOptions(await options.judging(scenarios));
  // As the pull request's own run would have it, but for who is trusted.
  const about: EventContext = {
    ...context,
    event: 'pull_request',
    action: null,
    pullRequest: pull.number,
    baseRef: pull.baseRef,
    headRef: pull.headRef,
  };
  const concluding: ConcludeOptions = {
    ...own,
    context: { ...about, labels: pull.labels, runId: run },
    commentKey: key,
    artifactName: artifact,
    outputDirectory: join(own.outputDirectory, key),
    config: { ...own.config, report: { ...own.config.report, html: false } },
  };
  const order = await readOrder({ ...about, event: 'workflow_run' }, own.config.root, options.repository);
  const found = await findStored(concluding, scenarios, order);
  const outcome = await conclude(concluding, {
    ...(await withPool(concluding, document, { found, scenarios, order })),
    document: {
      ...document,
      runs: document.runs.map(({ accepted: _claimed, ...one }) => one),
      ci: { run_id: String(run), attempt: null, event: 'pull_request', workflow: null },
    },
    acceptance: await readAcceptance(concluding.context, options.repository),
    pair: pair !== null && pair.head.git.sha === context.headSha ? async () => judgeAgain(pair, own.config) : null,
    ended: 'completed',
    keep: false,
    repeat: null,
    remarks: [
      "Measured by the pull request's own run, and judged here with the base branch's configuration: the figures are as that run reported them.",
    ],
    elapsedSeconds: () => document.results.duration_seconds || elapsedFrom(startedMs)(),
  });
  return outcome.commentUrl;
}
