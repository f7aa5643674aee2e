import type { ErrorKind } from './error-kind.ts';

/** How much of a failed answer's body is looked at, bytes. */
export const sampleBytes = 4096;
/** How much of it is kept as the example of its kind, characters. */
const exampleChars = 300;

const outOfMemory = /out of memory|out_of_memory|outofmemory|\bOOM\b|insufficient memory|cannot allocate memory|std::bad_alloc/i;
const rateLimited = /rate[\s_-]?limit|too many requests|insufficient_quota/i;
/** That a model is not there is said of it; that something is not supported may be said of anything, so there only the model's name may stand between. */
const wrongModel =
  /model_not_found|(?:model|adapter)\b.{0,200}?\b(?:not found|does not exist|doesn't exist)|(?:model|adapter)\s+(?:["'`][^"'`]{1,200}["'`]|\S{1,200})\s+(?:is\s+)?(?:not supported|not available|unknown)\b|\b(?:unknown|unsupported|no such) model\b(?! of)|invalid model(?: name| id|:)|not a valid model\b|\bmodel not exist\b|models\/\S{1,200} is not found|not_found_error"[^}]{0,100}"model: /i;

/** Whether a server's words say that it has no such model. */
export const saysModelUnknown = (text: string): boolean => wrongModel.test(text);

/** What an HTTP status outside 2xx means; the body's words tell out of memory from other errors, and an unknown model from an unknown path. */
export function statusFailure(status: number, body: string, location: string | null): { kind: ErrorKind; message: string } {
  const message = `HTTP ${status}${location === null ? '' : ` to ${location} (redirects are not followed)`}${body.trim() === '' ? '' : `: ${example(body)}`}`;
  if (status === 429) return { kind: 'rate_limited', message };
  if (outOfMemory.test(body)) return { kind: 'out_of_memory', message };
  if (status >= 500) return { kind: 'http_5xx', message };
  if (status >= 400) return { kind: (status === 404 || status === 400) && saysModelUnknown(body) ? 'wrong_model' : 'http_4xx', message };
  // A redirect, or a success without the content that was asked for: nothing that this client can read as an answer.
  return { kind: 'malformed', message };
}

/** An error told inside a 200 answer, as JSON in any of the usual shapes or as plain text. */
export function streamFailure(text: string): { kind: ErrorKind; message: string } {
  const message = example(text);
  if (outOfMemory.test(text)) return { kind: 'out_of_memory', message };
  if (rateLimited.test(text) || /"(?:code|status)"\s*:\s*"?429\b/.test(text)) return { kind: 'rate_limited', message };
  return { kind: 'stream_error', message };
}

/** An answer that is compressed, though `accept-encoding: identity` is asked for unless the user says otherwise: it is not unpacked, since a compressor's delay would be taken for the service's. Null for one that is as it should be. */
export function codingFailure(headers: readonly string[]): { kind: ErrorKind; message: string } | null {
  const coding = header(headers, 'content-encoding');
  if (coding === null || /^(?:identity)?$/i.test(coding.trim())) return null;
  return {
    kind: 'malformed',
    message: `content-encoding: ${example(coding)}, which is not unpacked; switch compression off at the service or its proxy`,
  };
}

/** The beginning of a text on one line, fit to be printed: no control characters. */
export function example(text: string): string {
  const line = text
    .slice(0, exampleChars * 4)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
  return line.length > exampleChars ? `${line.slice(0, exampleChars)}…` : line;
}

/** Retry-After (RFC 9110, section 10.2.3): seconds or a date; `retry-after-ms` is what some APIs send beside it. Null where absent or unreadable. */
export function retryAfterMs(headers: readonly string[], wallMs: number): number | null {
  const exact = Number.parseFloat(header(headers, 'retry-after-ms') ?? '');
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const value = header(headers, 'retry-after')?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number.parseFloat(value) * 1000;
  const date = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isFinite(date) ? Math.max(0, date - wallMs) : null;
}

/** The first value under a name (lower case) in a flat name, value list. */
export function header(headers: readonly string[], name: string): string | null {
  for (let i = 0; i + 1 < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]!;
  return null;
}
