import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, type Dialect } from './api-error.ts';
import type { Engine } from './engine.ts';
import { type Fault, parseFault } from './faults.ts';
import { Generation } from './generation.ts';
import { parseAnthropicRequest, parseOllamaRequest } from './native-request.ts';
import { anthropicWire, type NativeWire, ollamaWire } from './native-wires.ts';
import type { MockOptions } from './options.ts';
import { longestSequence, type Plan, planAnswer } from './plan.ts';
import {
  type GenerationRequest,
  parseBody,
  parseGenerationRequest,
  parseRegistration,
  parseServiceRequest,
  type ServiceEndpoint,
} from './request.ts';
import type { RetrievalIndexes } from './retrieval/indexes.ts';

const maxBodyBytes = 32 * 1024 * 1024;
/** Registered schemas that are kept; the oldest go first. */
const mostSchemas = 10_000;

/** What the routes stand on. */
export interface RouteContext {
  options: MockOptions;
  engine: Engine;
  /** Null: there is no index of vectors. */
  retrieval: RetrievalIndexes | null;
  /** False until the start delay is over. */
  ready: () => boolean;
  pickFault: () => Fault | null;
  /** Seconds since 1970, for `created`. */
  epochSeconds: () => number;
  /** Told of each request for an answer, with its number from 1. */
  onRequest: (number: number) => void;
}

/** One way to ask for an answer. */
interface Api {
  idPrefix: string;
  parse(body: string): GenerationRequest;
  /** Left out: OpenAI's wire. */
  native?(id: string, createdSeconds: number, plan: Plan): NativeWire;
}

type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** The request handler: every path that the engine answers. Errors are answered as the API that was asked words them; it never rejects. */
export function createHandler(context: RouteContext): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { options, engine, retrieval } = context;
  const startedSeconds = context.epochSeconds();
  let answers = 0;

  const schemas = new Map<string, unknown>();
  let registrations = 0;

  const answer = (api: Api): Route => {
    return async (request, response) => {
      answers += 1;
      const number = answers;
      context.onRequest(number);
      const fault = faultOf(request, context.pickFault());
      const body = await readBody(request);
      if (response.destroyed) return;
      if (fault && failAtOnce(fault, response, options)) return;
      const parsed = api.parse(body);
      const spoilt = fault?.name === 'invalid_json' || fault?.name === 'schema_violation' ? fault.name : null;
      const plan = planAnswer(parsed, options, fault?.name === 'slow' ? (fault.amount ?? 2) : 1, spoilt);
      const id = `${api.idPrefix}-${options.seed.toString(36)}-${number}`;
      const created = context.epochSeconds();
      new Generation(id, created, parsed, plan, response, fault, engine, options, api.native?.(id, created, plan) ?? null).start();
    };
  };
  const messages = answer({ idPrefix: 'msg', parse: parseAnthropicRequest, native: (id, _, plan) => anthropicWire(id, plan.model) });

  const service = (endpoint: ServiceEndpoint) =>
    answer({ idPrefix: endpoint, parse: (body) => parseServiceRequest(endpoint, body, (id) => schemas.get(id)) });

  const register: Route = async (request, response) => {
    const { name, schema } = parseRegistration(await readBody(request));
    registrations += 1;
    const id = `schema-${registrations}`;
    schemas.set(id, schema);
    const [oldest] = schemas.keys();
    if (schemas.size > mostSchemas && oldest !== undefined) schemas.delete(oldest);
    sendJson(response, 201, { id, name });
  };

  const routes: Record<string, Record<string, Route>> = {
    '/health': { GET: (_, response) => sendJson(response, 200, { status: 'ok' }) },
    '/metrics': {
      GET: (_, response) => {
        const text = engine.metrics.render(options.models[0]!, engine.gauges);
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'content-length': Buffer.byteLength(text) }).end(text);
      },
    },
    '/v1/models': {
      GET: (_, response) => {
        const shared = { object: 'model', created: startedSeconds, owned_by: 'llm-bench', max_model_len: longestSequence(options) };
        sendJson(response, 200, { object: 'list', data: options.models.map((id) => ({ id, ...shared })) });
      },
    },
    '/v1/chat/completions': { POST: answer({ idPrefix: 'chatcmpl', parse: (body) => parseGenerationRequest('chat', body) }) },
    '/v1/completions': { POST: answer({ idPrefix: 'cmpl', parse: (body) => parseGenerationRequest('completion', body) }) },
    '/v1/messages': {
      POST: (request, response) => {
        if (request.headers['anthropic-version'] === undefined) throw new ApiError(400, 'anthropic-version: header is required');
        return messages(request, response);
      },
    },
    '/api/chat': { POST: answer({ idPrefix: 'chat', parse: parseOllamaRequest, native: (_, created, plan) => ollamaWire(created, plan.model) }) },
    '/api/tags': {
      GET: (_, response) => {
        const modified = new Date(startedSeconds * 1000).toISOString();
        sendJson(response, 200, {
          models: options.models.map((name) => ({ name, model: name, modified_at: modified, size: 0, digest: '', details: {} })),
        });
      },
    },
    '/api/version': { GET: (_, response) => sendJson(response, 200, { version: '0.0.0-llm-bench' }) },
    ...(retrieval === null ? {} : retrievalRoutes(retrieval)),
    '/api/v1/health': { GET: (_, response) => sendJson(response, 200, { status: 'ok' }) },
    '/api/v1/models': { GET: (_, response) => sendJson(response, 200, { models: options.models }) },
    '/api/v1/structured': { POST: service('structured') },
    '/api/v1/unstructured': { POST: service('unstructured') },
    '/api/v1/conversation': { POST: service('conversation') },
    '/api/v1/schemas': { POST: register },
  };

  return async (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (options.replica !== null) response.setHeader('x-served-by', options.replica);
    try {
      const methods = routes[path];
      if (!methods) throw new ApiError(404, `There is nothing at ${path}; there is ${Object.keys(routes).join(', ')}.`, { code: 'not_found' });
      const route = methods[request.method === 'HEAD' ? 'GET' : (request.method ?? '')];
      if (!route)
        throw new ApiError(405, `${path} takes ${Object.keys(methods).join(', ')}.`, { headers: { allow: Object.keys(methods).join(', ') } });
      if (path !== '/metrics' && !context.ready())
        throw new ApiError(503, 'The model is loading.', { code: 'loading', headers: { 'retry-after': '1' } });
      if (path.includes('/v1/') && !authorized(request, options.apiKey)) {
        throw new ApiError(401, 'The API key is missing or wrong; send it as `Authorization: Bearer` or as `X-API-Key`.', {
          code: 'invalid_api_key',
        });
      }
      await route(request, response);
    } catch (error) {
      sendError(request, response, error, path === '/v1/messages' ? 'anthropic' : path === '/api/chat' ? 'ollama' : 'openai');
    }
  };
}

/** `POST /v1/search` {vector, top_k, entries, threshold} and `GET /v1/vectors?from=0&count=1000`. */
function retrievalRoutes(indexes: RetrievalIndexes): Record<string, Record<string, Route>> {
  return {
    '/v1/search': {
      POST: async (request, response) => {
        sendJson(response, 200, await indexes.search(parseBody(await readBody(request))));
      },
    },
    '/v1/vectors': {
      GET: (request, response) => {
        const text = indexes.lines(new URL(request.url ?? '/', 'http://localhost').searchParams);
        response.writeHead(200, { 'content-type': 'application/x-ndjson', 'content-length': Buffer.byteLength(text) }).end(text);
      },
    },
  };
}

function authorized(request: IncomingMessage, apiKey: string | null): boolean {
  return apiKey === null || request.headers.authorization === `Bearer ${apiKey}` || request.headers['x-api-key'] === apiKey;
}

/** The fault that the request asks for in `x-mock-fault`, else the one drawn. */
function faultOf(request: IncomingMessage, drawn: Fault | null): Fault | null {
  const header = request.headers['x-mock-fault'];
  if (header === undefined) return drawn;
  const fault = parseFault(String(header));
  if (typeof fault === 'string') throw new ApiError(400, `x-mock-fault: ${fault}.`, { param: 'x-mock-fault' });
  return fault;
}

/** Faults that come instead of an answer. @returns whether it was one of those. */
function failAtOnce(fault: Fault, response: ServerResponse, options: MockOptions): boolean {
  switch (fault.name) {
    case '400':
      throw new ApiError(400, 'This request was asked to be refused.', { code: 'mock_fault' });
    case '429':
      throw new ApiError(429, 'Too many requests; try again later.', {
        code: 'rate_limit_exceeded',
        headers: { 'retry-after': String(fault.amount ?? options.retryAfterSeconds) },
      });
    case '500':
      throw new ApiError(500, 'The engine failed on this request.', { code: 'mock_fault' });
    case 'html500':
      response.writeHead(500, { 'content-type': 'text/html' }).end('<!doctype html><html><body><h1>500 Internal Server Error</h1></body></html>\n');
      return true;
    default:
      return false;
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
}

function sendError(request: IncomingMessage, response: ServerResponse, error: unknown, dialect: Dialect): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const refusal = error instanceof ApiError ? error : new ApiError(500, `The engine has a fault of its own: ${String(error)}`);
  // A body that was not read to its end would be taken for the next request.
  const close = request.complete ? {} : { connection: 'close' };
  const body = Buffer.from(refusal.bodyIn(dialect));
  response.writeHead(refusal.status, { 'content-type': 'application/json', 'content-length': body.length, ...refusal.headers, ...close }).end(body);
}

/** Reads a body whole. Not by `for await`: leaving that early would destroy the connection that the refusal has to go out on. */
function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const tooLarge = () => reject(new ApiError(413, `The body is longer than ${maxBodyBytes} bytes.`, { code: 'request_too_large' }));
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) tooLarge();
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        tooLarge();
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks, bytes <= maxBodyBytes ? bytes : 0).toString('utf8')));
    request.on('error', reject);
  });
}
