import { type Definition, ownTimes, type RequestTimes } from './definitions.ts';
import type { RequestRecord } from './record.ts';

/** Whose definitions a result can be folded under besides our own. */
export const compatNames = ['vllm', 'guidellm', 'aiperf', 'inference-perf', 'mlperf', 'suite'] as const;
export type CompatName = (typeof compatNames)[number];

/** Another tool's definitions, for the same stamps. docs/compat.md sets them side by side. */
export interface CompatDefinition extends Definition {
  name: CompatName;
  /** What people call the tool. */
  title: string;
  /** Where the definitions are taken from: repository, file and version that was read. */
  source: string;
  /** Where our stamps cannot say what the tool would; null when they can. */
  difference: string | null;
}

/** When a client that stamps before it asks its pool for a connection would have begun: the connection's own time counts. */
export function issuedMs({ intendedMs, sentMs, connectMs, tlsMs }: RequestRecord): number {
  return sentMs === null ? intendedMs : Math.max(intendedMs, sentMs - (connectMs ?? 0) - (tlsMs ?? 0));
}

const sentAt = ({ intendedMs, sentMs }: RequestRecord): number => sentMs ?? intendedMs;
const per = (ms: number | null, steps: number): number | null => (ms !== null && steps > 0 ? ms / steps : null);
const stepsOf = ({ outputTokens }: RequestRecord): number => (outputTokens ?? 0) - 1;
const streamedAt = (record: RequestRecord, at: number | null): number | null => (record.streamed ? at : null);

/** The four times of a definition that begins, has its first token and ends at given moments, and divides what is left by the tokens after the first. */
function timesFrom(record: RequestRecord, beganMs: number, firstMs: number | null, endMs: number): RequestTimes {
  const ttftMs = firstMs === null ? null : firstMs - beganMs;
  const latencyMs = endMs - beganMs;
  const tpotMs = ttftMs === null ? null : per(latencyMs - ttftMs, stepsOf(record));
  return { latencyMs, ttftMs, tpotMs, generationTokensPerSecond: ownTimes(record).generationTokensPerSecond };
}

const successful = (succeeded: number) => succeeded;

const vllm: CompatDefinition = {
  name: 'vllm',
  title: 'vLLM bench serve',
  source:
    'vllm-project/vllm, vllm/benchmarks/lib/endpoint_request_func.py (async_request_openai_chat_completions, at 02cfb534) and vllm/benchmarks/serve.py (calculate_metrics)',
  difference: 'an event of a choice that holds neither role, output nor finish reason is no chunk here; vLLM counts it as one',
  times: (record) => {
    const began = issuedMs(record);
    return timesFrom(record, began, streamedAt(record, record.firstChunkMs), streamedAt(record, record.lastChunkMs) ?? record.endMs);
  },
  gaps: 'chunks',
  ratedRequests: successful,
};

const guidellm: CompatDefinition = {
  name: 'guidellm',
  title: 'GuideLLM',
  source: 'vllm-project/guidellm, src/guidellm/schemas/request_stats.py (GenerativeRequestStats, at 06cef291)',
  difference: 'requests count alike in each distribution; versions before 0.4 weigh a request by its tokens',
  times: (record) => {
    const began = issuedMs(record);
    const times = timesFrom(record, began, streamedAt(record, record.firstOutputMs), record.endMs);
    const lastMs = streamedAt(record, record.lastOutputMs) ?? record.endMs;
    const { firstOutputMs } = record;
    return {
      ...times,
      tpotMs: per(lastMs - began, record.outputTokens ?? 0),
      itlMs: times.ttftMs === null || firstOutputMs === null ? null : per(lastMs - firstOutputMs, stepsOf(record)),
    };
  },
  gaps: 'none',
  ratedRequests: successful,
};

const aiperf: CompatDefinition = {
  name: 'aiperf',
  title: 'AIPerf',
  source: 'ai-dynamo/aiperf, docs/metrics_reference.md (at 25f81175)',
  difference: 'AIPerf has no TPOT: its inter-token latency, a mean per request, stands as both; it counts tokens with its own tokenizer',
  times: (record) => {
    const lastMs = streamedAt(record, record.lastOutputMs) ?? record.endMs;
    const beganMs = issuedMs(record);
    const times = timesFrom(record, beganMs, streamedAt(record, record.firstOutputMs), lastMs);
    const itlMs = record.outputChunks < 2 ? null : times.tpotMs;
    return { ...times, tpotMs: itlMs, itlMs, beganMs };
  },
  gaps: 'none',
  ratedRequests: successful,
};

const inferencePerf: CompatDefinition = {
  name: 'inference-perf',
  title: 'inference-perf',
  source:
    'kubernetes-sigs/inference-perf, inference_perf/reportgen/base.py (compute_request_latency_metrics, at 010d12fb) and inference_perf/apis/streaming_parser.py',
  difference:
    'its TPOT and inter-token latency leave reasoning out, which one pair of stamps cannot; its tokens are those of its own tokenizer unless told otherwise',
  times: (record) => {
    const own = ownTimes(record);
    const beganMs = issuedMs(record);
    const tokensSeen = Math.max(record.outputChunks, record.outputTokens ?? 0);
    const first = tokensSeen > 1 ? streamedAt(record, record.firstOutputMs) : null;
    const streamed = first === null ? { ttftMs: null, tpotMs: null } : { ttftMs: first - beganMs, tpotMs: own.tpotMs };
    return { ...own, ...streamed, latencyMs: record.endMs - beganMs, beganMs };
  },
  gaps: 'arrivals',
  ratedRequests: successful,
};

const mlperf: CompatDefinition = {
  name: 'mlperf',
  title: 'MLPerf LoadGen, server scenario',
  source: 'mlcommons/inference, loadgen/results.cc (PerformanceSummary, at 05a9cec3) and loadgen/logging.cc (token latencies), loadgen 4.1',
  difference: 'LoadGen has no inter-token latency; a first token is what the system under test reports as one, here the first chunk with output',
  times: (record) => timesFrom(record, record.intendedMs, streamedAt(record, record.firstOutputMs), record.endMs),
  gaps: 'none',
  ratedRequests: (succeeded) => Math.max(0, succeeded - 1),
};

const suite: CompatDefinition = {
  name: 'suite',
  title: 'the LLM inference suite',
  source: 'its metric definitions: TTFT and latency from the request sent, TPOT = (total latency - TTFT) / (tokens generated - 1)',
  difference: null,
  times: (record) => timesFrom(record, sentAt(record), streamedAt(record, record.firstOutputMs), record.endMs),
  gaps: 'tokens',
  ratedRequests: (succeeded, failed) => succeeded + failed,
};

const definitions: Readonly<Record<CompatName, CompatDefinition>> = {
  vllm,
  guidellm,
  aiperf,
  'inference-perf': inferencePerf,
  mlperf,
  suite,
};

/** The definitions of a tool by its name on the command line. */
export function compatDefinition(name: CompatName): CompatDefinition {
  return definitions[name];
}

/** What a result under another tool's definitions says of itself. */
export function compatNote({ title, source, difference }: CompatDefinition): string {
  return `times and rates by the definitions of ${title} (${source})${difference === null ? '' : `; ${difference}`}`;
}
