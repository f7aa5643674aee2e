import type { Statistic } from '../document.ts';
import { has, isoOf, loadId, type Members, numberOf, summaryOf, textOf } from './fields.ts';
import type { ImportFormat, RunReading } from './format.ts';
import { errorRate, llmMeasures } from './llm.ts';

/** `mean_ttft_ms`, `median_ttft_ms`, `p99_ttft_ms`, ...: how vLLM and SGLang name a statistic of a time. */
function flatSummary(run: Members, time: string, factor = 1): Partial<Record<Statistic, number>> {
  const names = {
    mean: `mean_${time}_ms`,
    p50: [`median_${time}_ms`, `p50_${time}_ms`],
    stddev: `std_${time}_ms`,
    p90: `p90_${time}_ms`,
    p95: `p95_${time}_ms`,
    p99: `p99_${time}_ms`,
    p999: `p99.9_${time}_ms`,
    max: `max_${time}_ms`,
  };
  return summaryOf(run, names, factor);
}

/** The measures that vLLM and SGLang report under the same names. @param latency what they call the time of a whole answer */
export function servingMeasures(run: Members, latency: string) {
  return {
    ttft_ms: flatSummary(run, 'ttft'),
    tpot_ms: flatSummary(run, 'tpot'),
    itl_ms: flatSummary(run, 'itl'),
    latency_s: flatSummary(run, latency, 1e-3),
    tokens_per_sec: numberOf(run['output_throughput']),
    requests_per_sec: numberOf(run['request_throughput']),
  };
}

const known = ['request_throughput', 'output_throughput', 'completed'] as const;

/** `vllm bench serve --save-result`; `--append-result` writes one object a line. */
export const vllm: ImportFormat = {
  name: 'vllm',
  title: 'the JSON of `vllm bench serve --save-result`',
  matches: ({ json, jsonLines }) => has(jsonLines ? jsonLines[0] : json, ...known, 'model_id'),
  read: ({ json, jsonLines }) => {
    const runs = (jsonLines ?? [json]) as Members[];
    return { runs: runs.filter((run) => has(run, ...known)).map(runOf), sessions: runs.length, model: textOf(runs[0]?.['model_id']) };
  },
};

function runOf(run: Members): RunReading {
  const completed = numberOf(run['completed']);
  const prompts = numberOf(run['num_prompts']);
  const failed = numberOf(run['failed']) ?? (prompts !== null && completed !== null && prompts >= completed ? prompts - completed : null);
  const { series, labels } = loadId('vllm', { request_rate: run['request_rate'], max_concurrency: run['max_concurrency'] });
  return {
    started: isoOf(dateOf(run['date'])),
    durationSeconds: numberOf(run['duration']),
    requests: failed === null || completed === null ? completed : failed + completed,
    failed,
    concurrency: numberOf(run['max_concurrency']),
    measures: llmMeasures(series, labels, completed, { ...servingMeasures(run, 'e2el'), error_rate: errorRate(failed, completed) }),
  };
}

/** `20250131-154500` (local time of the machine; taken as UTC) as ISO 8601. */
function dateOf(date: unknown): unknown {
  const parts = typeof date === 'string' ? /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/.exec(date) : null;
  return parts ? `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z` : date;
}
