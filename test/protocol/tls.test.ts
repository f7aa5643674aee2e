import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { createTransport } from '../../src/protocol/connect.ts';
import type { WireRequest } from '../../src/protocol/transport.ts';
import { fetchRaw, httpServer, listening, options } from './harness.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');
const get: WireRequest = { method: 'GET', path: '/', headers: [], body: null };

function secureServer() {
  return listening(createServer({ cert: fixture('cert.pem'), key: fixture('key.pem') }, (_, response) => response.end('secret')));
}

test('https: connect and TLS times apart, connections kept, warmed ones too', async () => {
  const authorities = getCACertificates('default');
  setDefaultCACertificates([...authorities, fixture('cert.pem')]);
  await using site = await secureServer();
  const transport = await createTransport({ ...options(`https://127.0.0.1:${site.port}`, { connections: 2 }), kind: 'auto' });
  try {
    const first = await fetchRaw(transport, get);
    assert.deepEqual(first.events, ['connected', 'sent', 'headers', 'data', 'end'], first.error?.message);
    assert.ok(first.connected!.connectMs > 0);
    assert.ok(first.connected!.tlsMs! > 0);
    assert.deepEqual((await fetchRaw(transport, get)).events, ['sent', 'headers', 'data', 'end']);
    const report = await transport.warm(2);
    assert.equal(report.opened.length, 1);
    assert.ok(report.opened[0]!.tlsMs! > 0);
    const both = await Promise.all([fetchRaw(transport, get), fetchRaw(transport, get)]);
    for (const one of both) assert.deepEqual(one.events, ['sent', 'headers', 'data', 'end']);
  } finally {
    setDefaultCACertificates(authorities);
    await transport.close();
  }
});

test('fresh connections have their whole handshake each', async () => {
  const authorities = getCACertificates('default');
  setDefaultCACertificates([...authorities, fixture('cert.pem')]);
  const resumed: boolean[] = [];
  const server = createServer({ cert: fixture('cert.pem'), key: fixture('key.pem') }, (request, response) => {
    resumed.push((request.socket as TLSSocket).isSessionReused());
    response.end('x');
  });
  await using site = await listening(server);
  const transport = await createTransport({ ...options(`https://127.0.0.1:${site.port}`, { connections: 1, freshConnections: true }), kind: 'auto' });
  try {
    for (let i = 0; i < 4; i++) assert.equal((await fetchRaw(transport, get)).error, null);
    assert.deepEqual(resumed, [false, false, false, false]);
  } finally {
    setDefaultCACertificates(authorities);
    await transport.close();
  }
});

test('a certificate that nobody vouches for: tls', async () => {
  await using site = await secureServer();
  const transport = await createTransport({ ...options(`https://127.0.0.1:${site.port}`), kind: 'auto' });
  const answer = await fetchRaw(transport, get);
  assert.equal(answer.error?.kind, 'tls', answer.error?.message);
  assert.equal((await transport.warm(1)).error?.kind, 'tls');
  await transport.close();
});

test('https asked of a server that speaks plain http: tls', async () => {
  await using site = await httpServer((_, response) => response.end('x'));
  const transport = await createTransport({ ...options(`https://127.0.0.1:${site.port}`), kind: 'auto' });
  const answer = await fetchRaw(transport, get);
  assert.equal(answer.error?.kind, 'tls', answer.error?.message);
  await transport.close();
});

test('http asked of a server that speaks TLS: malformed or closed, named as such', async () => {
  await using site = await secureServer();
  for (const kind of ['socket', 'undici'] as const) {
    const transport = await createTransport({ ...options(`http://127.0.0.1:${site.port}`), kind });
    const answer = await fetchRaw(transport, get);
    assert.ok(['malformed', 'reset'].includes(answer.error?.kind ?? ''), answer.error?.message);
    await transport.close();
  }
});

test('the socket transport does not take https', async () => {
  await assert.rejects(async () => await createTransport({ ...options('https://127.0.0.1:1'), kind: 'socket' }), /plain http only/);
});
