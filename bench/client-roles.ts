/** The least clients that Node allows, each a process of its own: `node bench/client-roles.ts NAME LOAD URL SECONDS CONNECTIONS`. Prints {ttft, late, cpu_ms} in ms. */

import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { createAlarm } from '../src/load/alarm.ts';

const [name = '', load = '', url = '', seconds = '5', connections = '64'] = process.argv.slice(2);
const parallel = Number(connections);
const { host, hostname, port } = new URL(url);
const plain = load === 'posts' || load === 'constant';
const path = plain ? '/plain' : '/v1/chat/completions';
const body = plain
  ? '{"prompt":"hello","max_tokens":16}'
  : '{"model":"known-schedule","messages":[{"role":"user","content":"Write a short story about a lighthouse."}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":MAX}'.replace(
      'MAX',
      load === 'poisson' ? '100' : '200',
    );
const ttfts: number[] = [];
const lates: number[] = [];
/** The head and the role chunk come at once, in one read; tokens come later than this, ms. */
const notYetTokenMs = 5;

const request = Buffer.from(
  `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\ncontent-type: application/json\r\naccept: text/event-stream\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);

/** The last chunk of a chunked body is empty. */
function endsChunked(buffer: Buffer, length: number): boolean {
  return length > 7 && buffer[length - 5] === 48 && buffer[length - 6] === 10 && buffer[length - 1] === 10;
}

/** Reads, looks at the clock, sees whether the answer is over: what a client cannot do without. */
function bare(): void {
  const buffer = Buffer.allocUnsafeSlow(65_536);
  for (let i = 0; i < parallel; i++) {
    let sentMs = 0;
    let first = true;
    const send = () => {
      sentMs = performance.now();
      first = true;
      socket.write(request);
    };
    const socket: Socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer,
        callback(length) {
          const nowMs = performance.now();
          if (first && nowMs - sentMs > notYetTokenMs) {
            first = false;
            ttfts.push(nowMs - sentMs);
          }
          if (plain || endsChunked(buffer, length)) send();
          return true;
        },
      },
    });
    socket.on('connect', send);
  }
}

/** undici's dispatch with a scan for the ends of events, nothing parsed. */
function dispatch(): void {
  const pool = new Pool(url, { connections: parallel, pipelining: 1 });
  const headers = ['content-type', 'application/json', 'accept', 'text/event-stream'];
  const send = () => {
    const sentMs = performance.now();
    let events = 0;
    pool.dispatch(
      { path, method: 'POST', headers, body },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData(_controller, chunk) {
          const nowMs = performance.now();
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1))
            if (chunk[at + 1] === 10 && ++events === 2) ttfts.push(nowMs - sentMs);
        },
        onResponseEnd: send,
        onResponseError(_controller, error) {
          throw error;
        },
      },
    );
  };
  for (let i = 0; i < parallel; i++) send();
}

/** Sleeps until each of `connections` due times per second, and does nothing then: what of lateness and CPU is the machine's. */
function pacer(): void {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const startMs = performance.now();
  for (let due = 1; due < parallel * Number(seconds); due++) {
    const dueMs = startMs + (due * 1000) / parallel;
    for (let leftMs = dueMs - performance.now(); leftMs > 0; leftMs = dueMs - performance.now()) Atomics.wait(word, 0, 0, leftMs);
    lates.push(performance.now() - dueMs);
  }
}

/** A schedule of `connections` arrivals per second over bare sockets: what a client that keeps one cannot do without. What it did in its first seconds is forgotten. */
async function scheduled(settleSeconds: number): Promise<number> {
  const count = Math.ceil(parallel * (settleSeconds + Number(seconds)));
  const gap = load === 'poisson' ? () => -Math.log(1 - Math.random()) : () => 1;
  const dues = new Float64Array(count);
  for (let i = 1; i < count; i++) dues[i] = (dues[i - 1] as number) + (gap() * 1000) / parallel;
  const free: (() => void)[] = [];
  const buffer = Buffer.allocUnsafeSlow(65_536);
  let [next, told] = [0, 0];
  for (let i = 0; i < 256; i++) {
    let dueMs: number | null = null;
    const callback = (length: number) => {
      const nowMs = performance.now();
      if (dueMs !== null && nowMs - dueMs > notYetTokenMs) {
        ttfts.push(nowMs - dueMs);
        dueMs = null;
      }
      if (plain || endsChunked(buffer, length)) free.push(send);
      return true;
    };
    const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: { buffer, callback } });
    const send = () => {
      dueMs = plain ? null : startMs + (dues[next] as number);
      socket.write(request);
    };
    socket.once('connect', () => free.push(send));
  }
  const alarm = createAlarm(new URL('../src/entry.ts', import.meta.url));
  await alarm.ready;
  await sleep(200);
  const startMs = performance.now() + 100;
  const lookAhead = () => {
    while (told < count && alarm.add(startMs + (dues[told] as number))) told++;
  };
  alarm.onDue = () => {
    for (lookAhead(); next < count; next++) {
      const dueMs = startMs + (dues[next] as number);
      if (told - next > alarm.pending()) {
        alarm.woke(performance.now() - dueMs);
        while (performance.now() < dueMs);
      }
      if (performance.now() < dueMs) break;
      // Oldest first: one whose answer has just come may be read from yet. Where none is free the next ring finds it late.
      const send = free.shift();
      if (send === undefined) break;
      lates.push(performance.now() - startMs - (dues[next] as number));
      send();
      lookAhead();
    }
  };
  lookAhead();
  await sleep(settleSeconds * 1000);
  ttfts.length = lates.length = 0;
  const before = cpuMs();
  await sleep(Number(seconds) * 1000);
  return cpuMs() - before;
}

/** Prints what was measured, and the CPU that this process used for it, and ends. */
function report(cpuMs: number): void {
  const line = JSON.stringify({ ttft: percentiles(ttfts), late: percentiles(lates), cpu_ms: cpuMs });
  process.stdout.write(`${line}\n`, () => process.exit(0));
}

function percentiles(values: readonly number[]): { p50: number | null; p99: number | null } {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => (sorted.length === 0 ? null : (sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? null));
  return { p50: at(0.5), p99: at(0.99) };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const startedMs = cpuMs();
if (name === 'pacer') {
  pacer();
  report(cpuMs() - startedMs);
} else if (load === 'constant' || load === 'poisson') report(await scheduled(6));
else {
  if (name === 'bare') bare();
  else dispatch();
  setTimeout(() => report(cpuMs() - startedMs), Number(seconds) * 1000);
}
