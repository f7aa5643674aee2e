import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import type { Verdict } from '../../src/verdict/verdict.ts';
import { told, Workspace } from './harness.ts';

/** `llm-bench ab` where the client could not send what its schedule asked for. */

/** Requests that are in flight at most where nothing is said of it. */
const mostInFlight = 10_000;
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Answers nothing until the client has everything in flight that it may; from then on at once. What is dropped depends on no time then. */
async function withholding(): Promise<AsyncDisposable & { url: string }> {
  const sockets = new Set<Socket>();
  const held: Socket[] = [];
  let full = false;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    // A request without a body comes in one piece.
    socket.on('data', (request) => {
      if (full || !request.toString('latin1').startsWith('GET /held')) socket.write(answer);
      else if (held.push(socket) === mostInFlight) {
        full = true;
        for (const one of held) one.write(answer);
      }
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

test('arrivals that the client dropped without being asked to: exit 3, no other verdict, and what to change, though only the baseline lost some', async () => {
  await using workspace = await Workspace.open();
  await using server = await withholding();
  // All arrivals are due within some ten milliseconds, which no thread can send; the first round is the baseline's.
  const load = `{ executor: constant_rate, rate: 1000000, requests: ${mostInFlight + 1000} }`;
  await writeFile(workspace.file('llm-bench.yaml'), `scenario: { name: plain, request: { api: http, path: /held }, load: ${load}, warmup: 0 }\n`);
  const sides = ['--baseline-url', server.url, '--head-url', server.url];
  const finished = await workspace.start(['ab', '--no-selftest', ...sides, '--budget', '1ms', '--workers', '1', '-o', 'out.json']).done;
  assert.equal(finished.code, 3, told(finished));
  // A fast machine finds other faults of the client beside this one, of which the first is told first.
  assert.match(finished.stdout, /^⛔ llm-bench: the measurement is not valid: round \d+: .+/m, told(finished));
  assert.match(finished.stdout, /^Not valid: dropped_arrivals: .*lower the rate, or set max_in_flight/m, told(finished));
  const verdict = JSON.parse(await readFile(workspace.file('out.verdict.json'), 'utf8')) as Verdict;
  assert.equal(verdict.verdict, 'invalid', told(finished));
  const dropped = verdict.invalid_because?.find(({ side, check }) => side === 'baseline' && check === 'dropped_arrivals');
  assert.match(dropped?.detail ?? '', /lower the rate, or set max_in_flight/, told(finished));
  const { validity, runs } = await workspace.result('out.base.json');
  assert.equal(validity.valid, false);
  assert.ok(runs.length > 1, told(finished));
  assert.match(await readFile(workspace.file('out.md'), 'utf8'), /Lower the concurrency or the rate/);
});
