/**
 * What this client's own work costs: CPU microseconds per token and per plain POST, for both transports and for a bare socket that only reads, against one
 * server process on another core.
 *
 *     node bench/protocol.ts [rounds] [seconds]
 *
 * The roles run as processes of their own (`node bench/protocol.ts role ...`), pinned by taskset where it is there.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { connect, createServer, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { createTransport, type TransportKind } from '../src/protocol/connect.ts';
import { plainHttp } from '../src/protocol/http.ts';
import { openAiChat } from '../src/protocol/openai-chat.ts';
import type { Protocol, RequestSpec } from '../src/protocol/protocol.ts';
import type { ResponseSink, Transport } from '../src/protocol/transport.ts';

const streams = 64;
const tokensPerStream = 200;
const tokenEveryMs = 5;
const posters = 8;
const clients = ['bare', 'socket', 'undici'] as const;
type ClientName = (typeof clients)[number];
const loads = ['tokens', 'posts'] as const;
type Load = (typeof loads)[number];

interface Measured {
  cpuUs: number;
  count: number;
  seconds: number;
}

const token = (text: string) =>
  Buffer.from(
    chunked(
      `data: {"id":"chatcmpl-8f1f6a3e6a2b4f6f9b0d","object":"chat.completion.chunk","created":1764000000,"model":"my-model","choices":[{"index":0,"delta":{"content":"${text}"},"logprobs":null,"finish_reason":null}]}\n\n`,
    ),
  );
const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

function serve(): void {
  const words = [' the', ' of', ',', ' model', ' serving', '\\n', ' caf\u00e9', ' "quoted"'.replaceAll('"', '\\"')].map(token);
  const head = Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nDate: Mon, 23 Nov 2026 07:00:00 GMT\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const tail = Buffer.from(
    chunked('data: {"id":"c","model":"my-model","choices":[{"index":0,"delta":{},"finish_reason":"length"}]}\n\n') +
      chunked('data: [DONE]\n\n') +
      '0\r\n\r\n',
  );
  const json = '{"id":"cmpl-1","object":"text_completion","choices":[{"index":0,"text":"hello","finish_reason":"stop"}]}';
  const plain = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 23 Nov 2026 07:00:00 GMT\r\nConnection: keep-alive\r\nContent-Length: ${json.length}\r\n\r\n${json}`,
  );
  const stream = (socket: Socket) => {
    socket.write(head);
    let sent = 0;
    const timer = setInterval(() => {
      socket.write(words[sent % words.length]!);
      if (++sent < tokensPerStream && !socket.destroyed) return;
      clearInterval(timer);
      socket.write(tail);
    }, tokenEveryMs);
  };
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      // The clients of this file send a whole request in one write.
      if (bytes.includes('/plain')) socket.write(plain);
      else stream(socket);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
  });
}

const spec: RequestSpec = {
  messages: [{ role: 'user', content: 'Write a short story about a lighthouse.' }],
  model: 'my-model',
  stream: true,
  maxTokens: tokensPerStream,
  minTokens: null,
  ignoreEos: false,
  temperature: null,
  extraBody: {},
  method: 'POST',
  path: '/plain',
  body: Buffer.from('{"prompt":"hello","max_tokens":16}'),
};

async function client(name: ClientName, load: Load, port: number, seconds: number): Promise<void> {
  let count = 0;
  if (name === 'bare') bare(load, port, () => count++);
  else await ours(name, load, port, () => count++);
  await sleep(1500);
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  const before = count;
  await sleep(seconds * 1000);
  const used = process.cpuUsage(cpu);
  const measured: Measured = { cpuUs: used.user + used.system, count: count - before, seconds: (performance.now() - startMs) / 1000 };
  process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0));
}

async function ours(kind: TransportKind, load: Load, port: number, counted: () => void): Promise<void> {
  const parallel = load === 'tokens' ? streams : posters;
  const transport = await createTransport({
    kind,
    origin: `http://127.0.0.1:${port}`,
    connections: parallel,
    freshConnections: false,
    connectTimeoutMs: 5000,
    maxHeaderBytes: 16_384,
  });
  const headers = ['content-type', 'application/json', 'authorization', 'Bearer none'];
  for (let i = 0; i < parallel; i++) loop(transport, load === 'tokens' ? openAiChat : plainHttp, load, headers, counted);
}

/** One user: the next request when the last is answered. */
function loop(transport: Transport, protocol: Protocol, load: Load, headers: readonly string[], counted: () => void): void {
  const reader = protocol.createReader();
  const context = { basePath: '', headers, includeUsage: false, continuousUsage: false };
  const perToken = load === 'tokens' ? { output: counted } : null;
  const next = () => {
    reader.begin(perToken, false);
    transport.send(protocol.encode(spec, context), sink);
  };
  const sink: ResponseSink = {
    onConnected() {},
    onSent() {},
    onResent() {},
    onHeaders: (status, list, nowMs) => reader.headers(status, list, nowMs),
    reader,
    onEnd(nowMs) {
      const answer = reader.end(nowMs);
      if (answer.error !== null) throw new Error(`${answer.error}: ${answer.errorMessage}`);
      if (load === 'posts') counted();
      next();
    },
    onError(kind, message) {
      throw new Error(`${kind}: ${message}`);
    },
  };
  next();
}

/** The least that Node can do: read, look at the clock, see whether the answer is over. */
function bare(load: Load, port: number, counted: () => void): void {
  const body =
    load === 'tokens' ? openAiChat.encode(spec, { basePath: '', headers: [], includeUsage: false, continuousUsage: false }).body! : spec.body!;
  const head = `POST ${load === 'tokens' ? '/v1/chat/completions' : '/plain'} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: keep-alive\r\ncontent-type: application/json\r\nauthorization: Bearer none\r\ncontent-length: ${body.length}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), body]);
  const buffer = Buffer.allocUnsafeSlow(65_536);
  let lastMs = 0;
  for (let i = 0; i < (load === 'tokens' ? streams : posters); i++) {
    const socket: Socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer,
        callback(length) {
          lastMs = performance.now();
          if (load === 'posts') {
            counted();
            socket.write(request);
          } else if (length > 7 && buffer[length - 5] === 48 && buffer[length - 6] === 10 && buffer[length - 1] === 10) socket.write(request);
          else if (lastMs > 0) counted();
          return true;
        },
      },
    });
    socket.on('connect', () => socket.write(request));
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Starts a role of this file on one core. */
function start(core: number, ...args: string[]): ChildProcess {
  const node = [process.execPath, import.meta.filename, 'role', ...args];
  const pin = spawnSync('taskset', ['-V']).status === 0 && availableParallelism() > 1 ? ['taskset', '-c', String(core)] : [];
  const [command, ...rest] = [...pin, ...node];
  return spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const bytes of child.stdout!) {
    text += bytes;
    if (text.includes('\n')) break;
  }
  return text.trim();
}

async function compare(rounds: number, seconds: number): Promise<void> {
  const server = start(1, 'serve');
  try {
    const port = await firstLine(server);
    for (const load of loads) {
      // A shared machine drifts: each round asks all three, each time in another order, and a ratio is of one round.
      const costs: Record<ClientName, number[]> = { bare: [], socket: [], undici: [] };
      let rate = 0;
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < clients.length; i++) {
          const name = clients[(i + round) % clients.length]!;
          const measured = JSON.parse(await firstLine(start(0, 'client', name, load, port, String(seconds)))) as Measured;
          costs[name].push(measured.cpuUs / measured.count);
          if (name === 'socket') rate = measured.count / measured.seconds;
        }
      }
      const what =
        load === 'tokens' ? `token, ${streams} streams, one every ${tokenEveryMs} ms (${Math.round(rate)}/s)` : `plain POST, ${posters} connections`;
      process.stdout.write(`CPU us per ${what}; median of ${rounds} rounds\n`);
      for (const name of clients) {
        const ratio = median(costs[name].map((cost, round) => cost / costs.bare[round]!));
        const all = costs[name].map((cost) => cost.toFixed(1)).join(' ');
        process.stdout.write(`  ${name.padEnd(8)} ${median(costs[name]).toFixed(1).padStart(6)}  ${ratio.toFixed(2)} x bare   (${all})\n`);
      }
    }
  } finally {
    server.kill();
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

const [first = '5', second = '3', ...rest] = process.argv.slice(2);
if (first !== 'role') await compare(Number(first), Number(second));
else if (second === 'serve') serve();
else await client(rest[0] as ClientName, rest[1] as Load, Number(rest[2]), Number(rest[3]));
