import { type ErrorKind, timeoutKinds } from '../protocol/error-kind.ts';
import { saysModelUnknown } from '../protocol/failure.ts';
import { type ErrorCount, isDistribution, type ResultDocument } from '../result/document.ts';
import { scenariosIn } from '../result/part-documents.ts';
import type { MetricVerdict, Verdict } from '../verdict/verdict.ts';
import { whyUncompared } from './rows.ts';

/** What to look at first: one sentence, and where docs/troubleshooting.md says more. */
export interface Hint {
  sentence: string;
  /** `docs/troubleshooting.md#connection-refused` */
  section: string;
}

/** The sections of docs/troubleshooting.md by their anchors, in the order in which hints are given. */
export const hints = {
  'connection-refused':
    'Nothing accepts connections at the base URL: see that the service runs, that a port-forward is still up, and that no firewall is in between.',
  'missing-models':
    'The service does not know the model: compare the name with what GET /v1/models lists, and download or load the model before the run.',
  timeouts:
    'Requests ran into a timeout: raise `--timeout`, lower `--max-tokens` or the concurrency, and look in the service log for a lack of memory.',
  'high-error-rate':
    'Requests failed: the service log and its health endpoint say why; rate limits, wrong configuration and exhausted resources are the usual causes.',
  'low-success-rate':
    'Less than 95 % of the requests succeeded: behind a router this is often one backend that comes and goes, so ask each backend directly.',
  'high-ttft': 'The first token comes late: warm up before measuring, and see whether requests queue (too much concurrency) or prompts grew.',
  'high-p95-latency': 'The slowest requests got slower: check the limits and health of the backends, and the network between client and service.',
  'low-throughput':
    'Throughput fell: see whether the load is high enough to fill the service, and whether a rate limit or too few replicas hold it back.',
  'high-variance': 'The figures scatter: send more requests per run, keep the load the same, and stop what else runs on the machine.',
} as const;
export type HintName = keyof typeof hints;

/**
 * The hints that fit what went wrong, at most `most`, the causes before their effects. Nothing wrong, no hints.
 * @param verdict null for a run that was compared with nothing
 */
export function hintsFor(result: ResultDocument, verdict: Verdict | null, most = 3): Hint[] {
  const found = (Object.keys(hints) as HintName[]).filter((name) => applies[name](result, (verdict?.series ?? []).filter(isWorse)));
  return found.slice(0, most).map((name) => ({ sentence: hints[name], section: `docs/troubleshooting.md#${name}` }));
}

/** A hint's condition, over the result and the rows that are worse. */
const applies: Record<HintName, (result: ResultDocument, worse: readonly MetricVerdict[]) => boolean> = {
  'connection-refused': ({ errors }) => count(errors, ['refused', 'dns']) > 0,
  'missing-models': ({ errors }) => errors.some(({ kind, example }) => kind === 'wrong_model' || (kind === 'http_4xx' && saysModelUnknown(example))),
  timeouts: ({ errors }) => count(errors, timeoutKinds) > 0,
  'high-error-rate': ({ errors, results }, worse) =>
    concerns(worse, /^error_rate/) || ((results.error_rate ?? 0) > 1 && count(errors, timeoutKinds) === 0 && count(errors, ['refused', 'dns']) === 0),
  'low-success-rate': ({ results, errors }) =>
    results.success_rate !== null && results.successful > 0 && results.success_rate < 95 && count(errors, ['refused', 'dns']) === 0,
  'high-ttft': (_, worse) => concerns(worse, /^ttft/),
  'high-p95-latency': (_, worse) => concerns(worse, /^latency_\w+\.p9/),
  'low-throughput': (_, worse) => concerns(worse, /_per_sec(ond)?$/),
  'high-variance': (result, worse) => worse.some((row) => row.verdict === 'inconclusive' && whyUncompared(row) === null) || scatters(result),
};

const isWorse = (row: MetricVerdict): boolean =>
  row.verdict === 'regressed' || row.verdict === 'inconclusive' || (row.verdict === 'warn' && !/\(better\)/.test(row.rule ?? ''));

const concerns = (rows: readonly MetricVerdict[], metric: RegExp): boolean =>
  rows.some((row) => row.verdict !== 'inconclusive' && metric.test(row.metric));

const count = (errors: readonly ErrorCount[], kinds: readonly ErrorKind[]): number =>
  errors.reduce((sum, error) => sum + (kinds.includes(error.kind) ? error.count : 0), 0);

/** Arrival patterns whose load is another one from second to second: their latencies have to scatter. */
const changing: ReadonlySet<unknown> = new Set(['ramping_users', 'ramping_rate', 'spike', 'trace']);

/** A standard deviation above the mean under one load: a handful of slow requests decides every figure. */
function scatters(result: ResultDocument): boolean {
  if ([...scenariosIn(result.config.resolved).values()].some(({ load }) => changing.has(load['executor']))) return false;
  return result.series.some((series) =>
    Object.entries(series.metrics).some(
      ([key, metric]) =>
        /^latency/.test(key) &&
        isDistribution(metric) &&
        metric.stddev !== null &&
        metric.mean !== null &&
        metric.count >= 10 &&
        metric.stddev > metric.mean,
    ),
  );
}
