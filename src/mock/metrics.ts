/** Bucket bounds in seconds, as vLLM's engine publishes them. */
const tokenBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const firstTokenBounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];
const requestBounds = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];
const lengthBounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

/** vLLM 0.11's histograms; the per-token one under its older name too, which dashboards still read. */
const histogramDefinitions = {
  'vllm:time_to_first_token_seconds': { help: 'Time from arrival to first token.', bounds: firstTokenBounds },
  'vllm:inter_token_latency_seconds': { help: 'Time between two tokens of a request.', bounds: tokenBounds },
  'vllm:time_per_output_token_seconds': { help: 'Older name of vllm:inter_token_latency_seconds.', bounds: tokenBounds },
  'vllm:request_time_per_output_token_seconds': { help: 'Mean time between tokens, per request.', bounds: tokenBounds },
  'vllm:e2e_request_latency_seconds': { help: 'Time from arrival to last token.', bounds: requestBounds },
  'vllm:request_queue_time_seconds': { help: 'Time spent waiting.', bounds: requestBounds },
  'vllm:request_prefill_time_seconds': { help: 'Time from admission to first token.', bounds: requestBounds },
  'vllm:request_decode_time_seconds': { help: 'Time from first to last token.', bounds: requestBounds },
  'vllm:request_inference_time_seconds': { help: 'Time from admission to last token.', bounds: requestBounds },
  'vllm:request_prompt_tokens': { help: 'Prompt tokens per request.', bounds: lengthBounds },
  'vllm:request_generation_tokens': { help: 'Generated tokens per request.', bounds: lengthBounds },
} as const;
type HistogramName = keyof typeof histogramDefinitions;

export const finishReasons = ['stop', 'length', 'abort', 'error'] as const;
export type FinishReason = (typeof finishReasons)[number];

interface Histogram {
  counts: number[];
  sum: number;
}

/** What the engine itself knows at this moment. */
export interface Gauges {
  running: number;
  waiting: number;
  /** 0 to 1. */
  kvCacheUsage: number;
  prefixQueries: number;
  prefixHits: number;
}

/** Counts and times of the engine, in the names of vLLM's /metrics. */
export class EngineMetrics {
  promptTokens = 0;
  generationTokens = 0;
  readonly finished: Record<FinishReason, number> = { stop: 0, length: 0, abort: 0, error: 0 };
  readonly #histograms = new Map<HistogramName, Histogram>(
    (Object.keys(histogramDefinitions) as HistogramName[]).map((name) => [
      name,
      { counts: histogramDefinitions[name].bounds.map(() => 0).concat(0), sum: 0 },
    ]),
  );

  /** @param value seconds, or tokens. */
  observe(name: HistogramName, value: number): void {
    const histogram = this.#histograms.get(name)!;
    const bounds = histogramDefinitions[name].bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket += 1;
    histogram.counts[bucket]! += 1;
    histogram.sum += value;
  }

  /** Prometheus text format 0.0.4. */
  render(model: string, gauges: Gauges): string {
    const labels = `model_name="${model.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}",engine="0"`;
    const lines: string[] = [];
    const single = (name: string, type: 'gauge' | 'counter', help: string, value: number) =>
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name}{${labels}} ${value}`);
    single('vllm:num_requests_running', 'gauge', 'Requests in the batch.', gauges.running);
    single('vllm:num_requests_waiting', 'gauge', 'Requests waiting for a place in the batch.', gauges.waiting);
    single('vllm:kv_cache_usage_perc', 'gauge', 'Share of the KV cache in use; 1 is all of it.', gauges.kvCacheUsage);
    single('vllm:prefix_cache_queries_total', 'counter', 'Prompt tokens looked up in the prefix cache.', gauges.prefixQueries);
    single('vllm:prefix_cache_hits_total', 'counter', 'Prompt tokens found in the prefix cache.', gauges.prefixHits);
    single('vllm:num_preemptions_total', 'counter', 'Preempted requests; none, blocks are reserved at admission.', 0);
    single('vllm:prompt_tokens_total', 'counter', 'Prompt tokens processed.', this.promptTokens);
    single('vllm:generation_tokens_total', 'counter', 'Tokens generated.', this.generationTokens);
    lines.push('# HELP vllm:request_success_total Requests that ended, by reason.', '# TYPE vllm:request_success_total counter');
    for (const reason of finishReasons) lines.push(`vllm:request_success_total{${labels},finished_reason="${reason}"} ${this.finished[reason]}`);
    for (const [name, histogram] of this.#histograms) {
      const { help, bounds } = histogramDefinitions[name];
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} histogram`);
      let total = 0;
      for (const [index, count] of histogram.counts.entries()) {
        total += count;
        lines.push(`${name}_bucket{${labels},le="${bounds[index] ?? '+Inf'}"} ${total}`);
      }
      lines.push(`${name}_sum{${labels}} ${histogram.sum}`, `${name}_count{${labels}} ${total}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
