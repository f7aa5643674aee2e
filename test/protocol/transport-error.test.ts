import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { createTransport } from '../../src/protocol/connect.ts';
import { errorKindOf } from '../../src/protocol/transport-error.ts';
import { fetchRaw, listening, options } from './harness.ts';

test('an interim answer that undici cannot pass over is told in words', async () => {
  const server = createServer((socket) => {
    socket.on('data', () => void socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')).on('error', () => {});
  });
  await using site = await listening(server);
  const transport = await createTransport({ ...options(site.origin), kind: 'undici' });
  try {
    const { error } = await fetchRaw(transport, { method: 'GET', path: '/', headers: [], body: null });
    assert.equal(error?.kind, 'malformed');
    assert.match(error?.message ?? '', /100 Continue, which nothing had asked for/);
  } finally {
    await transport.close();
  }
});

test('what this machine lacks is not taken for what the server does', () => {
  const kind = (code: string) => errorKindOf(Object.assign(new Error(code), { code }), 'connecting');
  for (const code of ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']) assert.equal(kind(code), 'client_limit', code);
  assert.equal(kind('ECONNREFUSED'), 'refused');
});
