/** The least clients that Node allows, each a process of its own: `node bench/client-roles.ts NAME LOAD URL SECONDS CONNECTIONS`. Prints {p50, p99, cpu_ms} in ms. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { createAlarm, spinMs } from '../src/load/alarm.ts';

const [name = '', load = '', url = '', seconds = '5', connections = '64'] = process.argv.slice(2);
const parallel = Number(connections);
const { host, hostname, port } = new URL(url);
const plain = load !== 'tokens';
const path = plain ? '/plain' : '/v1/chat/completions';
const body = plain
  ? '{"prompt":"hello","max_tokens":16}'
  : '{"model":"known-schedule","messages":[{"role":"user","content":"Write a short story about a lighthouse."}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":200}';
const ttfts: number[] = [];

const request = Buffer.from(
  `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\ncontent-type: application/json\r\naccept: text/event-stream\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);

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
          // The head and the role chunk come at once, in one read; tokens come later.
          if (first && nowMs - sentMs > 5) {
            first = false;
            ttfts.push(nowMs - sentMs);
          }
          const ended = plain || (length > 7 && buffer[length - 5] === 48 && buffer[length - 6] === 10 && buffer[length - 1] === 10);
          if (ended) send();
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
    ttfts.push(performance.now() - dueMs);
  }
}

/** Plain POSTs at `connections` due times per second over bare sockets: what a client that keeps such a schedule cannot do without. What it did in its first seconds is forgotten. */
async function paced(settleSeconds: number): Promise<number> {
  const sockets = 256;
  const buffer = Buffer.allocUnsafeSlow(65_536);
  const free: Socket[] = [];
  for (let i = 0; i < sockets; i++) {
    const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: { buffer, callback: () => free.push(socket) > 0 } });
    socket.once('connect', () => free.push(socket));
  }
  const alarm = createAlarm(new URL('../src/entry.ts', import.meta.url));
  await alarm.ready;
  const startMs = performance.now() + 100;
  const dueMs = (index: number) => startMs + (index * 1000) / parallel;
  let [next, told] = [0, 0];
  const lookAhead = () => {
    while (alarm.add(dueMs(told))) told++;
  };
  alarm.onDue = () => {
    const lateMs = performance.now() - dueMs(next);
    if (lateMs < -spinMs) return;
    alarm.woke(lateMs);
    while (performance.now() < dueMs(next));
    lookAhead();
    for (; dueMs(next) <= performance.now(); next++) {
      const socket = free.shift();
      socket?.write(request);
      ttfts.push(socket === undefined ? Number.POSITIVE_INFINITY : performance.now() - dueMs(next));
      lookAhead();
    }
  };
  lookAhead();
  await sleep(settleSeconds * 1000);
  ttfts.length = 0;
  const before = cpuMs();
  await sleep(Number(seconds) * 1000);
  return cpuMs() - before;
}

/** Prints what was measured, and the CPU that this process used for it, and ends. */
function report(cpuMs: number): void {
  const sorted = Float64Array.from(ttfts).sort();
  const at = (share: number) => (sorted.length === 0 ? null : (sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? null));
  process.stdout.write(`${JSON.stringify({ p50: at(0.5), p99: at(0.99), cpu_ms: cpuMs })}\n`, () => process.exit(0));
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const startedMs = cpuMs();
if (name === 'pacer') {
  pacer();
  report(cpuMs() - startedMs);
} else if (load === 'paced') report(await paced(6));
else {
  if (name === 'bare') bare();
  else dispatch();
  setTimeout(() => report(cpuMs() - startedMs), Number(seconds) * 1000);
}
