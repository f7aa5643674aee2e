import { UserError } from '../config/errors.ts';
import { type Artifact, deleteArtifact, downloadArtifact, listArtifacts, matchesDigest, readRun, type WorkflowRun } from '../github/artifacts.ts';
import type { Repository } from '../github/client.ts';
import { explainFailure } from '../github/failure.ts';
import { unzipOne } from '../github/unzip.ts';
import type { ResultDocument } from '../result/document.ts';
import { maxResultBytes, parseResult } from '../result/read.ts';
import { refuseUnfit } from './fitness.ts';
import { type BaselineCandidate, type BaselineQuery, type BaselineStore, Refused, type RefusedCandidate, StoreUnavailable } from './store.ts';

/** The one file of a baseline artifact. */
export const resultEntry = 'result.json';

/** 1,000 artifacts: more than a name collects in the 90 days that artifacts live, unless pull requests share it. */
const maxPages = 10;
const maxArchiveBytes = 50 * 1024 * 1024;

const permission = 'actions: read';
const trustedEvents = ['push', 'schedule', 'workflow_dispatch'];

export interface ArtifactStoreOptions extends Origin {
  /** Stores a document as the only file of an artifact of this run; null outside a workflow run. */
  upload: UploadDocument | null;
}

export type UploadDocument = (name: string, document: ResultDocument) => Promise<{ id: number; name: string } | { warning: string }>;

/** What compaction stores the runs of many jobs under. */
export const poolName = (name: string): string => `${name}-pool`;

/**
 * Results uploaded by runs of one branch, over every workflow of the repository, so that a nightly one counts as well. Nothing about an artifact is
 * trusted but what the platform says about its run: it must be of this repository (a fork's branch may bear the same name, GHSA-5xr6-xhww-33m4), of the
 * branch, and started by a push, a schedule or by hand. Only successful runs would be too strict: a run that went red has still measured its branch.
 */
export function artifactStore(options: ArtifactStoreOptions): BaselineStore {
  const { repository, name, branch, upload } = options;
  async function* search(origin: Origin, query: BaselineQuery) {
    try {
      for await (const artifact of newestFirst(listArtifacts(repository, origin.name, { maxPages }))) yield candidate(artifact, origin, query);
    } catch (error) {
      throw unavailable(error, `list the artifacts of ${repository.owner}/${repository.repo}`);
    }
  }
  async function store(storedAs: string, document: ResultDocument): Promise<string> {
    if (!upload)
      throw new UserError('artifacts can be stored only from within a workflow run', {
        hint: 'On a laptop keep baselines elsewhere: --store folder:PATH or --store branch:NAME.',
      });
    const outcome = await upload(storedAs, document);
    if ('warning' in outcome) throw new UserError(outcome.warning);
    return `artifact ${outcome.id} (${outcome.name})`;
  }
  return {
    describe: () => `artifacts named ${name} of branch ${branch}`,
    whenEmpty: () =>
      `No baseline yet: no run of ${branch} has stored an artifact named ${name}. The next run on ${branch} stores one, and from then on pull requests are compared with it.`,
    newest: (query) => search({ repository, name, branch }, query),
    // A compaction by this very run is as good as another's: it holds the runs of others.
    pools: () => search({ repository, name: poolName(name), branch }, { excludeRun: null }),
    async push(document) {
      refuseUnfit(document, 'the result');
      return store(name, document);
    },
    artifacts: {
      pushPool: (document) => store(poolName(name), document),
      async remove(id) {
        await deleteArtifact(repository, id).catch((error: unknown) => {
          throw new UserError(explainFailure(error, `delete artifact ${id}`, 'actions: write').message, { cause: error });
        });
      },
    },
  };
}

/** The branch that baselines come from where the configuration names none. @throws StoreUnavailable */
export async function defaultBranch(repository: Repository): Promise<string> {
  const { octokit, owner, repo } = repository;
  try {
    return (await octokit.rest.repos.get({ owner, repo })).data.default_branch;
  } catch (error) {
    throw new StoreUnavailable(explainFailure(error, `read the default branch of ${owner}/${repo}`, 'contents: read').message, { cause: error });
  }
}

/**
 * By run, then by artifact, the highest first: of the attempts of one run the last to upload has the highest artifact id. The API lists by time of
 * upload, which a re-run of an old run turns around, so each page is merged with the next before anything is taken from it.
 */
async function* newestFirst(pages: AsyncIterable<Artifact[]>): AsyncGenerator<Artifact> {
  const seen = new Set<number>();
  let waiting: Artifact[] = [];
  for await (const page of pages) {
    // An upload while we turn the page shows its last row again.
    const fresh = page.filter((artifact) => !seen.has(artifact.id));
    for (const artifact of fresh) seen.add(artifact.id);
    const ready = waiting.length;
    waiting = [...waiting, ...fresh].sort(byRunThenId);
    yield* waiting.splice(0, ready);
  }
  yield* waiting;
}

function byRunThenId(a: Artifact, b: Artifact): number {
  return (b.run?.id ?? 0) - (a.run?.id ?? 0) || b.id - a.id;
}

interface Origin {
  repository: Repository;
  name: string;
  branch: string;
}

function candidate(artifact: Artifact, origin: Origin, query: BaselineQuery): BaselineCandidate | RefusedCandidate {
  const name = `artifact ${artifact.id} of run ${artifact.run?.id ?? 'unknown'}`;
  const refused = refusedByListing(artifact, origin, query);
  if (refused) return { name, refused };
  let run: WorkflowRun | null = null;
  return {
    name,
    known: { sha: artifact.run?.headSha ?? null, timestamp: artifact.createdAt, artifact: artifact.id },
    runId: String(artifact.run?.id),
    named: false,
    description: () => (run ? describeRun(run) : name),
    async open() {
      const { repository, branch } = origin;
      run = await readRun(repository, artifact.run!.id).catch((error: unknown) => {
        throw refusedOrUnavailable(error, `read run ${artifact.run!.id}`);
      });
      const reason = refusedByRun(run, branch);
      if (reason) throw reason;
      const archive = await downloadArtifact(repository, artifact.id, { maxBytes: maxArchiveBytes }).catch((error: unknown) => {
        throw refusedOrUnavailable(error, `download artifact ${artifact.id}`);
      });
      if (!matchesDigest(archive, artifact.digest)) throw new Refused('its archive does not match the digest of its upload');
      const document = await readDocument(archive);
      return { document, sha: document.git.sha ?? run.headSha };
    },
  };
}

/** What the listing tells for nothing. The run is asked again before anything is downloaded. */
function refusedByListing(artifact: Artifact, origin: Origin, query: BaselineQuery): Refused | null {
  const { run } = artifact;
  // The API's name filter is exact today; a looser one must not let in a neighbour.
  if (artifact.name !== origin.name) return new Refused(`is named ${artifact.name}`, { ineligible: true });
  if (!run) return new Refused('its run is not known any more');
  if (run.id === query.excludeRun) return new Refused('is of this very run', { ineligible: true });
  if (run.repositoryId === null || run.repositoryId !== run.headRepositoryId) return fromElsewhere();
  if (run.headBranch !== origin.branch) return otherBranch(run.headBranch, origin.branch);
  if (artifact.expired) return new Refused('has expired');
  if (artifact.sizeBytes > maxArchiveBytes) return new Refused(`has ${artifact.sizeBytes} bytes; at most ${maxArchiveBytes} are read`);
  return null;
}

function refusedByRun(run: WorkflowRun, branch: string): Refused | null {
  if (run.repositoryId !== run.headRepositoryId) return fromElsewhere();
  if (run.headBranch !== branch) return otherBranch(run.headBranch, branch);
  if (!trustedEvents.includes(run.event)) {
    return new Refused(`its run was started by ${run.event}; only ${trustedEvents.join(', ')} are taken`, { ineligible: true });
  }
  return null;
}

function fromElsewhere(): Refused {
  return new Refused('its run has its code from another repository (a fork)', { ineligible: true });
}

function otherBranch(found: string | null, expected: string): Refused {
  return new Refused(`is of branch ${found ?? 'unknown'}, not ${expected}`, { ineligible: true });
}

async function readDocument(archive: Buffer) {
  try {
    const content = await unzipOne(archive, { entry: resultEntry, maxBytes: maxResultBytes });
    return parseResult(content.toString('utf8'), resultEntry);
  } catch (cause) {
    if (cause instanceof UserError) throw new Refused(cause.message, { cause });
    throw cause;
  }
}

function describeRun(run: WorkflowRun): string {
  const attempt = run.attempt > 1 ? `, attempt ${run.attempt}` : '';
  return `run ${run.id}${attempt} (${run.event} on ${run.headBranch}, ${run.createdAt.slice(0, 10)})`;
}

function refusedOrUnavailable(error: unknown, doing: string): Error {
  if (error instanceof UserError) return new Refused(error.message, { cause: error });
  const failure = explainFailure(error, doing, permission);
  return failure.general ? new StoreUnavailable(failure.message, { cause: error }) : new Refused(failure.message, { cause: error });
}

function unavailable(error: unknown, doing: string): Error {
  return error instanceof StoreUnavailable ? error : new StoreUnavailable(explainFailure(error, doing, permission).message, { cause: error });
}
