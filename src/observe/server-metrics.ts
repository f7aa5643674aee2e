import type { ServerPreset } from '../config/observe.ts';
import type { Gauge } from './sampler.ts';

/** One quantity that a metrics page tells of a server. */
export interface ServerMetric extends Gauge {
  /** Expressions of which the first that the page has counts: servers rename their series. A `histogram` is a bare selector. */
  of: readonly string[];
  /** A whole distribution instead of one value. */
  histogram?: true;
  /** What one unit of the page is here: 1,000 for seconds told in ms. */
  scale?: number;
}

const ms = (name: string, ...of: string[]): ServerMetric => ({ name, unit: 'ms', better: 'lower', of, histogram: true, scale: 1000 });
const gauge = (name: string, unit: string, better: Gauge['better'], ...of: string[]): ServerMetric => ({ name, unit, better, of });
const percent = (name: string, better: Gauge['better'], ...of: string[]): ServerMetric => ({ name, unit: '%', better, of, scale: 100 });

/**
 * What each kind of server tells, by the names of its own documentation: vLLM (docs, Production Metrics), llama.cpp (tools/server README, --metrics), Text
 * Generation Inference (docs, Metrics), SGLang (docs, Production Metrics), the Gateway API inference extension that llm-d routes by, NVIDIA's DCGM exporter
 * (field identifiers), and the Go client library's collectors.
 */
export const serverPresets: Readonly<Record<ServerPreset, readonly ServerMetric[]>> = {
  vllm: [
    ms('server_ttft_ms', 'vllm:time_to_first_token_seconds'),
    ms('server_latency_ms', 'vllm:e2e_request_latency_seconds'),
    ms('server_itl_ms', 'vllm:inter_token_latency_seconds', 'vllm:time_per_output_token_seconds'),
    ms('server_queue_ms', 'vllm:request_queue_time_seconds'),
    ms('server_prefill_ms', 'vllm:request_prefill_time_seconds'),
    ms('server_decode_ms', 'vllm:request_decode_time_seconds'),
    ms('server_inference_ms', 'vllm:request_inference_time_seconds'),
    gauge('server_requests_running', 'count', 'neither', 'vllm:num_requests_running'),
    gauge('server_requests_waiting', 'count', 'lower', 'vllm:num_requests_waiting'),
    percent('server_kv_cache_percent', 'lower', 'avg(vllm:kv_cache_usage_perc)', 'avg(vllm:gpu_cache_usage_perc)'),
    percent(
      'server_cache_hit_percent',
      'higher',
      'increase(vllm:prefix_cache_hits_total) / increase(vllm:prefix_cache_queries_total)',
      'increase(vllm:gpu_prefix_cache_hits_total) / increase(vllm:gpu_prefix_cache_queries_total)',
    ),
    percent(
      'server_speculative_acceptance_percent',
      'higher',
      'increase(vllm:spec_decode_num_accepted_tokens_total) / increase(vllm:spec_decode_num_draft_tokens_total)',
    ),
    gauge('server_preemptions', 'count', 'lower', 'increase(vllm:num_preemptions_total)'),
    gauge('server_prompt_tokens_per_sec', 'tokens/s', 'higher', 'rate(vllm:prompt_tokens_total)'),
    gauge('server_generation_tokens_per_sec', 'tokens/s', 'higher', 'rate(vllm:generation_tokens_total)'),
  ],
  'llama.cpp': [
    gauge('server_requests_running', 'count', 'neither', 'llamacpp:requests_processing'),
    gauge('server_requests_waiting', 'count', 'lower', 'llamacpp:requests_deferred'),
    percent('server_kv_cache_percent', 'lower', 'llamacpp:kv_cache_usage_ratio'),
    gauge('server_prompt_tokens_per_sec', 'tokens/s', 'higher', 'rate(llamacpp:prompt_tokens_total)'),
    gauge('server_generation_tokens_per_sec', 'tokens/s', 'higher', 'rate(llamacpp:tokens_predicted_total)'),
    gauge(
      'server_prefill_speed_tokens_per_sec',
      'tokens/s',
      'higher',
      'increase(llamacpp:prompt_tokens_total) / increase(llamacpp:prompt_seconds_total)',
    ),
    gauge(
      'server_decode_speed_tokens_per_sec',
      'tokens/s',
      'higher',
      'increase(llamacpp:tokens_predicted_total) / increase(llamacpp:tokens_predicted_seconds_total)',
    ),
    gauge('server_busy_slots', 'count', 'neither', 'llamacpp:n_busy_slots_per_decode'),
  ],
  tgi: [
    ms('server_latency_ms', 'tgi_request_duration'),
    ms('server_queue_ms', 'tgi_request_queue_duration'),
    ms('server_inference_ms', 'tgi_request_inference_duration'),
    ms('server_itl_ms', 'tgi_request_mean_time_per_token_duration'),
    gauge('server_requests_running', 'count', 'neither', 'tgi_batch_current_size'),
    gauge('server_requests_waiting', 'count', 'lower', 'tgi_queue_size'),
    gauge('server_generation_tokens_per_sec', 'tokens/s', 'higher', 'rate(tgi_request_generated_tokens_sum)'),
    percent(
      'server_speculative_acceptance_percent',
      'higher',
      'increase(tgi_request_skipped_tokens_sum) / increase(tgi_request_generated_tokens_sum)',
    ),
  ],
  sglang: [
    ms('server_ttft_ms', 'sglang:time_to_first_token_seconds'),
    ms('server_latency_ms', 'sglang:e2e_request_latency_seconds'),
    ms('server_itl_ms', 'sglang:inter_token_latency_seconds', 'sglang:time_per_output_token_seconds'),
    ms('server_queue_ms', 'sglang:queue_time_seconds'),
    gauge('server_requests_running', 'count', 'neither', 'sglang:num_running_reqs'),
    gauge('server_requests_waiting', 'count', 'lower', 'sglang:num_queue_reqs'),
    percent('server_kv_cache_percent', 'lower', 'avg(sglang:token_usage)'),
    percent('server_cache_hit_percent', 'higher', 'avg(sglang:cache_hit_rate)'),
    gauge('server_speculative_accept_length', 'tokens', 'higher', 'avg(sglang:spec_accept_length)'),
    gauge('server_prompt_tokens_per_sec', 'tokens/s', 'higher', 'rate(sglang:prompt_tokens_total)'),
    gauge('server_generation_tokens_per_sec', 'tokens/s', 'higher', 'rate(sglang:generation_tokens_total)'),
  ],
  'llm-d': [
    ms('server_latency_ms', 'inference_objective_request_duration_seconds', 'inference_model_request_duration_seconds'),
    ms('server_scheduler_ms', 'inference_extension_scheduler_e2e_duration_seconds'),
    percent('server_kv_cache_percent', 'lower', 'avg(inference_pool_average_kv_cache_utilization)'),
    gauge('server_requests_waiting', 'count', 'lower', 'avg(inference_pool_average_queue_size)'),
    gauge('server_ready_replicas', 'count', 'higher', 'inference_pool_ready_pods'),
    percent(
      'server_cache_hit_percent',
      'higher',
      'increase(inference_extension_prefix_indexer_hit_ratio_sum) / increase(inference_extension_prefix_indexer_hit_ratio_count)',
    ),
  ],
  dcgm: [
    gauge('gpu_utilisation_percent', '%', 'neither', 'avg(DCGM_FI_DEV_GPU_UTIL)'),
    gauge('gpu_memory_mb', 'MiB', 'lower', 'DCGM_FI_DEV_FB_USED'),
    gauge('gpu_power_watts', 'W', 'lower', 'DCGM_FI_DEV_POWER_USAGE'),
    gauge('gpu_temperature_celsius', '°C', 'lower', 'max(DCGM_FI_DEV_GPU_TEMP)'),
    gauge('gpu_sm_clock_mhz', 'MHz', 'neither', 'avg(DCGM_FI_DEV_SM_CLOCK)'),
    { name: 'gpu_energy_joules', unit: 'J', better: 'lower', of: ['increase(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION)'], scale: 0.001 },
  ],
  go: [
    gauge('server_goroutines', 'count', 'lower', 'go_goroutines'),
    { name: 'server_heap_mb', unit: 'MB', better: 'lower', of: ['go_memstats_heap_alloc_bytes'], scale: 1e-6 },
    { name: 'server_heap_in_use_mb', unit: 'MB', better: 'lower', of: ['go_memstats_heap_inuse_bytes'], scale: 1e-6 },
    { name: 'server_gc_pause_ms_per_sec', unit: 'ms/s', better: 'lower', of: ['rate(go_gc_duration_seconds_sum)'], scale: 1000 },
    { name: 'server_allocated_mb_per_sec', unit: 'MB/s', better: 'lower', of: ['rate(go_memstats_alloc_bytes_total)'], scale: 1e-6 },
  ],
};
