import { UserError } from '../config/errors.ts';
import type { WireRequest } from './transport.ts';

/** Headers that describe the connection or the framing: the transport's business. */
const reserved = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Refuses what must not go on the wire: a header or path that would break out of its line, a header that is the transport's own. */
export function checkRequest(request: WireRequest): void {
  if (!tokenPattern.test(request.method) || request.method === 'CONNECT')
    throw new UserError(`not an HTTP method that can be sent: ${JSON.stringify(request.method)}`);
  if (!/^\/[\x21-\x7e]*$/.test(request.path)) {
    throw new UserError(`not a path that can be sent: ${JSON.stringify(request.path)}`, {
      hint: 'It begins with a slash; write spaces and other characters percent-encoded.',
    });
  }
  const { headers } = request;
  let hosts = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const lower = name.toLowerCase();
    if (!tokenPattern.test(name)) throw new UserError(`not a header name: ${JSON.stringify(name)}`);
    if (reserved.has(lower))
      throw new UserError(`the header ${name} is set by the client itself`, {
        hint: 'Leave it out; --fresh-connections closes the connection after every request.',
      });
    if (lower === 'host' && ++hosts > 1) throw new UserError('the header host is given twice');
    // The value may be a secret: it is not shown.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(headers[i + 1] ?? '')) {
      throw new UserError(`the header ${name} holds a line break, a control character or one outside Latin-1`);
    }
  }
}

/** Whether a flat list has a header of this name (lower case). */
export function hasHeader(headers: readonly string[], name: string): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i]!.toLowerCase() === name) return true;
  return false;
}

/** Whether the method expects a body, so that an empty one is told as content-length 0 (RFC 9110, section 8.6). */
function expectsBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

/** Renders requests to bytes. A target's requests share method, path and headers, so all but the length is rendered once. */
export class RequestWriter {
  private readonly host: string;
  private readonly connection: string;
  private method = '';
  private path = '';
  private headers: readonly string[] | null = null;
  private head: Buffer = Buffer.alloc(0);
  private bodiless: Buffer = Buffer.alloc(0);

  /** `host` is what the origin says, port included. */
  constructor(host: string, keepAlive: boolean) {
    this.host = host;
    this.connection = keepAlive ? 'keep-alive' : 'close';
  }

  /** The whole request. The buffer is the caller's to write once; it may be the same for every request without a body. */
  render(request: WireRequest): Buffer {
    if (request.headers !== this.headers || request.path !== this.path || request.method !== this.method) this.prepare(request);
    const { body } = request;
    if (body === null || body.length === 0) return this.bodiless;
    const { head } = this;
    const length = `${body.length}\r\n\r\n`;
    const bytes = Buffer.allocUnsafe(head.length + length.length + body.length);
    head.copy(bytes, 0);
    bytes.write(length, head.length, 'latin1');
    bytes.set(body, head.length + length.length);
    return bytes;
  }

  private prepare(request: WireRequest): void {
    checkRequest(request);
    const { headers, method, path } = request;
    let lines = `${method} ${path} HTTP/1.1\r\n`;
    if (!hasHeader(headers, 'host')) lines += `host: ${this.host}\r\n`;
    lines += `connection: ${this.connection}\r\n`;
    for (let i = 0; i < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
    if (!hasHeader(headers, 'accept-encoding')) lines += 'accept-encoding: identity\r\n';
    this.head = Buffer.from(`${lines}content-length: `, 'latin1');
    this.bodiless = Buffer.from(`${lines}${expectsBody(method) ? 'content-length: 0\r\n' : ''}\r\n`, 'latin1');
    this.headers = headers;
    this.method = method;
    this.path = path;
  }
}
