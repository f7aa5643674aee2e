import { has, isoOf, loadId, type Members, numberOf, scaled, summaryOf, textOf } from './fields.ts';
import type { ImportFormat } from './format.ts';
import { llmMeasures } from './llm.ts';

function summary(file: Members, name: string, factor: number) {
  const quantile = (percent: number) => `results_${name}_quantiles_p${percent}`;
  const names = { mean: `results_${name}_mean`, min: `results_${name}_min`, max: `results_${name}_max`, stddev: `results_${name}_stddev` };
  return summaryOf(file, { ...names, p50: quantile(50), p90: quantile(90), p95: quantile(95), p99: quantile(99) }, factor);
}

/** LLMPerf's ..._summary.json: flat, times in seconds, the error rate a fraction. */
export const llmperf: ImportFormat = {
  name: 'llmperf',
  title: "LLMPerf's ..._summary.json",
  matches: ({ json }) => has(json, 'results_ttft_s_mean') || has(json, 'results_end_to_end_latency_s_mean'),
  read: ({ json }) => {
    const file = json as Members;
    const completed = numberOf(file['results_num_completed_requests']);
    const failed = numberOf(file['results_number_errors']);
    const { series, labels } = loadId('llmperf', {
      concurrency: file['num_concurrent_requests'],
      input_tokens: file['mean_input_tokens'],
      output_tokens: file['mean_output_tokens'],
    });
    return {
      runs: [
        {
          started: isoOf(file['timestamp']),
          requests: numberOf(file['results_num_requests_started']) ?? completed,
          failed,
          concurrency: numberOf(file['num_concurrent_requests']),
          measures: llmMeasures(series, labels, completed, {
            ttft_ms: summary(file, 'ttft_s', 1e3),
            // The mean over all tokens of a request, its first included: as the tool has no other, it stands as both.
            tpot_ms: summary(file, 'inter_token_latency_s', 1e3),
            itl_ms: summary(file, 'inter_token_latency_s', 1e3),
            latency_s: summary(file, 'end_to_end_latency_s', 1),
            tokens_per_sec: numberOf(file['results_mean_output_throughput_token_per_s']),
            requests_per_sec: scaled(file['results_num_completed_requests_per_minute'], 1 / 60),
            error_rate: scaled(file['results_error_rate'], 100),
          }),
        },
      ],
      model: textOf(file['model']),
    };
  },
};
