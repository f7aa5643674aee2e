import type { RequestRecord } from '../../src/measure/record.ts';

/** A streamed request that succeeded: intended at 0, first token after 100 ms, 11 tokens 20 ms apart, ended 5 ms after the last. */
export function recordOf(changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    index: 0,
    series: 'chat',
    intendedMs: 0,
    sentMs: 1,
    attempts: 1,
    lastAttemptMs: null,
    connectMs: null,
    tlsMs: null,
    headersMs: 50,
    firstChunkMs: 60,
    lastChunkMs: 302,
    firstOutputMs: 100,
    lastOutputMs: 300,
    endMs: 305,
    outputChunks: 11,
    inputTokens: 20,
    outputTokens: 11,
    cachedTokens: null,
    reasoningTokens: null,
    responseBytes: 2000,
    streamed: true,
    status: 200,
    finishReason: 'stop',
    model: 'm',
    requestBytes: null,
    schemaMs: null,
    registrationMs: null,
    parseMs: null,
    validationMs: null,
    schemaCheck: null,
    answerPrint: null,
    error: null,
    errorMessage: null,
    ...changes,
  };
}

/** One that failed. */
export function failureOf(changes: Partial<RequestRecord> = {}): RequestRecord {
  return recordOf({
    firstChunkMs: null,
    lastChunkMs: null,
    firstOutputMs: null,
    lastOutputMs: null,
    outputChunks: 0,
    inputTokens: null,
    outputTokens: null,
    finishReason: null,
    model: null,
    status: 500,
    error: 'http_5xx',
    errorMessage: '500: broken',
    ...changes,
  });
}
