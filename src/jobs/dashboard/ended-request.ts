import { ownTimes } from '../../measure/definitions.ts';
import type { RequestRecord } from '../../measure/record.ts';
import type { EndedRequest } from '../../publish/dashboard/collector.ts';

/** What live figures are made of. */
export function endedRequest(record: RequestRecord): EndedRequest {
  const { latencyMs, ttftMs } = ownTimes(record);
  return { latencyMs, ttftMs, outputTokens: record.outputTokens ?? 0, error: record.error };
}
