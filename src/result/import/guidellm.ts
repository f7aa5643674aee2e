import { isObject } from '../../config/is-object.ts';
import { has, isoOf, listOf, loadId, type Members, membersOf, numberOf, summaryOf, textOf } from './fields.ts';
import type { ImportFormat, RunReading } from './format.ts';
import { errorRate, llmMeasures } from './llm.ts';

/** GuideLLM's benchmarks.json: one benchmark for each rate, all in one run. */
export const guidellm: ImportFormat = {
  name: 'guidellm',
  title: "GuideLLM's benchmarks.json",
  matches: ({ json }) => isObject(json) && listOf(json['benchmarks']).some((one) => has(membersOf(one)['metrics'], 'requests_per_second')),
  read: ({ json }) => {
    const file = json as Members;
    const benchmarks = listOf(file['benchmarks']).filter(isObject);
    const sweep = isSweep(file, benchmarks);
    const runs = benchmarks.map((benchmark, index) => runOf(benchmark, sweep ? index : null));
    const failed = runs.reduce((sum, run) => sum + (run.failed ?? 0), 0);
    return {
      runs: [
        {
          started: runs[0]?.started ?? null,
          durationSeconds: runs.reduce((sum, run) => sum + (run.durationSeconds ?? 0), 0),
          requests: runs.reduce((sum, run) => sum + (run.requests ?? 0), 0),
          failed,
          measures: runs.flatMap((run) => run.measures),
        },
      ],
      model: textOf(membersOf(file['args'])['model']) ?? textOf(membersOf(membersOf(benchmarks[0]?.['args'])['backend'])['model']),
    };
  },
};

/** `percentiles` hold p50 and the like; mean, std_dev, min and max stand beside them. */
function summary(metrics: Members, name: string, factor = 1) {
  const of = membersOf(membersOf(metrics[name])['successful']);
  return {
    ...summaryOf(of, { mean: 'mean', p50: 'median', stddev: 'std_dev', min: 'min', max: 'max' }, factor),
    ...summaryOf(membersOf(of['percentiles']), { p50: 'p50', p90: 'p90', p95: 'p95', p99: 'p99', p999: 'p999' }, factor),
  };
}

function runOf(benchmark: Members, sweepIndex: number | null): RunReading {
  const metrics = membersOf(benchmark['metrics']);
  const totals = membersOf(metrics['request_totals'] ?? benchmark['request_totals'] ?? membersOf(benchmark['run_stats'])['requests_made']);
  const { series, labels } = loadId('guidellm', { ...strategyOf(benchmark), ...(sweepIndex === null ? {} : { rate: undefined, sweep: sweepIndex }) });
  const successful = numberOf(totals['successful']);
  const failed = numberOf(totals['errored']);
  const mean = (name: string) => numberOf(membersOf(membersOf(metrics[name])['successful'])['mean']);
  return {
    started: isoOf(benchmark['start_time'] ?? membersOf(benchmark['run_stats'])['start_time']),
    durationSeconds: numberOf(benchmark['duration']),
    requests: successful === null ? null : successful + (failed ?? 0),
    failed,
    measures: llmMeasures(series, labels, successful, {
      ttft_ms: summary(metrics, 'time_to_first_token_ms'),
      tpot_ms: summary(metrics, 'time_per_output_token_ms'),
      itl_ms: summary(metrics, 'inter_token_latency_ms'),
      latency_s: summary(metrics, 'request_latency'),
      tokens_per_sec: mean('output_tokens_per_second'),
      requests_per_sec: mean('requests_per_second'),
      error_rate: errorRate(failed, successful),
    }),
  };
}

/** Where the strategy stands changed between versions: config, scheduler or args. */
function strategyOf(benchmark: Members): Record<string, unknown> {
  const places = [benchmark['config'], benchmark['scheduler'], benchmark['args']];
  const strategy = places.map((place) => membersOf(place)['strategy']).find(isObject) ?? {};
  const type = textOf(strategy['type_']) ?? textOf(strategy['type']);
  return { strategy: type, rate: strategy['rate'], concurrency: strategy['streams'] ?? strategy['max_concurrency'] };
}

/** The rates of a sweep are found while it runs and differ from run to run: there a benchmark's place in the sweep names it. */
function isSweep(file: Members, benchmarks: readonly Members[]): boolean {
  const args = membersOf(file['args']);
  const profiles = benchmarks
    .flatMap((benchmark) => [benchmark['config'], benchmark['args']])
    .map((place) => membersOf(membersOf(place)['profile'])['type_']);
  return [args['profile'], args['rate_type'], ...profiles].includes('sweep');
}
