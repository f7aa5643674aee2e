import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FakeArtifact, FakeArtifactStore, FakeRun } from './artifact-store.ts';
import type { BlobServer } from './blob-server.ts';
import { type Listening, listen, readBody, readJson, sendJson } from './http.ts';
import { runtimeToken } from './results-service.ts';

export interface ActionsApi extends Listening {
  /** `GET /repos/o/r/actions/artifacts?...` for each request to the routes that are ours. */
  requests: string[];
  /** Answers instead of ours while set; return null to let ours answer. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
}

export interface ActionsApiOptions {
  store: FakeArtifactStore;
  blobs: BlobServer;
  /** Where everything that is not ours goes: a GitHub API emulator. Without one such a request is answered with 404. */
  upstream: string | null;
  /** 0 for a free one. */
  port?: number;
}

/**
 * Our own small fake of the REST routes on artifacts and workflow runs that the emulator lacks:
 *   GET /repos/:owner/:repo/actions/artifacts            (name filter, pages with Link)
 *   GET /repos/:owner/:repo/actions/runs/:id             and .../artifacts
 *   GET /repos/:owner/:repo/actions/artifacts/:id        and .../zip (302 to the signed address); DELETE
 *   GET /repos/:owner/:repo/actions/runs                 (head_sha and created=<=TIME)
 * Everything else is forwarded. For other processes that set up a scene:
 *   POST /_fake/runs      {id?, event?, headBranch?, ...} -> {run, runtime_token}
 *   POST /_fake/artifacts {runId, name?, archive: base64, ...} -> {id}
 *   GET  /_fake/state     -> {runs, artifacts, leaks}
 */
export async function startActionsApi(options: ActionsApiOptions): Promise<ActionsApi> {
  const { store, blobs } = options;
  const requests: string[] = [];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', api.url);
    if (url.pathname.startsWith('/_fake/')) return scene(url.pathname, request, response);
    const match = url.pathname.match(/^\/repos\/([^/]+)\/([^/]+)\/actions\/(artifacts|runs)(?:\/(\d+))?(?:\/(zip|artifacts))?$/);
    const isDeletion = request.method === 'DELETE' && match?.[3] === 'artifacts' && match[4] !== undefined;
    if (!match || (request.method !== 'GET' && !isDeletion)) return forward(request, response);
    requests.push(`${request.method} ${request.url}`);
    if (api.intercept?.(request, response)) return;
    if (!request.headers.authorization) return sendJson(response, 401, { message: 'Requires authentication' });
    const [, owner, repo, kind, id, part] = match;
    const name = `${owner}/${repo}`;
    if (kind === 'artifacts' && !id) return sendPage(url, store.list({ name: url.searchParams.get('name') }), name, response);
    if (isDeletion) {
      if (!store.artifacts.delete(Number(id))) return sendJson(response, 404, { message: 'Not Found' });
      response.writeHead(204);
      response.end();
      return;
    }
    if (kind === 'artifacts') return sendArtifact(Number(id), part, name, response);
    if (!id) return sendRuns(url, name, response);
    const run = store.runs.get(Number(id));
    if (!run) return sendJson(response, 404, { message: 'Not Found' });
    if (part === 'artifacts') return sendPage(url, store.list({ runId: run.id, name: url.searchParams.get('name') }), name, response);
    sendJson(response, 200, runBody(run, name));
  }

  function sendArtifact(id: number, part: string | undefined, repository: string, response: ServerResponse) {
    const artifact = store.artifacts.get(id);
    if (!artifact?.finalized) return sendJson(response, 404, { message: 'Not Found' });
    if (part !== 'zip') return sendJson(response, 200, artifactBody(artifact, repository));
    if (artifact.expired) return sendJson(response, 410, { message: 'Artifact has expired' });
    response.writeHead(302, { location: blobs.downloadUrl(id) });
    response.end();
  }

  function sendRuns(url: URL, repository: string, response: ServerResponse) {
    const until = url.searchParams.get('created')?.replace(/^<=/, '') ?? '9999';
    const runs = [...store.runs.values()]
      .filter((run) => run.headSha === (url.searchParams.get('head_sha') ?? run.headSha) && Date.parse(run.createdAt) <= Date.parse(until))
      .sort((a, b) => b.id - a.id)
      .slice(0, Number(url.searchParams.get('per_page') ?? 30));
    sendJson(response, 200, { total_count: runs.length, workflow_runs: runs.map((run) => runBody(run, repository)) });
  }

  function sendPage(url: URL, artifacts: FakeArtifact[], repository: string, response: ServerResponse) {
    const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 30));
    const page = Number(url.searchParams.get('page') ?? 1);
    const last = Math.max(1, Math.ceil(artifacts.length / size));
    const link = (to: number, rel: string) => {
      const target = new URL(url);
      target.searchParams.set('page', String(to));
      return `<${target.href}>; rel="${rel}"`;
    };
    const links = page < last ? { link: [link(page + 1, 'next'), link(last, 'last')].join(', ') } : {};
    const rows = artifacts.slice((page - 1) * size, page * size).map((artifact) => artifactBody(artifact, repository));
    sendJson(response, 200, { total_count: artifacts.length, artifacts: rows }, links as Record<string, string>);
  }

  function artifactBody(artifact: FakeArtifact, repository: string): Record<string, unknown> {
    const run = store.runs.get(artifact.runId);
    const self = `${api.url}/repos/${repository}/actions/artifacts/${artifact.id}`;
    return {
      id: artifact.id,
      node_id: `A_${artifact.id}`,
      name: artifact.name,
      size_in_bytes: artifact.archive.length,
      url: self,
      archive_download_url: `${self}/zip`,
      expired: artifact.expired,
      created_at: artifact.createdAt,
      updated_at: artifact.createdAt,
      expires_at: artifact.expiresAt,
      digest: artifact.digest === null ? null : `sha256:${artifact.digest}`,
      workflow_run: run
        ? {
            id: run.id,
            repository_id: run.repositoryId,
            head_repository_id: run.headRepositoryId,
            head_branch: run.headBranch,
            head_sha: run.headSha,
          }
        : null,
    };
  }

  function runBody(run: FakeRun, repository: string): Record<string, unknown> {
    return {
      id: run.id,
      name: run.workflow,
      path: `.github/workflows/${run.workflow}.yml`,
      run_attempt: run.attempt,
      event: run.event,
      status: 'completed',
      conclusion: 'success',
      head_branch: run.headBranch,
      head_sha: run.headSha,
      created_at: run.createdAt,
      html_url: `https://github.com/${repository}/actions/runs/${run.id}`,
      repository: { id: run.repositoryId },
      head_repository: run.headRepositoryId === null ? null : { id: run.headRepositoryId },
    };
  }

  async function scene(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = request.method === 'POST' ? await readJson(request) : {};
    if (path === '/_fake/runs') {
      const run = store.addRun(body as Partial<FakeRun>);
      return sendJson(response, 201, { run, runtime_token: runtimeToken({ runId: run.id, jobId: 'bench' }) });
    }
    if (path === '/_fake/artifacts') {
      const archive = Buffer.from(String(body.archive), 'base64');
      const { id } = store.plant({ ...(body as Partial<FakeArtifact>), runId: Number(body.runId), archive });
      return sendJson(response, 201, { id });
    }
    const artifacts = [...store.artifacts.values()].map((artifact) => ({ ...artifact, archive: artifact.archive.toString('base64') }));
    sendJson(response, 200, { runs: [...store.runs.values()], artifacts, leaks: blobs.leaks });
  }

  /** As it came, but for the host; addresses in Link and Location lead back here. */
  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { upstream } = options;
    if (!upstream) return sendJson(response, 404, { message: 'Not Found' });
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (!['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'].includes(name)) headers.set(name, String(value));
    }
    const body = await readBody(request);
    const answer = await fetch(new URL(request.url ?? '/', upstream), {
      method: request.method ?? 'GET',
      headers,
      redirect: 'manual',
      ...(body.length > 0 ? { body } : {}),
    });
    const back: Record<string, string> = {};
    for (const [name, value] of answer.headers) {
      if (!['connection', 'content-length', 'transfer-encoding', 'content-encoding'].includes(name)) back[name] = value;
    }
    // The emulator calls itself localhost, whatever it was asked as.
    const itself = new RegExp(`http://(?:localhost|127\\.0\\.0\\.1):${new URL(upstream).port}`, 'g');
    for (const name of ['link', 'location']) if (back[name]) back[name] = back[name].replaceAll(itself, api.url);
    const bytes = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, answer.status === 204 || answer.status === 304 ? back : { ...back, 'content-length': String(bytes.length) });
    response.end(bytes);
  }

  const api: ActionsApi = { ...(await listen(handle, options.port ?? 0)), requests, intercept: null };
  return api;
}
