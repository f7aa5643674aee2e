import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../config/errors.ts';
import { type ExportFormat, exportFormats, exportMonitoring } from './export.ts';
import { type Asked, cookieName, isLoopback, ownHeader, refusal, sameToken } from './guard.ts';
import { pageHeaders, pageText } from './page.ts';
import { Viewers } from './viewers.ts';

/** What a person asks of the load. */
export type LoadOrder = { action: 'start' | 'users'; users: number; spawn_rate: number | null } | { action: 'stop' };

/** What the page is made of. */
export interface DashboardSource {
  /** The present state as a whole: what a viewer needs before the first event. */
  state(): unknown;
  /** Past results; asked for seldom. */
  trend(): Promise<unknown>;
  /** Null: nothing to export. */
  monitoringFolder: string | null;
  /** Null: the load is not controlled from the page. @returns why it cannot be done; null when it is */
  order: ((order: LoadOrder) => string | null) | null;
}

export interface DashboardOptions {
  host: string;
  /** 0: a free one. */
  port: number;
  /** Needed where others than this machine can reach it; null elsewhere. */
  token: string | null;
  source: DashboardSource;
}

const longestBody = 4096;
const common = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

/** Serves the page, its events and its data on one port. Every answer is refused to other sites; nothing is told to them either (no CORS). */
export class DashboardServer {
  readonly url: string;
  readonly viewers = new Viewers();
  private readonly server: Server;
  private readonly options: DashboardOptions;

  /** @throws UserError (2) where the port cannot be listened on, or others can reach it and there is no token */
  static async open(options: DashboardOptions): Promise<DashboardServer> {
    const { host, port, token } = options;
    if (token === null && !isLoopback(host)) throw new UserError(`a dashboard on ${host} can be reached by others: it needs a token`);
    const server = createServer({ requestTimeout: 15_000, headersTimeout: 10_000, maxHeaderSize: 16 * 1024 });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'EADDRINUSE' ? 'something else listens there' : cause.message;
        reject(new UserError(`the dashboard cannot listen on ${host}:${port}: ${why}`, { hint: 'Name another: --port 9000.', cause }));
      });
      server.listen({ host, port }, () => resolve());
    });
    return new DashboardServer(server, options);
  }

  private constructor(server: Server, options: DashboardOptions) {
    this.server = server;
    this.options = options;
    const { port, address, family } = server.address() as AddressInfo;
    const shown = isLoopback(options.host) ? options.host : family === 'IPv6' ? `[${address}]` : address;
    this.url = `http://${shown === '::1' ? '[::1]' : shown}:${port}/`;
    server.on('request', (request, response) => {
      this.answer(request, response).catch(() => response.destroy());
    });
    server.on('clientError', (_, socket) => socket.destroy());
  }

  /** The address to open, with the token where it needs one. */
  get link(): string {
    const { token } = this.options;
    return token === null ? this.url : `${this.url}?token=${encodeURIComponent(token)}`;
  }

  async close(): Promise<void> {
    this.viewers.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(common)) response.setHeader(name, value);
    const { token, host, source } = this.options;
    const address = URL.parse(request.url ?? '/', 'http://dashboard');
    if (address === null) return send(response, 400, { error: 'no such address' });
    const { pathname, searchParams } = address;
    const refused = refusal(askedOf(request), { token, names: [host, hostname()] });
    const given = searchParams.get('token');
    if (refused?.status === 401 && token !== null && request.method === 'GET' && pathname === '/' && given !== null && sameToken(given, token)) {
      // The token leaves the address bar: it would stay in the history of the browser.
      response.setHeader('set-cookie', `${cookieName}=${token}; HttpOnly; SameSite=Strict; Path=/`);
      response.writeHead(303, { location: '/' });
      response.end();
      return;
    }
    if (refused !== null) return send(response, refused.status, { error: refused.reason });
    const route = `${request.method === 'HEAD' ? 'GET' : request.method} ${pathname}`;
    if (route === 'GET /') {
      response.writeHead(200, pageHeaders);
      response.end(pageText);
    } else if (route === 'GET /events') {
      if (!this.viewers.add(response)) send(response, 503, { error: 'too many viewers' });
    } else if (route === 'GET /api/state') send(response, 200, source.state());
    else if (route === 'GET /api/trend') send(response, 200, await source.trend());
    else if (route === 'GET /api/export') await this.export(searchParams.get('format') ?? 'csv', response);
    else if (route === 'POST /api/load') await this.control(request, response);
    else send(response, 404, { error: 'no such address' });
  }

  private async export(format: string, response: ServerResponse): Promise<void> {
    const folder = this.options.source.monitoringFolder;
    if (!(exportFormats as readonly string[]).includes(format))
      return send(response, 400, { error: `expected a format of ${exportFormats.join(', ')}` });
    if (folder === null) return send(response, 404, { error: 'no samples are kept' });
    response.writeHead(200, {
      'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="llm-bench-monitoring.${format}"`,
    });
    await pipeline(Readable.from(exportMonitoring(folder, format as ExportFormat)), response);
  }

  private async control(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { order } = this.options.source;
    if (order === null) return send(response, 409, { error: 'this load is not controlled from the page' });
    const asked = parseOrder(await bodyOf(request));
    if (typeof asked === 'string') return send(response, 400, { error: asked });
    const why = order(asked);
    send(response, why === null ? 200 : 409, why === null ? { ok: true } : { error: why });
  }
}

function askedOf({ method, headers }: IncomingMessage): Asked {
  return {
    method: method ?? '',
    host: headers.host,
    origin: headers.origin,
    fetchSite: headers['sec-fetch-site'] as string | undefined,
    ownHeader: headers[ownHeader] as string | undefined,
    cookie: headers.cookie,
    authorization: headers.authorization,
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

/** Null where it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > longestBody) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** @returns the order, or what was expected */
export function parseOrder(text: string | null): LoadOrder | string {
  const expected = 'expected {"action": "start", "users": 10, "spawn_rate": 2}, {"action": "users", ...} or {"action": "stop"}';
  let data: unknown;
  try {
    data = JSON.parse(text ?? '');
  } catch {
    return expected;
  }
  const { action, users, spawn_rate = null } = (data ?? {}) as Record<string, unknown>;
  if (action === 'stop') return { action };
  if (action !== 'start' && action !== 'users') return expected;
  if (typeof users !== 'number' || !Number.isInteger(users) || users < 0) return 'expected users as a whole number of at least 0';
  if (spawn_rate !== null && (typeof spawn_rate !== 'number' || !(spawn_rate > 0))) return 'expected spawn_rate as a number above 0, or none';
  return { action, users, spawn_rate: spawn_rate as number | null };
}
