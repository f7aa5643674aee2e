import { has, loadId, type Members, numberOf, textOf } from './fields.ts';
import type { ImportFormat, RunReading } from './format.ts';
import { llmMeasures } from './llm.ts';
import { servingMeasures } from './vllm.ts';

const known = ['request_throughput', 'output_throughput', 'completed', 'mean_e2e_latency_ms'] as const;

/** `python -m sglang.bench_serving --output-file`: a line for each run. */
export const sglang: ImportFormat = {
  name: 'sglang',
  title: 'the JSON lines of `sglang.bench_serving --output-file`',
  matches: ({ json, jsonLines }) => has(jsonLines ? jsonLines[0] : json, ...known),
  read: ({ json, jsonLines }) => {
    const runs = (jsonLines ?? [json]).filter((run): run is Members => has(run, ...known));
    return { runs: runs.map(runOf), sessions: runs.length, model: textOf(runs[0]?.['model'] ?? runs[0]?.['model_id']) };
  },
};

function runOf(run: Members): RunReading {
  const completed = numberOf(run['completed']);
  const { series, labels } = loadId('sglang', { request_rate: run['request_rate'], max_concurrency: run['max_concurrency'] });
  return {
    durationSeconds: numberOf(run['duration']),
    requests: completed,
    concurrency: numberOf(run['max_concurrency']),
    measures: llmMeasures(series, labels, completed, servingMeasures(run, 'e2e_latency')),
  };
}
