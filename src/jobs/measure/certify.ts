import type { EntryContext } from '../../config/entry-context.ts';
import type { Scenario } from '../../config/scenario/scenario.ts';
import type { CertifiedFigures } from '../../measure/validity-input.ts';
import type { TransportKind } from '../../protocol/connect.ts';
import type { SelftestPlan } from './selftest.ts';

/** The short selftest of a run: a p99 of the timing error wants 100 answers within its time. */
const short = { seconds: 0.75, ceilingSeconds: 0.25, firstTokenMs: 20, tokens: 10, fewestUsers: 10, mostUsers: 256, leastRate: 180, mostRate: 1000 };
/** Tokens per second that a load of users is offered: as much as a service that is fast for its kind would answer with. */
const offeredTokensPerSecond = 5000;
const fastestTokenMs = 4;
const patienceMs = 15_000;

/** The load of a run, as its selftest needs it: users or arrivals, within what a second can tell. */
export function shortPlan(loads: readonly { load: Scenario['load']; concurrency: number }[]): SelftestPlan {
  const rates = loads.map(({ load }) => load['rate']).filter((rate) => typeof rate === 'number');
  const rate = rates.length === loads.length && rates.length > 0 ? Math.min(short.mostRate, Math.max(short.leastRate, ...rates)) : null;
  const concurrency = Math.min(short.mostUsers, Math.max(short.fewestUsers, ...loads.map((one) => one.concurrency)));
  return {
    concurrency,
    rate,
    seconds: short.seconds,
    ceilingSeconds: short.ceilingSeconds,
    firstTokenMs: short.firstTokenMs,
    tokens: short.tokens,
    tokenMs: rate === null ? Math.max(fastestTokenMs, (1000 * concurrency) / offeredTokensPerSecond) : fastestTokenMs,
  };
}

/** The certificate of a run's client, or why there is none: a selftest that fails is never the end of a run. */
export async function certify(options: {
  entry: EntryContext;
  plan: SelftestPlan;
  transport: TransportKind;
  signal: AbortSignal;
}): Promise<CertifiedFigures | string> {
  const giveUp = AbortSignal.timeout(patienceMs);
  const interrupted = 'the run was interrupted before its selftest ended';
  if (options.signal.aborted) return interrupted;
  try {
    const { selftest } = await import('./selftest.ts');
    const { error, ceiling, shared_core } = await selftest({ ...options, signal: AbortSignal.any([options.signal, giveUp]) });
    return {
      timingErrorMs: error.ttft_ms,
      ceiling: { tokensPerSecond: ceiling.tokens_per_sec, requestsPerSecond: ceiling.requests_per_sec },
      sharedCore: shared_core,
    };
  } catch (error) {
    if (options.signal.aborted) return interrupted;
    if (giveUp.aborted) return `its selftest did not end within ${patienceMs / 1000} s`;
    return `its selftest failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
