import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExitCode, UserError } from '../config/errors.ts';
import { Engine, type Lateness } from './engine.ts';
import { createFaultPicker } from './faults.ts';
import type { FinishReason } from './metrics.ts';
import { type MockOptions, resolveMockOptions } from './options.ts';
import { createRandom } from './random.ts';
import { RetrievalIndexes } from './retrieval/indexes.ts';
import { createHandler } from './routes.ts';

/** Answers under way when the engine is closed may take so long to finish before they are cut. */
const closeGraceMs = 250;

export interface MockStats {
  /** Requests for an answer, refused ones included. */
  requests: number;
  running: number;
  waiting: number;
  /** Share of the KV cache in use, 0 to 1. */
  kvCacheUsage: number;
  promptTokens: number;
  generationTokens: number;
  prefixQueries: number;
  prefixHits: number;
  finished: Readonly<Record<FinishReason, number>>;
  /** How late tokens were written; null before the first. */
  latenessMs: Lateness | null;
}

/** A running engine. */
export interface MockServer {
  port: number;
  /** `http://HOST:PORT`, to be reached from this machine; no slash at the end. */
  url: string;
  /** Resolves when its indexes of vectors can be searched, at once where it has none; rejects when one cannot be built. */
  loaded: Promise<void>;
  stats(): MockStats;
  /** Stops listening, lets answers under way finish for a quarter of a second, cuts what is left. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the embedded engine in this process; resolves when it listens.
 * @param effects log: takes one line at a time; nothing is logged unless given. now: the clock in ms, monotonic.
 * @throws ConfigError for bad options (all of them), UserError when the port cannot be had.
 */
export async function startMock(
  values: Partial<MockOptions> = {},
  effects: { log?: (line: string) => void; now?: () => number } = {},
): Promise<MockServer> {
  const options = resolveMockOptions(values);
  const log = effects.log ?? (() => undefined);
  const now = effects.now ?? (() => performance.now());
  const engine = new Engine(options, now);
  const readyAtMs = now() + options.startDelayMs;
  const { retrieval: retrieves, retrievalEntries: sizes, dimension, retrievalSeed } = options;
  const retrieval = retrieves ? new RetrievalIndexes({ sizes, dimension, seed: retrievalSeed, cwd: process.cwd() }) : null;
  let requests = 0;
  const handle = createHandler({
    options,
    engine,
    retrieval,
    ready: () => now() >= readyAtMs && retrieval?.ready !== false,
    pickFault: createFaultPicker(options.faults, createRandom(options.seed + 1)),
    epochSeconds: () => Math.floor(Date.now() / 1000),
    onRequest: (number) => {
      requests = number;
      if (options.logEvery > 0 && number % options.logEvery === 0) {
        const { running, waiting, kvCacheUsage } = engine.gauges;
        const { generationTokens } = engine.metrics;
        log(
          `llm-bench mock: ${number} requests, ${generationTokens} tokens, ${running} running, ${waiting} waiting, KV cache ${Math.round(kvCacheUsage * 100)}%`,
        );
      }
    },
  });
  // A client may keep a connection idle for as long as it likes: closing it on our own would look like a reset.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 60_000, noDelay: true }, (request, response) => {
    void handle(request, response);
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const url = `http://${reachable(options.host)}:${port}`;
  log(`llm-bench mock: listening on ${url}`);
  // Meanwhile it answers that it is loading.
  const loading = retrieval?.load(process.env, (line) => log(`llm-bench mock: ${line}`)) ?? Promise.resolve();
  // Who does not ask whether it is loaded is told by its answers.
  loading.catch(() => undefined);
  const delay = options.startDelayMs > 0 ? setTimeout(() => log('llm-bench mock: ready'), options.startDelayMs) : undefined;

  let closed: Promise<void> | null = null;
  return {
    port,
    url,
    loaded: loading,
    stats: () => ({
      requests,
      ...engine.gauges,
      promptTokens: engine.metrics.promptTokens,
      generationTokens: engine.metrics.generationTokens,
      finished: { ...engine.metrics.finished },
      latenessMs: engine.lateness,
    }),
    close: () => {
      clearTimeout(delay);
      retrieval?.close();
      closed ??= stop(server).finally(() => engine.close());
      return closed;
    },
  };
}

function listen(server: Server, options: MockOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'something else listens there' : error.message;
      reject(
        new UserError(`The embedded engine cannot listen on ${options.host}:${options.port}: ${why}.`, {
          exitCode: ExitCode.service,
          hint: 'Take another port, or --port 0 for a free one.',
          cause: error,
        }),
      );
    });
    server.listen(options.port, options.host, 1024, () => resolve());
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), closeGraceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** An address that a client on this machine can use. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
