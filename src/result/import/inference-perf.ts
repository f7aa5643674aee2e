import { isObject } from '../../config/is-object.ts';
import { has, loadId, type Members, membersOf, numberOf, summaryOf } from './fields.ts';
import type { ImportFormat } from './format.ts';
import { errorRate, llmMeasures } from './llm.ts';

const statistics = { mean: 'mean', min: 'min', p50: ['median', 'p50'], p90: 'p90', p95: 'p95', p99: 'p99', p999: 'p99.9', max: 'max' };

/** inference-perf's summary_lifecycle_metrics.json or one of its stage_N_lifecycle_metrics.json. */
export const inferencePerf: ImportFormat = {
  name: 'inference-perf',
  title: "inference-perf's summary_lifecycle_metrics.json",
  matches: ({ json }) => isObject(json) && has(json['successes'], 'count') && isObject(json['failures']),
  read: ({ json, name }) => {
    const file = json as Members;
    const successes = membersOf(file['successes']);
    const [times, rates] = [membersOf(successes['latency']), membersOf(successes['throughput'])];
    const time = (of: string, factor: number) => summaryOf(membersOf(times[of]), statistics, factor);
    const successful = numberOf(successes['count']);
    const failed = numberOf(membersOf(file['failures'])['count']);
    const stage = /stage_(\d+)_lifecycle/.exec(name)?.[1];
    const { series, labels } = loadId('inference-perf', stage === undefined ? {} : { stage: Number(stage) });
    return {
      runs: [
        {
          durationSeconds: numberOf(membersOf(file['load_summary'])['send_duration']),
          requests: successful === null ? null : successful + (failed ?? 0),
          failed,
          measures: llmMeasures(series, labels, successful, {
            ttft_ms: time('time_to_first_token', 1e3),
            tpot_ms: time('time_per_output_token', 1e3),
            itl_ms: time('inter_token_latency', 1e3),
            latency_s: time('request_latency', 1),
            tokens_per_sec: numberOf(rates['output_tokens_per_sec']),
            requests_per_sec: numberOf(rates['requests_per_sec']),
            error_rate: errorRate(failed, successful),
          }),
        },
      ],
    };
  },
};
