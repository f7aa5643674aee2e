import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FakeArtifact, FakeArtifactStore } from './artifact-store.ts';
import type { BlobServer } from './blob-server.ts';
import { type Listening, listen, readJson, sendJson } from './http.ts';

const prefix = '/twirp/github.actions.results.api.v1.ArtifactService/';

/**
 * Our own small stand-in for the Results service that @actions/artifact talks to: its five methods over twirp's JSON, in protobuf's spelling
 * (snake_case, 64-bit integers as strings). The run's backend id is the run's number, which must be in the store.
 */
export async function startResultsService(store: FakeArtifactStore, blobs: BlobServer): Promise<Listening> {
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (request.method !== 'POST' || !path.startsWith(prefix)) return sendError(response, 404, 'bad_route', `no route ${request.method} ${path}`);
    const scope = scopeOf(request.headers.authorization);
    if (!scope) return sendError(response, 401, 'unauthenticated', 'no runtime token');
    const body = await readJson(request);
    if (body.workflow_run_backend_id !== String(scope.runId) || body.workflow_job_run_backend_id !== scope.jobId) {
      return sendError(response, 403, 'permission_denied', 'the token is of another job');
    }
    if (!store.runs.has(scope.runId)) return sendError(response, 404, 'not_found', `run ${scope.runId} is not known`);
    switch (path.slice(prefix.length)) {
      case 'CreateArtifact':
        return create(body, scope, response);
      case 'FinalizeArtifact':
        return finalize(body, scope, response);
      case 'ListArtifacts':
        return sendJson(response, 200, { artifacts: list(body, scope).map((artifact) => listed(artifact, scope)) });
      case 'GetSignedArtifactURL': {
        const [artifact] = store.list({ runId: scope.runId, name: String(body.name) });
        if (!artifact) return sendError(response, 404, 'not_found', `no artifact ${body.name}`);
        return sendJson(response, 200, { signed_url: blobs.downloadUrl(artifact.id) });
      }
      case 'DeleteArtifact': {
        const [artifact] = store.list({ runId: scope.runId, name: String(body.name) });
        if (!artifact) return sendError(response, 404, 'not_found', `no artifact ${body.name}`);
        store.artifacts.delete(artifact.id);
        return sendJson(response, 200, { ok: true, artifact_id: String(artifact.id) });
      }
      default:
        return sendError(response, 404, 'bad_route', `no method ${path}`);
    }
  }

  function create(body: Record<string, unknown>, scope: Scope, response: ServerResponse) {
    const name = String(body.name);
    const attempt = store.runs.get(scope.runId)!.attempt;
    const taken = [...store.artifacts.values()].some((other) => other.runId === scope.runId && other.name === name && uploadedIn(other) === attempt);
    if (taken) return sendError(response, 409, 'already_exists', 'an artifact with this name already exists on the workflow run');
    const expiresAt = typeof body.expires_at === 'string' ? body.expires_at : null;
    const artifact = store.plant({
      runId: scope.runId,
      jobId: scope.jobId,
      name,
      archive: Buffer.alloc(0),
      finalized: false,
      expiresAt,
      digest: null,
    });
    attempts.set(artifact.id, attempt);
    sendJson(response, 200, { ok: true, signed_upload_url: blobs.uploadUrl(artifact.id) });
  }

  function finalize(body: Record<string, unknown>, scope: Scope, response: ServerResponse) {
    const artifact = [...store.artifacts.values()].find((other) => other.runId === scope.runId && other.name === body.name && !other.finalized);
    if (!artifact) return sendError(response, 404, 'not_found', `no artifact ${body.name} is under way`);
    if (String(body.size) !== String(artifact.archive.length)) {
      return sendError(response, 400, 'invalid_argument', `size ${body.size} was announced, ${artifact.archive.length} bytes came`);
    }
    artifact.finalized = true;
    artifact.digest = typeof body.hash === 'string' ? body.hash.replace(/^sha256:/, '') : null;
    sendJson(response, 200, { ok: true, artifact_id: String(artifact.id) });
  }

  function list(body: Record<string, unknown>, scope: Scope): FakeArtifact[] {
    const found = store.list({ runId: scope.runId, name: typeof body.name_filter === 'string' ? body.name_filter : null });
    return typeof body.id_filter === 'string' ? found.filter((artifact) => String(artifact.id) === body.id_filter) : found;
  }

  /** Names are unique within an attempt: a re-run stores beside what the first try left. */
  const attempts = new Map<number, number>();
  const uploadedIn = (artifact: FakeArtifact) => attempts.get(artifact.id) ?? 1;
  return listen(handle);
}

interface Scope {
  runId: number;
  jobId: string;
}

/** A token as the runner hands to each job: a JWT whose `scp` holds the run and the job. Nobody checks its signature here. */
export function runtimeToken(scope: Scope): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part({ scp: `Actions.Example Actions.Results:${scope.runId}:${scope.jobId}` })}.unsigned`;
}

function scopeOf(authorization: string | undefined): Scope | null {
  const claims = authorization?.match(/^Bearer [^.]+\.([^.]+)\./)?.[1];
  if (!claims) return null;
  const { scp } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { scp?: string };
  const match = scp?.match(/Actions\.Results:(\d+):(\S+)/);
  return match ? { runId: Number(match[1]), jobId: match[2]! } : null;
}

function listed(artifact: FakeArtifact, scope: Scope): Record<string, unknown> {
  return {
    workflow_run_backend_id: String(scope.runId),
    workflow_job_run_backend_id: artifact.jobId,
    database_id: String(artifact.id),
    name: artifact.name,
    size: String(artifact.archive.length),
    created_at: artifact.createdAt,
    ...(artifact.digest === null ? {} : { digest: `sha256:${artifact.digest}` }),
  };
}

function sendError(response: ServerResponse, status: number, code: string, msg: string): void {
  sendJson(response, status, { code, msg });
}
