import type { ErrorKind } from '../../src/protocol/error-kind.ts';

/** What a sink is expected to hear. */
export interface Expected {
  status?: number;
  body?: string;
  headers?: readonly string[];
  /** Null: it ends well. */
  error: ErrorKind | null;
}

/** One way for a server to answer on a raw socket. */
export interface Behaviour {
  name: string;
  method?: string;
  /** Bytes of the answer. */
  bytes: string;
  /** What the server does after them. */
  after: 'keep' | 'fin' | 'reset';
  expect: Expected;
  /** Sent in one piece only: what comes after the answer must be there when the answer is, or no client can tell it from the next answer. */
  whole?: boolean;
  /** The connection carries the next request too. */
  reused: boolean;
  /** Where undici differs, and why that is accepted. */
  undici?: { reason: string; expect?: Expected; reused?: boolean };
}

const ok = (body: string): Expected => ({ status: 200, body, error: null });
const malformed: Expected = { error: 'malformed' };
const big = (bytes: number) => 'x'.repeat(bytes);

export const behaviours: readonly Behaviour[] = [
  {
    name: 'content-length',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello',
    after: 'keep',
    expect: { ...ok('hello'), headers: ['content-length', '5', 'x-a', 'b'] },
    reused: true,
  },
  { name: 'an empty body', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', after: 'keep', expect: ok(''), reused: true },
  { name: 'no reason phrase', bytes: 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok', after: 'keep', expect: ok('ok'), reused: true },
  { name: 'an empty reason phrase', bytes: 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok', after: 'keep', expect: ok('ok'), reused: true },
  {
    name: 'white space around a header value',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: \t 2\r\nx-a: \t 2 \t\r\nx:\r\n\r\nok',
    after: 'keep',
    expect: { ...ok('ok'), headers: ['content-length', '2', 'x-a', '2', 'x', ''] },
    reused: true,
    undici: { reason: 'keeps white space at the end of a value', expect: { ...ok('ok'), headers: ['content-length', '2', 'x-a', '2 \t', 'x', ''] } },
  },
  {
    name: 'white space after the length',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2 \r\n\r\nok',
    after: 'keep',
    expect: ok('ok'),
    reused: true,
    undici: { reason: 'reads the space as a digit', expect: { status: 200, body: 'ok', error: 'truncated' }, reused: false },
  },
  {
    name: 'a header in Latin-1',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Name: caf\u00e9\r\n\r\nok',
    after: 'keep',
    expect: { ...ok('ok'), headers: ['content-length', '2', 'x-name', 'caf\u00e9'] },
    reused: true,
  },
  {
    name: 'a header given twice',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\nok',
    after: 'keep',
    expect: { ...ok('ok'), headers: ['content-length', '2', 'x-a', '1', 'x-a', '2'] },
    reused: true,
  },
  {
    name: 'chunked',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
    after: 'keep',
    expect: ok('hello world'),
    reused: true,
  },
  {
    name: 'chunked, sizes in hexadecimal of both cases with leading zeros',
    bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n00A\r\n0123456789\r\n0b\r\n0123456789a\r\n0\r\n\r\n`,
    after: 'keep',
    expect: ok('01234567890123456789a'),
    reused: true,
  },
  {
    name: 'chunk extensions',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b;c="d"\r\nhello\r\n0;last\r\n\r\n',
    after: 'keep',
    expect: ok('hello'),
    reused: true,
  },
  {
    name: 'trailers',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n',
    after: 'keep',
    expect: ok('ok'),
    reused: true,
  },
  {
    name: 'chunk data that looks like framing',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n\r\n0\r\n\r\n\r\n0\r\r\n0\r\n\r\n',
    after: 'keep',
    expect: ok('\r\n0\r\n\r\n\r\n0\r'),
    reused: true,
  },
  {
    name: 'connection: close',
    bytes: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
    after: 'fin',
    expect: ok('ok'),
    reused: false,
  },
  {
    name: 'connection: close that stays open',
    bytes: 'HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: ok('ok'),
    reused: false,
  },
  { name: 'HTTP/1.0', bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', after: 'keep', expect: ok('ok'), reused: false },
  {
    name: 'HTTP/1.0 with keep-alive',
    bytes: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: ok('ok'),
    reused: true,
  },
  {
    name: 'a body until the connection closes',
    bytes: 'HTTP/1.1 200 OK\r\n\r\nuntil the end',
    after: 'fin',
    expect: ok('until the end'),
    reused: false,
  },
  { name: 'no body at all until the connection closes', bytes: 'HTTP/1.1 200 OK\r\n\r\n', after: 'fin', expect: ok(''), reused: false },
  {
    name: 'HEAD',
    method: 'HEAD',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n',
    after: 'keep',
    expect: ok(''),
    reused: true,
    undici: { reason: 'closes after HEAD, in case the server sends a body', reused: false },
  },
  { name: '204', bytes: 'HTTP/1.1 204 No Content\r\n\r\n', after: 'keep', expect: { status: 204, body: '', error: null }, reused: true },
  {
    name: '304 with the length of what it stands for',
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 20\r\n\r\n',
    after: 'keep',
    expect: { status: 304, body: '', error: null },
    reused: false,
  },
  {
    name: 'early hints before the answer',
    bytes: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: ok('ok'),
    reused: true,
  },
  {
    name: '100 Continue that was not asked for',
    bytes: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: ok('ok'),
    reused: true,
    undici: { reason: 'refuses an interim 100 without Expect; RFC 9110 (15.2) says that a client must be able to pass over it', expect: malformed },
  },
  {
    name: 'a redirect is not followed',
    bytes: 'HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n',
    after: 'keep',
    expect: { status: 302, body: '', error: null },
    reused: true,
  },
  {
    name: 'an error status with a body',
    bytes: 'HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\n<b/>',
    after: 'keep',
    expect: { status: 500, body: '<b/>', error: null },
    reused: true,
  },
  {
    name: 'Keep-Alive that leaves no time',
    bytes: 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: ok('ok'),
    reused: false,
  },
  {
    name: 'a body of 200 kB',
    bytes: `HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${big(200_000)}`,
    after: 'keep',
    expect: ok(big(200_000)),
    reused: true,
  },
  {
    name: 'bytes after the answer',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
    after: 'keep',
    expect: ok('ok'),
    reused: false,
    whole: true,
  },

  { name: 'closed before any answer', bytes: '', after: 'fin', expect: { error: 'reset' }, reused: false },
  { name: 'reset before any answer', bytes: '', after: 'reset', expect: { error: 'reset' }, reused: false },
  { name: 'closed within the status line', bytes: 'HTTP/1.1 20', after: 'fin', expect: { error: 'reset' }, reused: false },
  { name: 'closed within the headers', bytes: 'HTTP/1.1 200 OK\r\nContent-Le', after: 'fin', expect: { error: 'reset' }, reused: false },
  {
    name: 'closed within a counted body',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello',
    after: 'fin',
    expect: { status: 200, body: 'hello', error: 'truncated' },
    reused: false,
  },
  {
    name: 'reset within a counted body',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello',
    after: 'reset',
    expect: { status: 200, body: 'hello', error: 'reset' },
    reused: false,
  },
  {
    name: 'closed within a chunk',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel',
    after: 'fin',
    expect: { status: 200, body: 'hel', error: 'truncated' },
    reused: false,
  },
  {
    name: 'closed between chunks',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    after: 'fin',
    expect: { status: 200, body: 'hello', error: 'truncated' },
    reused: false,
  },
  {
    name: 'closed between chunks with connection: close',
    bytes: 'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    after: 'fin',
    expect: { status: 200, body: 'hello', error: 'truncated' },
    reused: false,
  },
  {
    name: 'closed before the last empty line',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n',
    after: 'fin',
    expect: { status: 200, body: 'ok', error: 'truncated' },
    reused: false,
  },
  {
    name: 'reset in a body until close',
    bytes: 'HTTP/1.1 200 OK\r\n\r\nhalf',
    after: 'reset',
    expect: { status: 200, body: 'half', error: 'reset' },
    reused: false,
    undici: { reason: 'takes a reset for the end of a body without a length (a workaround for macOS)', expect: ok('half') },
  },

  { name: 'not HTTP', bytes: 'SSH-2.0-OpenSSH_9.7\r\n\r\n', after: 'keep', expect: malformed, reused: false },
  { name: 'a TLS alert', bytes: '\x15\x03\x01\x00\x02\x02\x46\r\n\r\n', after: 'keep', expect: malformed, reused: false },
  {
    name: 'HTTP/2.0',
    bytes: 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: malformed,
    reused: false,
    undici: { reason: 'takes the version 2.0 on an HTTP/1 connection', expect: ok('ok'), reused: false },
  },
  { name: 'a status that is no number', bytes: 'HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok', after: 'keep', expect: malformed, reused: false },
  { name: 'a status of two digits', bytes: 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok', after: 'keep', expect: malformed, reused: false },
  { name: 'a status of four digits', bytes: 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok', after: 'keep', expect: malformed, reused: false },
  {
    name: 'both content-length and transfer-encoding',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    after: 'keep',
    expect: malformed,
    reused: false,
  },
  {
    name: 'two lengths that differ',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!',
    after: 'keep',
    expect: malformed,
    reused: false,
  },
  {
    name: 'two equal lengths',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: malformed,
    reused: false,
  },
  { name: 'a list of lengths', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok', after: 'keep', expect: malformed, reused: false },
  { name: 'a negative length', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok', after: 'keep', expect: malformed, reused: false },
  { name: 'a length with a sign', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok', after: 'keep', expect: malformed, reused: false },
  {
    name: 'a length beyond counting',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok',
    after: 'keep',
    expect: malformed,
    reused: false,
  },
  {
    name: 'an unknown transfer coding',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxxxx',
    after: 'fin',
    expect: malformed,
    reused: false,
    undici: { reason: 'reads a coding that it does not know until the connection closes', expect: ok('xxxx') },
  },
  {
    name: 'chunked twice',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    after: 'keep',
    expect: malformed,
    reused: false,
    undici: { reason: 'takes chunked given twice for chunked once', expect: ok('ok'), reused: true },
  },
  { name: 'a space before the colon', bytes: 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok', after: 'keep', expect: malformed, reused: false },
  {
    name: 'a folded header',
    bytes: 'HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: malformed,
    reused: false,
  },
  {
    name: 'a header without a colon',
    bytes: 'HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: malformed,
    reused: false,
  },
  {
    name: 'a zero byte in a header',
    bytes: 'HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: malformed,
    reused: false,
  },
  {
    name: 'a bare carriage return in a header',
    bytes: 'HTTP/1.1 200 OK\r\nX-A: a\rb\r\nContent-Length: 2\r\n\r\nok',
    after: 'keep',
    expect: malformed,
    reused: false,
  },
  { name: 'bare line feeds in the head', bytes: 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', after: 'keep', expect: malformed, reused: false },
  {
    name: 'a chunk size that is no number',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n',
    after: 'keep',
    expect: { status: 200, body: '', error: 'malformed' },
    reused: false,
  },
  {
    name: 'a chunk without its size',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n',
    after: 'keep',
    expect: { status: 200, body: '', error: 'malformed' },
    reused: false,
  },
  {
    name: 'a chunk size beyond counting',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello',
    after: 'keep',
    expect: { status: 200, body: '', error: 'malformed' },
    reused: false,
  },
  {
    name: 'a chunk longer than its size',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n',
    after: 'keep',
    expect: { status: 200, body: 'hel', error: 'malformed' },
    reused: false,
  },
  {
    name: '101 that was not asked for',
    bytes: 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    after: 'keep',
    expect: malformed,
    reused: false,
  },
  {
    name: 'too many headers',
    bytes: `HTTP/1.1 200 OK\r\n${'X-A: 0123456789012345678901234567890123456789\r\n'.repeat(1000)}\r\n`,
    after: 'keep',
    expect: { error: 'too_large' },
    reused: false,
  },
  {
    name: 'a header line without end',
    bytes: `HTTP/1.1 200 OK\r\nX-A: ${big(100_000)}`,
    after: 'keep',
    expect: { error: 'too_large' },
    reused: false,
  },
];
