import type { RequestTimes } from './definitions.ts';
import { type RequestRecord, sendLatenessMs } from './record.ts';

/** How one distribution is named in the result document, and what is recorded into it for one successful request. */
export interface DistributionDefinition {
  name: string;
  unit: string;
  better: 'lower' | 'higher' | 'neither';
  /** Histogram counts per recorded unit: 1,000 for ms kept in microseconds, 1 for a count. */
  resolution: number;
  /** Recorded unit -> document unit: 0.001 where ms are shown as s. */
  scale: number;
  of(record: RequestRecord, times: RequestTimes): number | null;
}

const sinceSent = (record: RequestRecord, at: number | null) => (at === null || record.sentMs === null ? null : at - record.sentMs);

/** ITL is recorded as chunks arrive (it has many values per request), the others once per request. */
export const itlDefinition: DistributionDefinition = { name: 'itl_ms', unit: 'ms', better: 'lower', resolution: 1000, scale: 1, of: () => null };

export const distributionDefinitions: readonly DistributionDefinition[] = [
  { name: 'ttft_ms', unit: 'ms', better: 'lower', resolution: 1000, scale: 1, of: (_, times) => times.ttftMs },
  { name: 'tpot_ms', unit: 'ms', better: 'lower', resolution: 1000, scale: 1, of: (_, times) => times.tpotMs },
  itlDefinition,
  { name: 'latency_s', unit: 's', better: 'lower', resolution: 1000, scale: 0.001, of: (_, times) => times.latencyMs },
  {
    name: 'last_attempt_latency_s',
    unit: 's',
    better: 'lower',
    resolution: 1000,
    scale: 0.001,
    of: (record) => (record.lastAttemptMs === null ? null : record.endMs - record.lastAttemptMs),
  },
  {
    name: 'attempts',
    unit: 'attempts',
    better: 'lower',
    resolution: 1,
    scale: 1,
    of: (record) => (record.lastAttemptMs === null ? null : record.attempts),
  },
  { name: 'connect_ms', unit: 'ms', better: 'lower', resolution: 1000, scale: 1, of: (record) => record.connectMs },
  { name: 'tls_ms', unit: 'ms', better: 'lower', resolution: 1000, scale: 1, of: (record) => record.tlsMs },
  { name: 'headers_ms', unit: 'ms', better: 'lower', resolution: 1000, scale: 1, of: (record) => sinceSent(record, record.headersMs) },
  {
    name: 'send_lateness_ms',
    unit: 'ms',
    better: 'neither',
    resolution: 1000,
    scale: 1,
    of: sendLatenessMs,
  },
  {
    name: 'generation_tokens_per_sec',
    unit: 'tokens/s',
    better: 'higher',
    resolution: 1000,
    scale: 1,
    of: (_, times) => times.generationTokensPerSecond,
  },
  { name: 'input_tokens', unit: 'tokens', better: 'neither', resolution: 1, scale: 1, of: (record) => record.inputTokens },
  { name: 'output_tokens', unit: 'tokens', better: 'neither', resolution: 1, scale: 1, of: (record) => record.outputTokens },
  { name: 'cached_tokens', unit: 'tokens', better: 'neither', resolution: 1, scale: 1, of: (record) => record.cachedTokens },
  { name: 'request_bytes', unit: 'bytes', better: 'neither', resolution: 1, scale: 1, of: (record) => record.requestBytes },
  { name: 'response_bytes', unit: 'bytes', better: 'neither', resolution: 1, scale: 1, of: (record) => record.responseBytes },
  { name: 'schema_generation_ms', unit: 'ms', better: 'lower', resolution: 1000, scale: 1, of: (record) => record.schemaMs },
  { name: 'schema_registration_ms', unit: 'ms', better: 'lower', resolution: 1000, scale: 1, of: (record) => record.registrationMs },
  { name: 'json_parse_ms', unit: 'ms', better: 'lower', resolution: 1000, scale: 1, of: (record) => record.parseMs },
  { name: 'schema_validation_ms', unit: 'ms', better: 'lower', resolution: 1000, scale: 1, of: (record) => record.validationMs },
  {
    name: 'context_tokens',
    unit: 'tokens',
    better: 'neither',
    resolution: 1,
    scale: 1,
    of: (record) => (record.answerPrint === null || record.inputTokens === null ? null : record.inputTokens + (record.outputTokens ?? 0)),
  },
];
