import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FakeArtifactStore } from './artifact-store.ts';
import { type Listening, listen, readBody } from './http.ts';

export interface BlobServer extends Listening {
  /** Requests that came with an Authorization header; the real storage refuses those, and a token has leaked. */
  leaks: string[];
  uploadUrl(artifactId: number): string;
  downloadUrl(artifactId: number): string;
}

/**
 * Our own small stand-in for the storage behind signed addresses, on an origin of its own. It takes uploads as Azure's block blobs do
 * (PUT with comp=block, then comp=blocklist, or one PUT) and serves finished archives, both only with the signature and without Authorization.
 */
export async function startBlobServer(store: FakeArtifactStore, signature = 'secret-signature'): Promise<BlobServer> {
  const leaks: string[] = [];
  /** Artifact id -> block id -> bytes not yet committed. */
  const staged = new Map<number, Map<string, Buffer>>();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://blob.invalid');
    if (request.headers.authorization !== undefined) {
      leaks.push(`${request.method} ${url.pathname}`);
      return refuse(response, 400, 'InvalidAuthenticationInfo');
    }
    if (url.searchParams.get('sig') !== signature) return refuse(response, 403, 'AuthenticationFailed');
    const artifact = store.artifacts.get(Number(url.pathname.match(/^\/artifacts\/(\d+)\.zip$/)?.[1]));
    if (!artifact) return refuse(response, 404, 'BlobNotFound');
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/zip', 'content-length': artifact.archive.length });
      response.end(artifact.archive);
      return;
    }
    if (request.method !== 'PUT') return refuse(response, 405, 'UnsupportedHttpVerb');
    const body = await readBody(request);
    const blocks = staged.get(artifact.id) ?? new Map<string, Buffer>();
    staged.set(artifact.id, blocks);
    const operation = url.searchParams.get('comp');
    if (operation === 'block') {
      blocks.set(url.searchParams.get('blockid') ?? '', body);
    } else if (operation === 'blocklist') {
      const ids = [...body.toString('utf8').matchAll(/<(?:Latest|Uncommitted|Committed)>([^<]*)</g)].map((match) => match[1] ?? '');
      if (ids.some((id) => !blocks.has(id))) return refuse(response, 400, 'InvalidBlockList');
      artifact.archive = Buffer.concat(ids.map((id) => blocks.get(id)!));
    } else {
      artifact.archive = body;
    }
    response.writeHead(201, { etag: '"1"', 'last-modified': new Date().toUTCString(), 'x-ms-request-id': 'fake', 'x-ms-version': '2024-11-04' });
    response.end();
  }

  const server = await listen(handle);
  const signed = (artifactId: number) => `${server.url}/artifacts/${artifactId}.zip?sig=${signature}`;
  return { ...server, leaks, uploadUrl: signed, downloadUrl: signed };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml', 'x-ms-error-code': code });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
}
