import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { createTransport, type TransportKind } from '../../src/protocol/connect.ts';
import type { WireRequest } from '../../src/protocol/transport.ts';
import { type Behaviour, behaviours } from './behaviours.ts';
import { fetchRaw, listening, options, type Recorder } from './harness.ts';

const last: WireRequest = { method: 'GET', path: '/last', headers: [], body: null };
const lastAnswer = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast';

/** Answers the first request as the behaviour says, cut where told, and any after it with "last"; `connections` counts those accepted. */
function rawServer(behaviour: Behaviour, cuts: (bytes: Buffer) => Buffer[]) {
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections++;
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      if (!received.includes('\r\n\r\n')) return;
      const first = !received.includes(' /last ');
      received = '';
      if (first) void answer(socket, cuts(Buffer.from(behaviour.bytes, 'latin1')), behaviour.after);
      else socket.write(lastAnswer);
    });
  });
  return { server, connections: () => connections };
}

async function answer(socket: Socket, parts: Buffer[], after: Behaviour['after']): Promise<void> {
  for (const part of parts) {
    if (socket.destroyed) return;
    await new Promise((resolve) => socket.write(part, resolve));
    await new Promise(setImmediate);
  }
  // A reset throws away what the peer has not read yet: let it read first.
  if (after === 'reset') await new Promise((resolve) => setTimeout(resolve, 50));
  if (after === 'fin') socket.end();
  else if (after === 'reset') socket.resetAndDestroy();
}

function heard(recorder: Recorder): object {
  return { events: recorder.events, status: recorder.status, body: recorder.body.toString('latin1'), error: recorder.error?.kind ?? null };
}

const splits: Record<string, (bytes: Buffer) => Buffer[]> = {
  whole: (bytes) => (bytes.length === 0 ? [] : [bytes]),
  'in pieces': (bytes) => {
    // Byte by byte where the framing is, in larger parts beyond.
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = at < 120 ? 1 : 7001;
      parts.push(bytes.subarray(at, at + length));
      at += length;
    }
    return parts;
  },
};

for (const kind of ['socket', 'undici'] satisfies TransportKind[]) {
  describe(`${kind} transport`, { concurrency: 8 }, () => {
    for (const behaviour of behaviours) {
      for (const [how, cuts] of Object.entries(splits)) {
        if (behaviour.whole === true && how !== 'whole') continue;
        test(`${behaviour.name}, ${how}`, async () => {
          const raw = rawServer(behaviour, cuts);
          await using site = await listening(raw.server);
          const transport = await createTransport({ ...options(site.origin, { connections: 1 }), kind });
          try {
            const expected = (kind === 'undici' ? behaviour.undici?.expect : undefined) ?? behaviour.expect;
            const reused =
              (kind === 'undici' ? behaviour.undici?.reused : undefined) ?? (kind === 'undici' && expected.error !== null ? false : behaviour.reused);
            const method = behaviour.method ?? 'POST';
            const recorder = await fetchRaw(transport, { method, path: '/first', headers: [], body: method === 'HEAD' ? null : Buffer.from('{}') });
            const events = ['connected', 'sent'];
            if (expected.status !== undefined) events.push('headers');
            if ((expected.body ?? '') !== '') events.push('data');
            events.push(expected.error === null ? 'end' : 'error');
            assert.deepEqual(
              heard(recorder),
              { events, status: expected.status ?? 0, body: expected.body ?? '', error: expected.error },
              recorder.error?.message ?? '',
            );
            if (expected.headers !== undefined) assert.deepEqual(recorder.headers, expected.headers);
            if (recorder.error !== null) assert.notEqual(recorder.error.message, '');
            // Whatever happened, the next request gets its own answer, on the same connection where that is safe.
            const next = await fetchRaw(transport, last);
            assert.deepEqual(heard(next), {
              events: reused ? ['sent', 'headers', 'data', 'end'] : ['connected', 'sent', 'headers', 'data', 'end'],
              status: 200,
              body: 'last',
              error: null,
            });
            assert.equal(raw.connections(), reused ? 1 : 2);
          } finally {
            await transport.close();
          }
        });
      }
    }
  });
}
