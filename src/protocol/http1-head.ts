/** What the head of a response says about itself and about the bytes after it. */
export interface ResponseHead {
  status: number;
  /** Flat name (lower case), value list. */
  headers: readonly string[];
  /** -1: not said. */
  contentLength: number;
  chunked: boolean;
  /** The connection may be used again, as far as the head says. */
  keepAlive: boolean;
  /** What `Keep-Alive: timeout` allows for a pause, ms; -1: not said. */
  idleMs: number;
}

const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// Field values: visible characters, obs-text, space and tab (RFC 9110, section 5.5).
const badValue = /[^\t\x20-\x7e\x80-\xff]/;
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/**
 * Reads response heads (RFC 9112, sections 4 to 6), strictly: what could be read in two ways (content-length twice, or beside transfer-encoding; folded lines; a space before
 * the colon; bare line feeds) is refused, because a client and a proxy that read it differently can be made to swap answers. Answers come with
 * the same head over and over: the last one is kept, read once.
 */
export class HeadParser {
  private lastText = '';
  private last: ResponseHead | null = null;

  /** `text` is the head in Latin-1 without its final empty line; answers what is wrong as a string. */
  parse(text: string): ResponseHead | string {
    if (this.last !== null && text === this.lastText) return this.last;
    const head = parseHead(text);
    if (typeof head !== 'string') {
      this.lastText = text;
      this.last = head;
    }
    return head;
  }
}

function parseHead(text: string): ResponseHead | string {
  const lines = text.split('\r\n');
  const first = statusLine.exec(lines[0]!);
  if (first === null) return `not an HTTP/1.1 status line: ${JSON.stringify(lines[0]!.slice(0, 80))}`;
  const status = Number(first[2]);
  const headers: string[] = [];
  let contentLength = -1;
  let transferEncoding: string | null = null;
  let connection = '';
  let idleMs = -1;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!tokenPattern.test(name)) return `not a header line: ${JSON.stringify(line.slice(0, 80))}`;
    const value = trim(line, colon + 1);
    if (badValue.test(value)) return `a control character in the header ${name}`;
    headers.push(name, value);
    if (name === 'content-length') {
      if (contentLength !== -1) return 'content-length given twice';
      if (!/^\d{1,15}$/.test(value)) return `not a content-length: ${JSON.stringify(value.slice(0, 80))}`;
      contentLength = Number(value);
    } else if (name === 'transfer-encoding') {
      transferEncoding = transferEncoding === null ? value : `${transferEncoding}, ${value}`;
    } else if (name === 'connection') connection = connection === '' ? value.toLowerCase() : `${connection},${value.toLowerCase()}`;
    else if (name === 'keep-alive') idleMs = keepAliveMs(value);
  }
  if (transferEncoding !== null) {
    if (contentLength !== -1) return 'both content-length and transfer-encoding';
    if (transferEncoding.toLowerCase() !== 'chunked') return `transfer-encoding ${JSON.stringify(transferEncoding.slice(0, 80))} was not asked for`;
  }
  const options = connection.split(',').map((option) => option.trim());
  const keepAlive = !options.includes('close') && (first[1] === '1' || options.includes('keep-alive'));
  return { status, headers, contentLength, chunked: transferEncoding !== null, keepAlive, idleMs };
}

/** Optional white space around a value is space and tab only. */
function trim(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function keepAliveMs(value: string): number {
  const match = /(?:^|[,\s])timeout=(\d{1,9})/i.exec(value);
  return match === null ? -1 : Number(match[1]) * 1000;
}
