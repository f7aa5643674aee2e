import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import { createServer } from 'node:net';
import os, { type NetworkInterfaceInfo } from 'node:os';
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
  for (const code of ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EAFNOSUPPORT'])
    assert.equal(kind(code), 'refused', code);
});

test('an address that cannot be connected to from here is no lack of ports', (t) => {
  const failed = (address: string, port?: number) =>
    Object.assign(new Error(`connect EADDRNOTAVAIL ${address}`), { code: 'EADDRNOTAVAIL', address, ...(port === undefined ? {} : { port }) });
  const own = (...addresses: [address: string, internal: boolean][]) => {
    const infos = addresses.map(([address, internal]) => ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }));
    t.mock.method(os, 'networkInterfaces', () => ({ lo: infos as NetworkInterfaceInfo[] }));
    syncBuiltinESMExports();
  };
  const kind = (error: Error) => errorKindOf(error, 'connecting');
  try {
    own(['127.0.0.1', true]);
    assert.equal(kind(failed('127.0.0.1', 8000)), 'client_limit');
    assert.equal(kind(failed('127.0.0.1')), 'refused', 'port 0');
    assert.equal(kind(failed('::1', 8000)), 'refused');
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:8000'), { code: 'ECONNREFUSED' });
    assert.equal(kind(new AggregateError([failed('::1', 8000), refused])), 'refused', 'localhost, where there is no IPv6');
    assert.equal(kind(new AggregateError([failed('127.0.0.1', 8000), failed('127.0.0.2', 8000)])), 'client_limit');
    own(['127.0.0.1', true], ['::1', true]);
    assert.deepEqual([kind(failed('::1', 8000)), kind(failed('2001:db8::1', 8000))], ['client_limit', 'refused']);
    own(['fd00::2', false]);
    assert.deepEqual([kind(failed('::1', 8000)), kind(failed('2001:db8::1', 8000))], ['refused', 'client_limit']);
  } finally {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  }
});
