import { createServer, type Server, type Socket } from 'node:net';
import { ExitCode, UserError } from '../config/errors.ts';
import { parseBody } from './known-request.ts';
import { KnownStream } from './known-stream.ts';
import { Stamps, type Truth } from './known-truth.ts';
import { jsonResponse, plainResponse, streamHead } from './known-wire.ts';
import { PacedStreams } from './paced-streams.ts';
import { createRandom, type Random } from './random.ts';
import { type ReadRequest, RequestReader } from './request-reader.ts';
import { UnpacedStreams } from './unpaced-streams.ts';

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

class KnownSchedule implements KnownScheduleServer {
  port = 0;
  url = '';
  private readonly options: KnownScheduleOptions;
  private readonly stamps = new Stamps();
  private readonly paced = new PacedStreams((stream) => this.vary(this.options.tokenMs, stream.random));
  private readonly unpaced = new UnpacedStreams();
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
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
    this.paced.close();
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
    const { tokens: most, firstTokenMs, jitter, seed } = this.options;
    const number = this.requestNumber++;
    const random = jitter > 0 ? createRandom(seed * 1_000_003 + number) : null;
    const tokens = Math.max(1, Math.min(most, asked.maxTokens ?? most));
    const stream = new KnownStream(socket, this.stamps, asked, tokens, request.keepAlive, readMs, random);
    if (asked.streamed) socket.write(streamHead);
    if (unpaced) {
      this.unpaced.add(stream);
      return;
    }
    stream.dueMs = readMs + this.vary(firstTokenMs, random);
    this.paced.add(stream, readMs);
  }

  private vary(ms: number, random: Random | null): number {
    return random === null ? ms : ms * (1 + this.options.jitter * (2 * random() - 1));
  }
}
