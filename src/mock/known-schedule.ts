import { createServer, type Server, type Socket } from 'node:net';
import { ExitCode, UserError } from '../config/errors.ts';
import { createAlarm } from './alarm.ts';
import { DueHeap } from './due-heap.ts';
import { Stamps, type Truth } from './known-truth.ts';
import { jsonResponse, plainResponse, streamHead, streamTail, tokenChunks, wholeAnswer } from './known-wire.ts';
import { createRandom, type Random } from './random.ts';
import { type ReadRequest, RequestReader } from './request-reader.ts';

/** Two rings of the alarm are at least this far apart: what falls due between them is written together, and stamped as it was. Bounds what keeping time costs. */
const ringSpacingMs = 0.4;
/** Tokens due within this are written at the same ring; sooner than an alarm could be set for them. */
const togetherMs = 0.03;

export interface KnownScheduleOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** From reading a request to writing its first token. */
  firstTokenMs: number;
  /** Between two tokens of a stream. */
  tokenMs: number;
  /** Of one answer; fewer where `max_tokens` asks for fewer. */
  tokens: number;
  /** Share by which each time varies at random, both ways: 0.2 makes 50 ms any time from 40 to 60. */
  jitter: number;
  /** Same seed, same schedule: the times of the n-th request are always the same. */
  seed: number;
}

export const knownScheduleDefaults: KnownScheduleOptions = {
  host: '127.0.0.1',
  port: 0,
  firstTokenMs: 50,
  tokenMs: 5,
  tokens: 200,
  jitter: 0,
  seed: 42,
};

/** A running server of known timings. */
export interface KnownScheduleServer {
  port: number;
  /** `http://HOST:PORT` */
  url: string;
  truth(): Truth;
  reset(): void;
  close(): Promise<void>;
}

/**
 * A server whose timings are known, to hold clients against: it streams OpenAI chat chunks by a schedule, one write for each token, and stamps what it really did.
 *
 *     POST .../chat/completions           by the schedule; a role chunk goes out at once and is no token
 *     POST /unpaced/.../chat/completions  the same tokens as fast as the client reads them
 *     POST /plain                         a short JSON body at once
 *     GET  /truth                         what was done since the last reset: {ttft_ms, itl_ms, requests, tokens}; POST /truth/reset
 *     GET  /health, /v1/models
 *
 * @throws UserError when the port cannot be had (exit code 4)
 */
export async function startKnownSchedule(values: Partial<KnownScheduleOptions> = {}): Promise<KnownScheduleServer> {
  const schedule = new KnownSchedule({ ...knownScheduleDefaults, ...values });
  await schedule.listen();
  return schedule;
}

/** An answer under way. */
interface Stream {
  socket: Socket;
  readMs: number;
  /** When the next token is due. */
  dueMs: number;
  lastMs: number;
  sent: number;
  tokens: number;
  promptTokens: number;
  withUsage: boolean;
  streamed: boolean;
  keepAlive: boolean;
  random: Random | null;
  generation: number;
}

class KnownSchedule implements KnownScheduleServer {
  port = 0;
  url = '';
  private readonly options: KnownScheduleOptions;
  private readonly stamps = new Stamps();
  private readonly paced = new DueHeap<Stream>();
  private readonly alarm = createAlarm(() => this.writeDue());
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  /** Streams of the unpaced path whose client keeps up. */
  private eager: Stream[] = [];
  private eagerScheduled = false;
  private lastRingMs = 0;
  private requestNumber = 0;

  constructor(options: KnownScheduleOptions) {
    this.options = options;
    this.server = createServer({ noDelay: true }, (socket) => this.serve(socket));
  }

  listen(): Promise<void> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      this.server.once('error', (error) =>
        reject(
          new UserError(`The server of known timings cannot listen on ${host}:${port}: ${error.message}.`, {
            exitCode: ExitCode.service,
            cause: error,
          }),
        ),
      );
      this.server.listen({ host, port, backlog: 16_384 }, () => {
        const address = this.server.address();
        this.port = typeof address === 'object' && address !== null ? address.port : port;
        this.url = `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
        resolve();
      });
    });
  }

  truth(): Truth {
    return this.stamps.truth();
  }

  reset(): void {
    this.stamps.reset();
  }

  async close(): Promise<void> {
    this.alarm.close();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    const reader = new RequestReader(
      (request) => this.answer(socket, request),
      () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
    );
    socket
      .on('data', (chunk) => {
        const refused = reader.push(chunk);
        if (refused !== null) socket.end(jsonResponse(refused, '{"error":{"message":"this server cannot read the request"}}'));
      })
      .on('error', () => socket.destroy())
      .on('close', () => this.sockets.delete(socket));
  }

  private answer(socket: Socket, request: ReadRequest): void {
    const { path, method } = request;
    if (path === '/plain') {
      this.stamps.requests++;
      socket.write(plainResponse);
      if (!request.keepAlive) socket.end();
    } else if (path.endsWith('/chat/completions')) this.open(socket, request, path.startsWith('/unpaced/'));
    else {
      const json = this.page(method, path);
      socket.write(json === null ? jsonResponse(404, '{"error":{"message":"no such path"}}') : jsonResponse(200, json));
      if (!request.keepAlive) socket.end();
    }
  }

  private page(method: string, path: string): string | null {
    if (path === '/truth/reset' && method === 'POST') this.reset();
    if (path === '/truth' || path === '/truth/reset') return JSON.stringify(this.truth());
    if (path === '/health' || path === '/') return '{"status":"ok"}';
    if (path.endsWith('/models')) return '{"object":"list","data":[{"id":"known-schedule","object":"model","owned_by":"llm-bench"}]}';
    return null;
  }

  private open(socket: Socket, request: ReadRequest, unpaced: boolean): void {
    const readMs = performance.now();
    const asked = parseBody(request.body);
    if (asked === null) {
      socket.end(jsonResponse(400, '{"error":{"message":"the body is not a JSON object"}}'));
      return;
    }
    const { tokens, firstTokenMs, jitter, seed } = this.options;
    const number = this.requestNumber++;
    const random = jitter > 0 ? createRandom(seed * 1_000_003 + number) : null;
    const stream: Stream = {
      socket,
      readMs,
      dueMs: 0,
      lastMs: 0,
      sent: 0,
      tokens: Math.max(1, Math.min(tokens, asked.maxTokens ?? tokens)),
      promptTokens: asked.promptTokens,
      withUsage: asked.withUsage,
      streamed: asked.streamed,
      keepAlive: request.keepAlive,
      random,
      generation: this.stamps.generation,
    };
    if (stream.streamed) socket.write(streamHead);
    if (unpaced) {
      this.eager.push(stream);
      this.scheduleEager();
      return;
    }
    stream.dueMs = readMs + this.vary(firstTokenMs, random);
    this.paced.add(stream);
    if (this.paced.first() === stream) this.setAlarm(readMs);
  }

  private vary(ms: number, random: Random | null): number {
    return random === null ? ms : ms * (1 + this.options.jitter * (2 * random() - 1));
  }

  private setAlarm(nowMs: number): void {
    const first = this.paced.first();
    if (first === undefined) this.alarm.clear();
    else this.alarm.set(Math.max(first.dueMs, this.lastRingMs + ringSpacingMs) - nowMs);
  }

  /** Writes every token that is due. */
  private writeDue(): void {
    const { paced, stamps } = this;
    let nowMs = performance.now();
    this.lastRingMs = nowMs;
    for (let first = paced.first(); first !== undefined && first.dueMs <= nowMs + togetherMs; first = paced.first()) {
      if (first.socket.destroyed) paced.shift();
      else {
        nowMs = performance.now();
        if (first.generation === stamps.generation) stamps.late(nowMs - first.dueMs);
        this.writeToken(first, nowMs);
        if (first.sent === first.tokens) {
          paced.shift();
          this.finish(first);
        } else {
          first.dueMs += this.vary(this.options.tokenMs, first.random);
          paced.firstPutOff();
        }
      }
    }
    this.setAlarm(performance.now());
  }

  private writeToken(stream: Stream, nowMs: number): boolean {
    const { stamps } = this;
    if (stream.generation === stamps.generation) {
      if (stream.streamed) {
        if (stream.sent === 0) stamps.first(nowMs - stream.readMs);
        else stamps.gap(nowMs - stream.lastMs);
      }
      stamps.tokens++;
    }
    stream.lastMs = nowMs;
    const at = stream.sent++;
    return stream.streamed ? stream.socket.write(tokenChunks[at % tokenChunks.length]!) : true;
  }

  private finish({ socket, streamed, tokens, promptTokens, withUsage, keepAlive, generation }: Stream): void {
    socket.write(streamed ? streamTail(tokens, promptTokens, withUsage) : wholeAnswer(tokens, promptTokens));
    if (generation === this.stamps.generation) this.stamps.requests++;
    if (!keepAlive) socket.end();
  }

  private scheduleEager(): void {
    if (this.eagerScheduled || this.eager.length === 0) return;
    this.eagerScheduled = true;
    setImmediate(() => {
      this.eagerScheduled = false;
      this.writeEager();
    });
  }

  /** One token for every stream whose client keeps up, in turn, so that reads stay small. */
  private writeEager(): void {
    const turn = this.eager;
    this.eager = [];
    const nowMs = performance.now();
    for (const stream of turn) {
      if (stream.socket.destroyed) continue;
      const flowing = this.writeToken(stream, nowMs);
      if (stream.sent === stream.tokens) this.finish(stream);
      else if (flowing) this.eager.push(stream);
      else
        stream.socket.once('drain', () => {
          this.eager.push(stream);
          this.scheduleEager();
        });
    }
    this.scheduleEager();
  }
}

interface Asked {
  streamed: boolean;
  withUsage: boolean;
  maxTokens: number | null;
  promptTokens: number;
}

function parseBody(body: Buffer): Asked | null {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { stream, stream_options: options, max_tokens: most, max_completion_tokens: mostCompletion } = value as Record<string, unknown>;
  const limit = mostCompletion ?? most;
  return {
    streamed: stream === true,
    withUsage: typeof options === 'object' && options !== null && (options as Record<string, unknown>)['include_usage'] === true,
    maxTokens: typeof limit === 'number' && limit >= 1 ? Math.floor(limit) : null,
    // About four characters to a token: nobody looks closely at what this server was asked.
    promptTokens: Math.max(1, Math.round(body.length / 4)),
  };
}
