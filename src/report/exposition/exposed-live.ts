import { type LiveTotals, type SeriesTotals, type TimeBuckets, timeBoundsSeconds } from '../../measure/live-totals.ts';
import type { Gauge } from '../../observe/sampler.ts';
import { type ExposedHistogram, type ExposedValue, exposedName, type Family } from './exposition.ts';

/** What a running load is told of: requests, errors, tokens, times, and the last value of what is watched beside it. Pure. */
export function liveFamilies(totals: LiveTotals, observed: ReadonlyMap<string, { gauge: Gauge; value: number | null }>, nowMs: number): Family[] {
  const series = [...totals.series];
  const counted = (of: (one: SeriesTotals) => number): ExposedValue[] => series.map(([id, one]) => ({ labels: { series: id }, value: of(one) }));
  const times = (of: (one: SeriesTotals) => TimeBuckets): ExposedHistogram[] =>
    series.filter(([, one]) => of(one).count > 0).map(([id, one]) => histogramOf(id, of(one)));
  const { requestsPerSecond, tokensPerSecond } = totals.rates(nowMs);
  const single = (value: number): ExposedValue[] => [{ labels: {}, value }];
  return [
    {
      name: 'llm_bench_requests',
      type: 'counter',
      help: 'Measured requests that ended, failed ones included',
      values: counted(({ succeeded, errors }) => succeeded + [...errors.values()].reduce((sum, count) => sum + count, 0)),
    },
    {
      name: 'llm_bench_request_errors',
      type: 'counter',
      help: 'Measured requests that failed, by kind',
      values: series.flatMap(([id, { errors }]) => [...errors].map(([kind, value]) => ({ labels: { series: id, kind }, value }))),
    },
    { name: 'llm_bench_requests_in_flight', type: 'gauge', help: 'Requests sent and not answered yet', values: single(totals.inFlight) },
    { name: 'llm_bench_input_tokens', type: 'counter', help: 'Prompt tokens of answered requests', values: counted((one) => one.inputTokens) },
    { name: 'llm_bench_output_tokens', type: 'counter', help: 'Output tokens of answered requests', values: counted((one) => one.outputTokens) },
    {
      name: 'llm_bench_requests_per_second',
      type: 'gauge',
      help: 'Requests ended per second, over the last ten seconds',
      values: single(requestsPerSecond),
    },
    {
      name: 'llm_bench_output_tokens_per_second',
      type: 'gauge',
      help: 'Output tokens per second, over the last ten seconds',
      values: single(tokensPerSecond),
    },
    {
      name: 'llm_bench_request_duration_seconds',
      type: 'histogram',
      unit: 'seconds',
      help: 'Latency of successful requests',
      histograms: times(({ latency }) => latency),
    },
    {
      name: 'llm_bench_time_to_first_token_seconds',
      type: 'histogram',
      unit: 'seconds',
      help: 'Time to the first output token of successful streams',
      histograms: times(({ ttft }) => ttft),
    },
    ...[...observed].flatMap(([name, { gauge, value }]): Family[] =>
      value === null
        ? []
        : [
            {
              name: `llm_bench_${exposedName(name)}`,
              type: 'gauge',
              help: `Watched beside the load${gauge.unit === '' ? '' : `, ${gauge.unit}`}`,
              values: single(value),
            },
          ],
    ),
  ];
}

function histogramOf(series: string, { counts, sumSeconds, count }: TimeBuckets): ExposedHistogram {
  return { labels: { series }, bounds: timeBoundsSeconds, counts: [...counts], sum: sumSeconds, count };
}
