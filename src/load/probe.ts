import type { Answer, Protocol, RequestSpec, WireContext } from '../protocol/protocol.ts';
import type { ResponseSink, Transport } from '../protocol/transport.ts';
import { longestTimerMs } from './driver.ts';

/** Most tokens that the probe asks for: it is asked what the server can, not for an answer. */
const probeTokens = 8;

/**
 * Sends one request ahead of everything else, to learn whether the server takes `stream_options.continuous_usage_stats` and `include_usage`;
 * where it answers 4xx, with less asked for. Not measured.
 * @param timeoutMs for all that it is asked
 * @param signal gives it up; the answer is then `cancelled`
 * @returns the context to use, and the last answer
 */
export async function probe(
  transport: Transport,
  protocol: Protocol,
  spec: RequestSpec,
  context: WireContext,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ context: WireContext; answer: Answer }> {
  const small = { ...spec, minTokens: null, ignoreEos: false, maxTokens: Math.min(spec.maxTokens ?? probeTokens, probeTokens) };
  const attempts: WireContext[] = [context, { ...context, continuousUsage: false }, { ...context, continuousUsage: false, includeUsage: false }];
  const deadlineMs = performance.now() + timeoutMs;
  let last: { context: WireContext; answer: Answer } | null = null;
  for (const attempt of spec.stream ? attempts : [{ ...context, continuousUsage: false }]) {
    last = { context: attempt, answer: await sendOnce(transport, protocol, small, attempt, deadlineMs, signal) };
    if (!refusesRequest(last.answer) || performance.now() >= deadlineMs) break;
  }
  return last as { context: WireContext; answer: Answer };
}

/** Whatever its words are taken for: what is asked for less may be taken. One that asks for patience is not asked for less. */
function refusesRequest({ error, status }: Answer): boolean {
  return error !== null && status !== null && status >= 400 && status < 500 && status !== 429;
}

function sendOnce(
  transport: Transport,
  protocol: Protocol,
  spec: RequestSpec,
  context: WireContext,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Answer> {
  const reader = protocol.createReader();
  reader.begin(null, false);
  return new Promise((resolve) => {
    const leftMs = Math.min(Math.max(0, deadlineMs - performance.now()), longestTimerMs);
    const timer = setTimeout(() => abort('timeout_total', 'no complete answer in time'), leftMs);
    const giveUp = () => abort('cancelled', 'given up');
    const settle = (answer: Answer) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      resolve({ ...answer });
    };
    const sink: ResponseSink = {
      onConnected: () => {},
      onSent: () => {},
      onResent: () => {},
      onHeaders: (status, headers, nowMs) => reader.headers(status, headers, nowMs),
      reader,
      onEnd: (nowMs) => settle(reader.end(nowMs)),
      onError: (kind, message, nowMs) => settle(reader.fail(kind, message, nowMs)),
    };
    const abort = transport.send(protocol.encode(spec, context), sink);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
}
