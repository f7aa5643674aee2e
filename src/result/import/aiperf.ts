import { isObject } from '../../config/is-object.ts';
import { has, isoOf, loadId, type Members, membersOf, numberOf, summaryOf, textOf } from './fields.ts';
import type { ImportFormat, Reading, Source } from './format.ts';
import { errorRate, llmMeasures } from './llm.ts';

const toMs: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, sec: 1e3, seconds: 1e3 };

function summary(file: Members, name: string, unit: 'ms' | 's') {
  const of = membersOf(file[name]);
  const factor = (toMs[textOf(of['unit']) ?? 'ms'] ?? 1) * (unit === 's' ? 1e-3 : 1);
  return summaryOf(of, { mean: 'avg', min: 'min', p50: 'p50', p90: 'p90', p95: 'p95', p99: 'p99', max: 'max', stddev: 'std' }, factor);
}

/** Both have the same shape; AIPerf is the later one and also counts requests. */
function matchesExport(source: Source): boolean {
  const { json } = source;
  return isObject(json) && has(json['request_latency'], 'avg') && has(json['request_throughput'], 'avg');
}

const isAiperf = ({ json, name }: Source) => has(json, 'request_count') || has(json, 'aiperf_version') || /aiperf/.test(name);

function read(tool: string, { json }: Source): Reading {
  const file = json as Members;
  const average = (name: string) => numberOf(membersOf(file[name])['avg']);
  const config = membersOf(file['input_config']);
  const load = { ...membersOf(config['loadgen']), ...membersOf(membersOf(config['perf_analyzer'])['stimulus']), ...config };
  const { series, labels } = loadId(tool, { concurrency: load['concurrency'], request_rate: load['request_rate'] });
  const [successful, failed] = [average('request_count'), average('error_request_count')];
  const models = [
    ...(Array.isArray(config['model_names']) ? config['model_names'] : []),
    membersOf(config['endpoint'])['model_names'],
    load['model'],
  ].flat();
  const itl = summary(file, 'inter_token_latency', 'ms');
  return {
    runs: [
      {
        started: isoOf(file['start_time']),
        durationSeconds: average('benchmark_duration'),
        requests: successful === null ? null : successful + (failed ?? 0),
        failed: failed ?? (successful === null ? null : 0),
        concurrency: numberOf(load['concurrency']),
        measures: llmMeasures(series, labels, successful, {
          ttft_ms: summary(file, 'time_to_first_token', 'ms'),
          // Its inter-token latency is a mean for each request; it has no other time per output token.
          tpot_ms: itl,
          itl_ms: itl,
          latency_s: summary(file, 'request_latency', 's'),
          tokens_per_sec: average('output_token_throughput'),
          requests_per_sec: average('request_throughput'),
          error_rate: successful === null ? null : errorRate(failed ?? 0, successful),
        }),
      },
    ],
    model: models.map(textOf).find((model) => model !== null) ?? null,
    toolVersion: textOf(file['aiperf_version']),
    notes: file['was_cancelled'] === true ? ['the run was cancelled'] : [],
  };
}

/** AIPerf's profile_export_aiperf.json. */
export const aiperf: ImportFormat = {
  name: 'aiperf',
  title: "AIPerf's profile_export_aiperf.json",
  matches: (source) => matchesExport(source) && isAiperf(source),
  read: (source) => read('aiperf', source),
};

/** GenAI-Perf's profile_export_genai_perf.json. */
export const genaiPerf: ImportFormat = {
  name: 'genai-perf',
  title: "GenAI-Perf's profile_export_genai_perf.json",
  matches: (source) => matchesExport(source) && !isAiperf(source),
  read: (source) => read('genai-perf', source),
};
