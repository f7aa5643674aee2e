import { createParser } from 'eventsource-parser';
import { type MockServer, startMock } from '../../src/mock/server.ts';

export type Options = Parameters<typeof startMock>[0];

/** An engine that is closed when the test ends: `await using engine = await engineOf({...})`. */
export async function engineOf(options: Options = {}, effects: Parameters<typeof startMock>[1] = {}): Promise<MockServer & AsyncDisposable> {
  const server = await startMock({ jitterPercent: 0, logEvery: 0, ...options }, effects);
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

/** Sends a request for an answer; `hello` unless the body has messages or a prompt. */
export function ask(
  engine: MockServer,
  body: Record<string, unknown> = {},
  init: { path?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  const path = init.path ?? '/v1/chat/completions';
  const input = path.includes('chat') ? { messages: [{ role: 'user', content: 'hello' }] } : { prompt: 'hello' };
  return fetch(engine.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...init.headers },
    body: JSON.stringify({ ...input, ...body }),
    ...(init.signal ? { signal: init.signal } : {}),
  });
}

/** An answer of the API, as far as the tests look at it. */
// biome-ignore lint/suspicious/noExplicitAny: JSON from the wire, looked at by assertions only
export type Json = any;

export async function askJson(...parameters: Parameters<typeof ask>): Promise<Json> {
  return (await ask(...parameters)).json();
}

export interface StreamEvent {
  event: string | undefined;
  /** Parsed; the text itself where it is no JSON. */
  data: Json;
}

/** The events of a streamed body. */
export function eventsOf(text: string): StreamEvent[] {
  const events: StreamEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      try {
        events.push({ event, data: JSON.parse(data) });
      } catch {
        events.push({ event, data });
      }
    },
  });
  parser.feed(text);
  return events;
}

export async function askStream(
  engine: MockServer,
  body: Record<string, unknown> = {},
  init: Parameters<typeof ask>[2] = {},
): Promise<StreamEvent[]> {
  const response = await ask(engine, { stream: true, ...body }, init);
  return eventsOf(await response.text());
}

/** Text of all deltas of a chat stream. */
export function contentOf(events: readonly StreamEvent[], field = 'content'): string {
  return events.map(({ data }) => data?.choices?.[0]?.delta?.[field] ?? '').join('');
}

/** Waits for a condition, generously. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Samples of a Prometheus page: `name{labels}` to value; throws on a line that is none. */
export function samplesOf(page: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of page.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-z0-9_:]+ .+$/.test(line)) continue;
    const match = /^([a-zA-Z_:][\w:]*)\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\} (\S+)$/.exec(line);
    if (!match || Number.isNaN(Number(match[3]))) throw new Error(`no sample: ${line}`);
    samples.set(`${match[1]}{${match[2]}}`, Number(match[3]));
  }
  return samples;
}

/** The one sample with this name and these words among its labels. */
export async function sampleOf(engine: MockServer, name: string, label = ''): Promise<number> {
  const page = await (await fetch(`${engine.url}/metrics`)).text();
  const found = [...samplesOf(page)].filter(([key]) => key.startsWith(`${name}{`) && key.includes(label));
  if (found.length !== 1) throw new Error(`${found.length} samples of ${name} with ${label}`);
  return found[0]![1];
}
