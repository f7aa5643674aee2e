/** One request as the known-schedule server needs it. */
export interface ReadRequest {
  method: string;
  /** Without the query. */
  path: string;
  body: Buffer;
  keepAlive: boolean;
}

export const maxHeadBytes = 64 * 1024;
export const maxBodyBytes = 64 * 1024 * 1024;

interface Head {
  method: string;
  path: string;
  bodyBytes: number;
  keepAlive: boolean;
  expectsContinue: boolean;
}

/**
 * Reads HTTP/1.1 requests off one connection at the least cost: a server that is to know its own times must not be what is measured.
 * Requests may be split anywhere and may follow each other at once. Bodies need a content-length.
 */
export class RequestReader {
  private readonly onRequest: (request: ReadRequest) => void;
  /** What is left of earlier reads. */
  private rest: Buffer | null = null;
  /** The last head, byte for byte: clients send the same one over and over. */
  private known: { bytes: Buffer; head: Head } | null = null;
  private readonly onContinue: () => void;
  private continued = false;

  constructor(onRequest: (request: ReadRequest) => void, onContinue: () => void) {
    this.onRequest = onRequest;
    this.onContinue = onContinue;
  }

  /** The connection's next bytes. @returns the status to refuse the connection with; null while all is well */
  push(chunk: Buffer): number | null {
    let bytes = this.rest === null ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = null;
    while (bytes.length > 0) {
      const found = this.headOf(bytes);
      if (typeof found === 'number') return found;
      if (found === null) break;
      const { head, length } = found;
      const end = length + head.bodyBytes;
      if (bytes.length < end) {
        if (head.expectsContinue && !this.continued) {
          this.continued = true;
          this.onContinue();
        }
        break;
      }
      this.continued = false;
      this.onRequest({ method: head.method, path: head.path, keepAlive: head.keepAlive, body: bytes.subarray(length, end) });
      bytes = bytes.subarray(end);
    }
    if (bytes.length > 0) this.rest = bytes;
    return null;
  }

  private headOf(bytes: Buffer): { head: Head; length: number } | number | null {
    const { known } = this;
    if (known !== null && bytes.length >= known.bytes.length && bytes.compare(known.bytes, 0, known.bytes.length, 0, known.bytes.length) === 0)
      return { head: known.head, length: known.bytes.length };
    const at = bytes.indexOf('\r\n\r\n');
    if (at < 0) return bytes.length > maxHeadBytes ? 431 : null;
    const length = at + 4;
    if (length > maxHeadBytes) return 431;
    const head = parseHead(bytes.toString('latin1', 0, at));
    if (typeof head === 'number') return head;
    this.known = { bytes: Buffer.from(bytes.subarray(0, length)), head };
    return { head, length };
  }
}

/** @returns the status of the refusal where the head cannot be served */
function parseHead(text: string): Head | number {
  const [first = '', ...lines] = text.split('\r\n');
  const [method, target, version] = first.split(' ');
  if (!method || !target || !version?.startsWith('HTTP/1.')) return 400;
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  // RFC 9110, section 8.6: a server may insist on a length.
  if (fields.has('transfer-encoding')) return 411;
  const lengthText = fields.get('content-length') ?? '0';
  if (!/^\d{1,15}$/.test(lengthText)) return 400;
  const bodyBytes = Number(lengthText);
  if (bodyBytes > maxBodyBytes) return 413;
  const connection = fields.get('connection')?.toLowerCase() ?? '';
  return {
    method,
    path: target.split('?')[0] ?? target,
    bodyBytes,
    keepAlive: version === 'HTTP/1.0' ? connection.includes('keep-alive') : !connection.includes('close'),
    expectsContinue: fields.get('expect')?.toLowerCase() === '100-continue',
  };
}
