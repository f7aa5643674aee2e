import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from '../protocol/connect.ts';
import type { Protocol, WireContext } from '../protocol/protocol.ts';
import { protocolOf } from '../protocol/registry.ts';
import type { RequestSpec } from '../workload/request-spec.ts';
import { type Workload, warmupIndexBase } from '../workload/workload.ts';
import { Budget, inputBound, outputBound, type TokenBound } from './budget.ts';
import type { LoadInput, TokenSource } from './load-run.ts';
import { probe } from './probe.ts';
import { connectTimeoutMs, maxHeaderBytes } from './transport-limits.ts';
import { wireContext } from './wire.ts';

/** How often, and after what pause, a server that is too busy for the first question is asked again, ms. */
const mostAgain = 2;
const pauseMs = 500;
const longestPauseMs = 2000;

/** What is known of a server before anything is measured. */
export interface Learned {
  wire: WireContext;
  outputTokens: TokenSource;
  /** What the request that asked took to its first output (or its end, where it was not streamed), ms; null where none was sent, or it failed. */
  firstAnswerMs: number | null;
  /** The budget does not even allow for that request. */
  overBudget: boolean;
}

/** What is known without asking. */
export function knownOf(input: LoadInput): Learned {
  return { wire: wireContext(input), outputTokens: 'reported', firstAnswerMs: null, overBudget: false };
}

/** The request that is sent ahead of all others. */
function aheadOf(workload: Workload): RequestSpec {
  const ahead = warmupIndexBase - 1;
  return { ...workload.request(ahead).spec, schema: workload.schemas?.call(ahead) ?? null };
}

function boundOf(spec: RequestSpec, protocol: Protocol, wire: WireContext): TokenBound {
  return { input: inputBound(protocol.encode(spec, wire).body), output: outputBound(spec) ?? 0 };
}

/** What a budget sets aside for the request that is sent ahead of all others, which is like them; null where none is. */
export function boundAhead({ scenario, workload }: Pick<LoadInput, 'scenario' | 'workload'>): TokenBound | null {
  const protocol = protocolOf(scenario.request);
  if (scenario.request.api === 'http' || !protocol) return null;
  // Where it goes and by what headers is no part of its body.
  return boundOf(aheadOf(workload), protocol, wireContext({ scenario, baseUrl: 'http://localhost', targetHeaders: {}, userAgent: '' }));
}

/** Asks the server what it can: once, or again where it asks for patience, within the scenario's timeout in all. */
export async function learn(input: LoadInput): Promise<Learned> {
  const { scenario, workload, baseUrl, transport, freshConnections } = input;
  const known = knownOf(input);
  const protocol = protocolOf(scenario.request);
  if (scenario.request.api === 'http' || !protocol) return known;
  const timeoutMs = scenario.timeout * 1000;
  const connection = await createTransport({
    kind: transport,
    origin: new URL(baseUrl).origin,
    connections: 1,
    freshConnections,
    connectTimeoutMs: Math.min(connectTimeoutMs, timeoutMs),
    maxHeaderBytes,
  });
  try {
    const spec = aheadOf(workload);
    const budget = input.budget ? new Budget(input.budget) : null;
    const bound = boundOf(spec, protocol, known.wire);
    if (budget !== null && !budget.reserve(bound)) return { ...known, overBudget: true };
    const deadlineMs = performance.now() + timeoutMs;
    let sentMs = 0;
    const ask = () => {
      sentMs = performance.now();
      return probe(connection, protocol, spec, known.wire, deadlineMs - sentMs, input.signal);
    };
    const { answer, context } = await patientProbe(ask, deadlineMs, input.signal);
    const endMs = performance.now();
    budget?.settle(bound, { input: answer.inputTokens ?? 0, output: answer.outputTokens ?? 0 });
    const firstAnswerMs = answer.error === null ? (answer.firstOutputMs ?? endMs) - sentMs : null;
    const told = answer.outputTokens === null ? 'counted' : 'reported';
    const outputTokens = workload.retrieval !== undefined ? 'reported' : answer.error === null ? told : 'either';
    return { wire: context, outputTokens, firstAnswerMs, overBudget: false };
  } finally {
    await connection.close();
  }
}

/** Asks again where the server asked for patience. */
async function patientProbe(ask: () => ReturnType<typeof probe>, deadlineMs: number, signal: AbortSignal): ReturnType<typeof probe> {
  let last = await ask();
  for (let again = 0; again < mostAgain && !signal.aborted; again++) {
    const { error, retryAfterMs } = last.answer;
    if (error !== 'rate_limited' && error !== 'http_5xx') break;
    const waitMs = Math.min(longestPauseMs, retryAfterMs ?? pauseMs);
    if (performance.now() + waitMs >= deadlineMs) break;
    await sleep(waitMs, undefined, { signal }).catch(() => {});
    if (!signal.aborted) last = await ask();
  }
  return last;
}
