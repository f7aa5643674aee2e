import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../config/errors.ts';
import type { Repository } from './client.ts';
import { isPassing, statusOf } from './failure.ts';

/** An artifact as the repository's listing has it. */
export interface Artifact {
  id: number;
  name: string;
  sizeBytes: number;
  expired: boolean;
  /** ISO 8601. */
  createdAt: string | null;
  /** `sha256:...` of the archive, where the platform gives it. */
  digest: string | null;
  /** The run that uploaded it; null where the platform has forgotten it. */
  run: { id: number; headBranch: string | null; headSha: string | null; repositoryId: number | null; headRepositoryId: number | null } | null;
}

/** A workflow run: what its artifacts are to be trusted by. */
export interface WorkflowRun {
  id: number;
  attempt: number;
  event: string;
  headBranch: string | null;
  headSha: string;
  repositoryId: number;
  /** Null where the source repository was deleted. */
  headRepositoryId: number | null;
  workflow: string | null;
  createdAt: string;
  url: string;
}

const pageSize = 100;
const requestTimeoutMs = 30_000;
const downloadTimeoutMs = 120_000;

/** The artifacts of a name over all runs of the repository, a page at a time, in the API's order: newest first. Needs `actions: read`. */
export async function* listArtifacts(repository: Repository, name: string, options: { maxPages: number }): AsyncGenerator<Artifact[]> {
  const { octokit, owner, repo } = repository;
  for (let page = 1; page <= options.maxPages; page++) {
    const { data } = await twice(() =>
      octokit.rest.actions.listArtifactsForRepo({
        owner,
        repo,
        name,
        per_page: pageSize,
        page,
        request: { signal: AbortSignal.timeout(requestTimeoutMs) },
      }),
    );
    yield data.artifacts.map((artifact) => ({
      id: artifact.id,
      name: artifact.name,
      sizeBytes: artifact.size_in_bytes,
      expired: artifact.expired,
      createdAt: artifact.created_at ?? null,
      digest: artifact.digest ?? null,
      run:
        artifact.workflow_run?.id === undefined
          ? null
          : {
              id: artifact.workflow_run.id,
              headBranch: artifact.workflow_run.head_branch ?? null,
              headSha: artifact.workflow_run.head_sha ?? null,
              repositoryId: artifact.workflow_run.repository_id ?? null,
              headRepositoryId: artifact.workflow_run.head_repository_id ?? null,
            },
    }));
    if (data.artifacts.length < pageSize) return;
  }
}

/** The artifacts of one run, the newest of each name, those that have not expired. Needs `actions: read`. */
export async function listRunArtifacts(
  repository: Repository,
  runId: number,
): Promise<{ id: number; name: string; sizeBytes: number; digest: string | null }[]> {
  const { octokit, owner, repo } = repository;
  const newest = new Map<string, { id: number; name: string; sizeBytes: number; digest: string | null }>();
  for (let page = 1; page <= 3; page++) {
    const request = { signal: AbortSignal.timeout(requestTimeoutMs) };
    const { data } = await twice(() =>
      octokit.rest.actions.listWorkflowRunArtifacts({ owner, repo, run_id: runId, per_page: pageSize, page, request }),
    );
    for (const { id, name, size_in_bytes: sizeBytes, digest, expired } of data.artifacts) {
      const known = newest.get(name);
      if (!expired && (known === undefined || known.id < id)) newest.set(name, { id, name, sizeBytes, digest: digest ?? null });
    }
    if (data.artifacts.length < pageSize) break;
  }
  return [...newest.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** A run by its id. Needs `actions: read`. */
export async function readRun(repository: Repository, runId: number): Promise<WorkflowRun> {
  const { octokit, owner, repo } = repository;
  const { data } = await twice(() =>
    octokit.rest.actions.getWorkflowRun({ owner, repo, run_id: runId, request: { signal: AbortSignal.timeout(requestTimeoutMs) } }),
  );
  return {
    id: data.id,
    attempt: data.run_attempt ?? 1,
    event: data.event,
    headBranch: data.head_branch,
    headSha: data.head_sha,
    repositoryId: data.repository.id,
    // Typed as always there, but null once a fork is gone.
    headRepositoryId: (data.head_repository as { id: number } | null)?.id ?? null,
    workflow: data.name ?? null,
    createdAt: data.created_at,
    url: data.html_url,
  };
}

/** False where the platform knows the archive's digest and it is another. */
export function matchesDigest(archive: Buffer, digest: string | null): boolean {
  const prefix = 'sha256:';
  return !digest?.startsWith(prefix) || createHash('sha256').update(archive).digest('hex') === digest.slice(prefix.length);
}

/** Names of the repository's artifacts that begin so, over its newest thousand: what its jobs and matrix legs have stored. Needs `actions: read`. */
export async function artifactNames(repository: Repository, prefix: string): Promise<string[]> {
  const { octokit, owner, repo } = repository;
  const names = new Set<string>();
  for (let page = 1; page <= 10; page++) {
    const request = { signal: AbortSignal.timeout(requestTimeoutMs) };
    const { data } = await twice(() => octokit.rest.actions.listArtifactsForRepo({ owner, repo, per_page: pageSize, page, request }));
    for (const { name } of data.artifacts) if (name.startsWith(prefix)) names.add(name);
    if (data.artifacts.length < pageSize) break;
  }
  return [...names].sort();
}

/** Deletes an artifact for good. Needs `actions: write`. One that is gone already is no error. */
export async function deleteArtifact(repository: Repository, artifactId: number): Promise<void> {
  const { octokit, owner, repo } = repository;
  try {
    await octokit.rest.actions.deleteArtifact({ owner, repo, artifact_id: artifactId, request: { signal: AbortSignal.timeout(requestTimeoutMs) } });
  } catch (error) {
    if (statusOf(error) !== 404 && statusOf(error) !== 410) throw error;
  }
}

/**
 * An artifact's archive, held in memory and never beyond `maxBytes`. The API answers with a redirect to a signed address on another host; the token
 * stays behind. Needs `actions: read`.
 * @throws UserError when it is too large or its storage does not deliver; the API's own errors as they come
 */
export async function downloadArtifact(repository: Repository, artifactId: number, options: { maxBytes: number }): Promise<Buffer> {
  const { octokit, owner, repo } = repository;
  return twice(async () => {
    const answer = await octokit.rest.actions.downloadArtifact({
      owner,
      repo,
      artifact_id: artifactId,
      archive_format: 'zip',
      request: { redirect: 'manual', parseSuccessResponseBody: false, signal: AbortSignal.timeout(requestTimeoutMs) },
    });
    const body = answer.data as ReadableStream<Uint8Array> | null;
    const location = answer.headers.location;
    // Typed as always a redirect; a server that keeps artifacts itself answers with the bytes.
    if ((answer.status as number) === 200 && body) return readBounded(body, options.maxBytes);
    await body?.cancel();
    if (!location) throw new UserError(`artifact ${artifactId}: the API answered ${answer.status} without an address to download from`);
    return fetchSigned(new URL(location, answer.url), artifactId, options.maxBytes);
  });
}

/** Fetches without credentials: the address itself carries the right to read, and must not be printed. */
async function fetchSigned(url: URL, artifactId: number, maxBytes: number): Promise<Buffer> {
  const { EnvHttpProxyAgent, fetch } = await import('undici');
  const dispatcher = new EnvHttpProxyAgent();
  try {
    const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(downloadTimeoutMs) });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new StorageError(`artifact ${artifactId}: its storage at ${url.host} answered ${response.status}`, response.status >= 500);
    }
    return await readBounded(response.body as ReadableStream<Uint8Array>, maxBytes);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new StorageError(`artifact ${artifactId}: its storage at ${url.host} did not deliver: ${reasonOf(cause)}`, true);
  } finally {
    await dispatcher.close();
  }
}

async function readBounded(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Leaving the loop cancels the stream.
    if (size > maxBytes) throw new UserError(`the archive is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

class StorageError extends UserError {
  override name = 'StorageError';
  readonly passing: boolean;

  constructor(message: string, passing: boolean) {
    super(message);
    this.passing = passing;
  }
}

/** Once more where a second try may mend it; a lost comparison costs more than a second. */
async function twice<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const again = error instanceof UserError ? error instanceof StorageError && error.passing : isPassing(error);
    if (!again) throw error;
    await delay(1_000);
    return call();
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
