import { aiperf, genaiPerf } from './aiperf.ts';
import { criterion } from './criterion.ts';
import { custom } from './custom.ts';
import type { ImportFormat } from './format.ts';
import { goBench } from './go-bench.ts';
import { googleBenchmark } from './google-benchmark.ts';
import { guidellm } from './guidellm.ts';
import { hyperfine } from './hyperfine.ts';
import { inferencePerf } from './inference-perf.ts';
import { jmh } from './jmh.ts';
import { k6 } from './k6.ts';
import { llmperf } from './llmperf.ts';
import { locust } from './locust.ts';
import { pytestBenchmark } from './pytest-benchmark.ts';
import { sglang } from './sglang.ts';
import { vitest } from './vitest.ts';
import { vllm } from './vllm.ts';
import { wrk } from './wrk.ts';

/** Every format that is read, in the order in which a file is tried: what is alike stands with the stricter one first. */
export const importFormats: readonly ImportFormat[] = [
  sglang,
  vllm,
  guidellm,
  aiperf,
  genaiPerf,
  inferencePerf,
  llmperf,
  k6,
  locust,
  wrk,
  goBench,
  pytestBenchmark,
  googleBenchmark,
  criterion,
  hyperfine,
  vitest,
  jmh,
  custom,
];

export const importFormatNames: readonly string[] = importFormats.map(({ name }) => name);
