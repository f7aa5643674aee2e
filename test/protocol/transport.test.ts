import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer as createTcp, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../src/config/errors.ts';
import { createTransport, type TransportKind } from '../../src/protocol/connect.ts';
import type { WireRequest } from '../../src/protocol/transport.ts';
import { fetchRaw, httpServer, listening, options, Recorder } from './harness.ts';

const get: WireRequest = { method: 'GET', path: '/', headers: [], body: null };

/** Waits until the condition holds. */
async function until(what: string, condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !condition(); await sleep(2)) assert.ok(Date.now() < deadline, `waited for: ${what}`);
}

/** A listener whose process is stopped and whose backlog is full: handshakes go unanswered. Null where the system answers them all the same. */
async function deafServer(): Promise<({ origin: string } & AsyncDisposable) | null> {
  const child = spawn(
    process.execPath,
    ['-e', "require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port) })"],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const port = Number(await new Promise<string>((resolve) => child.stdout.once('data', (bytes) => resolve(String(bytes)))));
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  const dispose = async () => {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  for (let i = 0; i < 10; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    const answered = await Promise.race([once(socket, 'connect').then(() => true), sleep(500, false)]);
    if (!answered) return { origin: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: dispose };
  }
  await dispose();
  return null;
}

for (const kind of ['socket', 'undici'] satisfies TransportKind[]) {
  describe(`${kind} transport`, () => {
    test('sends method, path, headers and body; asks for no content coding', async () => {
      const seen: { method?: string | undefined; url?: string | undefined; headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
      await using site = await httpServer((request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (bytes: Buffer) => parts.push(bytes));
        request.on('end', () => {
          const body = Buffer.concat(parts).toString();
          seen.push({ method: request.method, url: request.url, headers: request.headers, body });
          response.end('ok');
        });
      });
      const transport = await createTransport({ ...options(site.origin), kind });
      try {
        const headers = ['Authorization', 'Bearer caf\u00e9', 'X-Twice', 'a', 'x-twice', 'b'];
        const long = 'é'.repeat(100_000);
        await fetchRaw(transport, { method: 'POST', path: '/a/b?c=%20d', headers, body: Buffer.from('short') });
        await fetchRaw(transport, { method: 'POST', path: '/a/b?c=%20d', headers, body: Buffer.from(long) });
        await fetchRaw(transport, { method: 'PUT', path: '/p', headers, body: null });
        await fetchRaw(transport, { method: 'DELETE', path: '/p', headers: ['host', 'example.test', 'accept-encoding', 'br'], body: null });
        assert.deepEqual(
          seen.map(({ method, url }) => `${method} ${url}`),
          ['POST /a/b?c=%20d', 'POST /a/b?c=%20d', 'PUT /p', 'DELETE /p'],
        );
        assert.equal(seen[0]?.body, 'short');
        assert.equal(seen[1]?.body, long);
        assert.equal(seen[1]?.headers['content-length'], '200000');
        assert.equal(seen[0]?.headers['authorization'], 'Bearer caf\u00e9');
        assert.equal(seen[0]?.headers['x-twice'], 'a, b');
        assert.equal(seen[0]?.headers['accept-encoding'], 'identity');
        assert.equal(seen[0]?.headers['connection'], 'keep-alive');
        assert.equal(seen[0]?.headers['host'], site.origin.slice('http://'.length));
        assert.equal(seen[2]?.headers['content-length'], '0');
        assert.equal(seen[3]?.headers['content-length'], undefined);
        assert.equal(seen[3]?.headers['host'], 'example.test');
        assert.equal(seen[3]?.headers['accept-encoding'], 'br');
      } finally {
        await transport.close();
      }
    });

    test('refuses what would break out of its line, and headers that are its own, before anything is sent', async () => {
      const transport = await createTransport({ ...options('http://127.0.0.1:9'), kind });
      const bad: Partial<WireRequest>[] = [
        { path: 'a' },
        { path: '/a b' },
        { path: '/a\r\nx: y' },
        { path: '/\u00e9' },
        { method: 'GET /' },
        { method: 'CONNECT' },
        { headers: ['x\r\ny', 'a'] },
        { headers: ['x', 'a\r\nb: c'] },
        { headers: ['x', '\u4e16'] },
        { headers: ['Content-Length', '3'] },
        { headers: ['transfer-encoding', 'chunked'] },
        { headers: ['Connection', 'close'] },
        { headers: ['host', 'a', 'Host', 'b'] },
      ];
      for (const part of bad) {
        const recorder = new Recorder();
        assert.throws(() => transport.send({ ...get, ...part }, recorder), UserError, JSON.stringify(part));
        assert.deepEqual(recorder.events, []);
      }
      assert.throws(
        () => transport.send({ ...get, headers: ['authorization', 'Bearer secret\n'] }, new Recorder()),
        (error: Error) => !error.message.includes('secret'),
      );
      await transport.close();
    });

    test('times run in order: connected, sent, headers, data, end', async () => {
      await using site = await httpServer((_, response) => {
        response.write('a');
        setTimeout(() => response.end('b'), 20);
      });
      const transport = await createTransport({ ...options(site.origin), kind });
      try {
        const before = performance.now();
        const times: number[] = [];
        await new Promise<void>((resolve, reject) => {
          transport.send(get, {
            onConnected(connectMs, tlsMs) {
              assert.ok(connectMs > 0);
              assert.equal(tlsMs, null);
            },
            onSent: (nowMs) => times.push(nowMs),
            onResent: () => assert.fail('sent twice'),
            onHeaders: (_status, _headers, nowMs) => times.push(nowMs),
            reader: { data: (_buffer, _start, _end, nowMs) => times.push(nowMs) > 0 },
            onEnd(nowMs) {
              times.push(nowMs);
              resolve();
            },
            onError: (_kind, message) => reject(new Error(message)),
          });
        });
        assert.ok(times.length >= 5);
        assert.deepEqual(
          times,
          times.toSorted((a, b) => a - b),
        );
        assert.ok(times[0]! >= before);
        assert.ok(times.at(-1)! <= performance.now());
      } finally {
        await transport.close();
      }
    });

    test('what came in one read has one time', async () => {
      await using site = await httpServer((_, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' });
        response.flushHeaders();
        const pieces = Array.from({ length: 200 }, (_, i) => `piece ${i}\n`);
        // Each a chunk of its own, all in one write.
        setTimeout(() => response.socket?.end(`${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`), 20);
      });
      const transport = await createTransport({ ...options(site.origin), kind });
      const times = new Set<number>();
      let bytes = 0;
      await new Promise<void>((resolve, reject) => {
        transport.send(get, {
          onConnected: () => {},
          onSent: () => {},
          onResent: () => {},
          onHeaders: () => {},
          reader: {
            data(_buffer, start, end, nowMs) {
              bytes += end - start;
              times.add(nowMs);
              return true;
            },
          },
          onEnd: () => resolve(),
          onError: (_kind, message) => reject(new Error(message)),
        });
      });
      await transport.close();
      assert.equal(bytes, 1890);
      // As many as there were reads: the kernel may have brought them in a few.
      assert.ok(times.size < 20, `${times.size}`);
    });

    test('holds at most its connections; others wait their turn and reuse them', async () => {
      let open = 0;
      let most = 0;
      let connections = 0;
      const order: string[] = [];
      await using site = await httpServer((request, response) => {
        most = Math.max(most, ++open);
        order.push(request.url!);
        setTimeout(() => {
          open--;
          response.end(request.url);
        }, 3);
      });
      site.server.on('connection', () => connections++);
      const transport = await createTransport({ ...options(site.origin, { connections: 3 }), kind });
      try {
        const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => fetchRaw(transport, { ...get, path: `/${i}` })));
        for (const [i, answer] of answers.entries()) assert.equal(answer.body.toString(), `/${i}`);
        assert.equal(most, 3);
        assert.equal(connections, 3);
        assert.equal(answers.filter(({ events }) => events.includes('connected')).length, 3);
        // A server may read from three connections in another order than they were written to, but never from a fourth request before it has answered one of them.
        for (const [place, path] of order.entries()) assert.ok(Math.abs(Number(path.slice(1)) - place) < 3, `${path} came as number ${place}`);
      } finally {
        await transport.close();
      }
    });

    test('what a sink sends when it hears the end goes out on the same connection', async () => {
      let connections = 0;
      await using site = await httpServer((_, response) => response.end('x'));
      site.server.on('connection', () => connections++);
      const transport = await createTransport({ ...options(site.origin, { connections: 8 }), kind });
      try {
        await new Promise<void>((resolve, reject) => {
          let left = 50;
          const next = () => {
            const recorder = new Recorder();
            const onEnd = recorder.onEnd.bind(recorder);
            recorder.onEnd = () => {
              onEnd();
              if (--left > 0) next();
              else resolve();
            };
            recorder.onError = (errorKind, message) => reject(new Error(`${errorKind}: ${message}`));
            transport.send(get, recorder);
          };
          next();
        });
        assert.equal(connections, 1);
      } finally {
        await transport.close();
      }
    });

    test('fresh connections: one for each request', async () => {
      let connections = 0;
      const said = new Set<string | undefined>();
      await using site = await httpServer((request, response) => {
        said.add(request.headers.connection);
        response.end('x');
      });
      site.server.on('connection', () => connections++);
      const transport = await createTransport({ ...options(site.origin, { connections: 2, freshConnections: true }), kind });
      try {
        assert.deepEqual(await transport.warm(2), { opened: [], failed: 0, error: null });
        for (let i = 0; i < 4; i++) assert.deepEqual((await fetchRaw(transport, get)).events, ['connected', 'sent', 'headers', 'data', 'end']);
        const more = await Promise.all(Array.from({ length: 6 }, () => fetchRaw(transport, get)));
        for (const one of more) assert.deepEqual(one.events, ['connected', 'sent', 'headers', 'data', 'end']);
        assert.equal(connections, 10);
        assert.deepEqual([...said], ['close']);
      } finally {
        await transport.close();
      }
    });

    test('warm opens connections that requests then use', async () => {
      let connections = 0;
      await using site = await httpServer((_, response) => response.end('x'));
      site.server.on('connection', () => connections++);
      const transport = await createTransport({ ...options(site.origin, { connections: 5 }), kind });
      try {
        const report = await transport.warm(20);
        assert.equal(report.opened.length, 5);
        assert.equal(report.failed, 0);
        for (const { connectMs, tlsMs } of report.opened) {
          assert.ok(connectMs > 0);
          assert.equal(tlsMs, null);
        }
        await until('five connections', () => connections === 5);
        assert.equal((await transport.warm(5)).opened.length, 0);
        const answers = await Promise.all(Array.from({ length: 20 }, () => fetchRaw(transport, get)));
        for (const answer of answers) assert.deepEqual(answer.events, ['sent', 'headers', 'data', 'end']);
        assert.equal(connections, 5);
      } finally {
        await transport.close();
      }
    });

    test('warm against a closed port says why', async () => {
      const site = await listening(createTcp());
      await site[Symbol.asyncDispose]();
      const transport = await createTransport({ ...options(site.origin), kind });
      const report = await transport.warm(2);
      assert.equal(report.failed, 2);
      assert.equal(report.error?.kind, 'refused');
      const answer = await fetchRaw(transport, get);
      assert.deepEqual(answer.events, ['error']);
      assert.equal(answer.error?.kind, 'refused');
      await transport.close();
    });

    test('a warmed connection that the server closed is opened again', async () => {
      const sockets: Socket[] = [];
      await using site = await httpServer((_, response) => response.end('x'));
      site.server.on('connection', (socket) => sockets.push(socket));
      const transport = await createTransport({ ...options(site.origin, { connections: 1 }), kind });
      try {
        await transport.warm(1);
        await until('the connection', () => sockets.length === 1);
        sockets[0]!.end();
        await sleep(50);
        const answer = await fetchRaw(transport, get);
        assert.equal(answer.error, null);
        assert.equal(sockets.length, 2);
      } finally {
        await transport.close();
      }
    });

    test('a name that does not resolve', async () => {
      const transport = await createTransport({ ...options('http://no-such-host.invalid:80'), kind });
      const answer = await fetchRaw(transport, get);
      assert.equal(answer.error?.kind, 'dns', answer.error?.message);
      await transport.close();
    });

    test('a stale connection: once more on a fresh one, when not a byte came back', async () => {
      let connections = 0;
      let requests = 0;
      // Each connection answers once and is closed by the second request on it.
      const raw = createTcp((socket) => {
        connections++;
        let first = true;
        socket.on('data', () => {
          requests++;
          if (first) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          else socket.destroy();
          first = false;
        });
      });
      await using site = await listening(raw);
      const transport = await createTransport({ ...options(site.origin, { connections: 1 }), kind });
      try {
        const post: WireRequest = { ...get, method: 'POST', body: Buffer.from('{}') };
        assert.deepEqual((await fetchRaw(transport, post)).events, ['connected', 'sent', 'headers', 'data', 'end']);
        assert.deepEqual((await fetchRaw(transport, post)).events, ['sent', 'resent', 'connected', 'headers', 'data', 'end']);
        assert.equal(connections, 2);
        assert.equal(requests, 3);
      } finally {
        await transport.close();
      }
    });

    test('no second try where the server took the request and dropped it later: that is its failure', async () => {
      let requests = 0;
      const raw = createTcp((socket) => {
        let first = true;
        socket.on('data', () => {
          requests++;
          if (first) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          else setTimeout(() => socket.destroy(), 1500);
          first = false;
        });
      });
      await using site = await listening(raw);
      const transport = await createTransport({ ...options(site.origin, { connections: 1 }), kind });
      try {
        assert.equal((await fetchRaw(transport, get)).error, null);
        assert.equal((await fetchRaw(transport, get)).error?.kind, 'reset');
        assert.equal(requests, 2);
      } finally {
        await transport.close();
      }
    });

    test('no second try on a fresh connection, nor after a byte of the answer', async () => {
      let requests = 0;
      const raw = createTcp((socket) => {
        let first = true;
        socket.on('data', (bytes) => {
          requests++;
          if (bytes.includes('/fresh')) socket.destroy();
          else if (first) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          else {
            socket.write('HTTP');
            setTimeout(() => socket.destroy(), 20);
          }
          first = false;
        });
      });
      await using site = await listening(raw);
      const transport = await createTransport({ ...options(site.origin, { connections: 1 }), kind });
      try {
        assert.equal((await fetchRaw(transport, { ...get, path: '/fresh' })).error?.kind, 'reset');
        assert.equal(requests, 1);
        assert.equal((await fetchRaw(transport, get)).error, null);
        assert.equal((await fetchRaw(transport, get)).error?.kind, 'reset');
        assert.equal(requests, 3);
      } finally {
        await transport.close();
      }
    });

    test('abort at any time: told once, under the kind given, and the next request is served', async () => {
      const slow = createTcp((socket) => {
        socket.on('data', (bytes) => {
          if (bytes.includes('/quick')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          else if (bytes.includes('/headers')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
          else if (bytes.includes('/body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
        });
      });
      await using site = await listening(slow);
      const transport = await createTransport({ ...options(site.origin, { connections: 1 }), kind });
      const quick = { ...get, path: '/quick' };
      const aborted = async (path: string, when: string | null) => {
        const recorder = new Recorder();
        const abort = transport.send({ ...get, path }, recorder);
        // While it waits for the only connection, behind the one that is aborted.
        const behind = new Recorder();
        const abortBehind = transport.send(get, behind);
        const next = fetchRaw(transport, quick);
        if (when !== null) await until(when, () => recorder.events.includes(when));
        abortBehind('timeout_total', 'gave up behind');
        abort('timeout_idle', 'gave up');
        abort('cancelled', 'again');
        assert.deepEqual(recorder.error, { kind: 'timeout_idle', message: 'gave up' });
        assert.equal(recorder.events.at(-1), 'error');
        const heard = recorder.events.length;
        assert.deepEqual(behind.events, ['error']);
        assert.equal(behind.error?.kind, 'timeout_total');
        const answer = await next;
        assert.equal(answer.error, null, answer.error?.message);
        assert.equal(answer.body.toString(), 'ok');
        assert.equal(recorder.events.length, heard, 'nothing more is heard');
      };
      try {
        await aborted('/none', null);
        await aborted('/none', 'sent');
        await aborted('/headers', 'headers');
        await aborted('/body', 'data');
        // After the end an abort does nothing.
        const done = new Recorder();
        const abort = transport.send(quick, done);
        await done.done;
        abort('cancelled', 'too late');
        assert.equal(done.error, null);
        assert.equal((await fetchRaw(transport, quick)).error, null);
      } finally {
        await transport.close();
      }
    });

    for (const when of ['onConnected', 'onSent', 'onHeaders', 'onData'] as const) {
      test(`abort from within ${when}`, async () => {
        await using site = await httpServer((_, response) => response.end('x'.repeat(100)));
        const transport = await createTransport({ ...options(site.origin, { connections: 1 }), kind });
        try {
          const recorder = new Recorder();
          const heard = recorder[when].bind(recorder) as (...args: unknown[]) => void;
          let abort: (kind: 'cancelled', message: string) => void = () => assert.fail('called before send returned');
          recorder[when] = (...args: unknown[]) => {
            heard(...args);
            abort('cancelled', 'enough');
          };
          abort = transport.send(get, recorder);
          await recorder.done;
          await sleep(20);
          const expected = ['connected', 'sent', 'headers', 'data'].slice(0, ['onConnected', 'onSent', 'onHeaders', 'onData'].indexOf(when) + 1);
          assert.deepEqual(recorder.events, [...expected, 'error']);
          assert.equal((await fetchRaw(transport, get)).body.length, 100);
        } finally {
          await transport.close();
        }
      });
    }

    test('a body that is not wanted any more ends its request, not the next', async () => {
      await using site = await httpServer((_, response) => response.end('x'.repeat(100_000)));
      const transport = await createTransport({ ...options(site.origin, { connections: 1 }), kind });
      try {
        const recorder = new Recorder();
        let reads = 0;
        const unwilling = Object.assign(recorder, { reader: { data: () => ++reads < 1 } });
        transport.send(get, unwilling);
        assert.equal((await recorder.done).error?.kind, 'too_large');
        assert.equal(reads, 1);
        assert.equal((await fetchRaw(transport, get)).body.length, 100_000);
      } finally {
        await transport.close();
      }
    });

    test('close ends what is under way and what waits', async () => {
      await using site = await httpServer(() => {});
      const transport = await createTransport({ ...options(site.origin, { connections: 2 }), kind });
      const recorders = Array.from({ length: 5 }, () => new Recorder());
      for (const recorder of recorders) transport.send(get, recorder);
      await until('two are sent', () => recorders.filter(({ events }) => events.includes('sent')).length === 2);
      await transport.close();
      for (const recorder of recorders) assert.equal(recorder.error?.kind, 'cancelled');
      assert.equal((await fetchRaw(transport, get)).error?.kind, 'cancelled');
    });

    test('a server that never takes the connection: timeout_connect', async (context) => {
      await using site = await deafServer();
      if (site === null) {
        context.skip('this system completes handshakes even when the backlog is full');
        return;
      }
      const transport = await createTransport({ ...options(site.origin, { connectTimeoutMs: 300 }), kind });
      try {
        const answer = await fetchRaw(transport, get);
        assert.equal(answer.error?.kind, 'timeout_connect', answer.error?.message);
        const report = await transport.warm(1);
        assert.equal(report.error?.kind, 'timeout_connect');
      } finally {
        await transport.close();
      }
    });

    test('many streams at once, each its own', async () => {
      await using site = await httpServer((request, response) => {
        let left = 20;
        const timer = setInterval(() => {
          response.write(`${request.url} `);
          if (--left > 0) return;
          clearInterval(timer);
          response.end();
        }, 1);
      });
      const transport = await createTransport({ ...options(site.origin, { connections: 200 }), kind });
      try {
        const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => fetchRaw(transport, { ...get, path: `/${i}` })));
        for (const [i, answer] of answers.entries()) assert.equal(answer.body.toString(), `/${i} `.repeat(20));
      } finally {
        await transport.close();
      }
    });
  });
}
