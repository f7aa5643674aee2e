import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen, readBody } from './http.ts';

export interface Interceptor extends AsyncDisposable {
  url: string;
  /** `POST /repos/o/r/issues/1/comments` of every request, in order. */
  requests: string[];
}

/** Stands before a server: `answer` may take a request (returning true) before it is passed on. */
export async function startInterceptor(
  upstream: string,
  answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean,
): Promise<Interceptor> {
  const requests: string[] = [];
  const listening = await listen(async (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const body = await readBody(request);
    if (answer(request, response, body)) return;
    const headers = { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' };
    const upstreamAnswer = await fetch(upstream + request.url, {
      method: request.method ?? 'GET',
      headers,
      redirect: 'manual',
      ...(body.length > 0 ? { body } : {}),
    });
    const bytes = Buffer.from(await upstreamAnswer.arrayBuffer());
    const location = upstreamAnswer.headers.get('location');
    const link = upstreamAnswer.headers.get('link');
    response.writeHead(upstreamAnswer.status, {
      'content-type': 'application/json',
      ...(location ? { location } : {}),
      ...(link ? { link: link.replaceAll(/http:\/\/(localhost|127\.0\.0\.1):\d+/g, listening.url) } : {}),
    });
    response.end(upstreamAnswer.status === 204 ? undefined : bytes);
  });
  return { url: listening.url, requests, [Symbol.asyncDispose]: () => listening.close() };
}
