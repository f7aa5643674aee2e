import type { ErrorKind } from '../protocol/error-kind.ts';

/** What an answer is, held against the schema it should satisfy. */
export const schemaChecks = ['valid', 'invalid_json', 'violation'] as const;
export type SchemaCheck = (typeof schemaChecks)[number];

/**
 * One request as it was, every time in ms from the run's start (the scheduled start of the measured window). What `--log-requests` writes, a line each,
 * and what every definition of a metric is folded from. Null: it did not happen, or the server did not say.
 */
export interface RequestRecord {
  index: number;
  /** Which series it belongs to. */
  series: string;
  /** What the schedule said. In a closed loop the moment its user was free. */
  intendedMs: number;
  /** The first byte was handed to the socket; null when it never was. */
  sentMs: number | null;
  /** The same of its first attempt, where it took several; left out where there was but one. */
  firstSentMs?: number | null;
  /** How many times it was sent; more than 1 only where retries are on. */
  attempts: number;
  /** When the last attempt was started; null where retries are off. */
  lastAttemptMs: number | null;
  /** On a fresh connection only. */
  connectMs: number | null;
  tlsMs: number | null;
  headersMs: number | null;
  /**
   * The socket read that brought the first and the last event of a choice, whatever it held: a role alone, output, a finish reason.
   * Not our idea of a token; definitions of other tools count from it. Null for an answer that was not streamed.
   */
  firstChunkMs: number | null;
  lastChunkMs: number | null;
  /** The socket read that brought the first and the last chunk carrying output. */
  firstOutputMs: number | null;
  lastOutputMs: number | null;
  endMs: number;
  outputChunks: number;
  inputTokens: number | null;
  outputTokens: number | null;
  cachedTokens: number | null;
  reasoningTokens: number | null;
  responseBytes: number;
  streamed: boolean;
  status: number | null;
  finishReason: string | null;
  model: string | null;
  /** What the response header that names replicas said; left out: nobody looked. */
  servedBy?: string | null;
  /** Its kept connection turned out to be closed, and it was sent once more on a fresh one: its times hold both. Left out: no. */
  resent?: boolean;
  /** Bytes of the body that was sent; null for a request without one. */
  requestBytes: number | null;
  /** Time to make the schema that went with the request, and to make it known to the server; before `intendedMs`. Null: there was none. */
  schemaMs: number | null;
  registrationMs: number | null;
  /** Time to parse the answer's JSON and to hold it against the schema, after its end. Null: not asked, or it was no JSON. */
  parseMs: number | null;
  validationMs: number | null;
  schemaCheck: SchemaCheck | null;
  /** Of an answer within a conversation, 52 bits that are alike for texts that are (measure/text-print.ts); null elsewhere. */
  answerPrint: number | null;
  /** Of a retrieval that was held against an exact search: the share of the nearest entries that it found, 0 to 1. Null or left out: it was not. */
  recall?: number | null;
  /** Of a semantic cache: the best match reached the threshold, and whether it should have. */
  hit?: boolean | null;
  hitExpected?: boolean | null;
  error: ErrorKind | null;
  errorMessage: string | null;
}

/** How much later than the schedule said a request was first sent, ms: the client's own delay. Null where its first attempt was not sent, or nobody noted when. */
export function sendLatenessMs({ attempts, firstSentMs, sentMs, intendedMs }: RequestRecord): number | null {
  const first = attempts > 1 ? (firstSentMs ?? null) : sentMs;
  return first === null ? null : first - intendedMs;
}
