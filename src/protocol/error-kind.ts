/** Why a request failed. Listed in docs/metrics.md; the names are a public contract of the result document. */
export const errorKinds = [
  'refused',
  'reset',
  'dns',
  'tls',
  'timeout_connect',
  'timeout_first_token',
  'timeout_idle',
  'timeout_total',
  'http_4xx',
  'rate_limited',
  'http_5xx',
  'truncated',
  'stream_error',
  'malformed',
  'too_large',
  'wrong_model',
  'out_of_memory',
  'cancelled',
  'client_limit',
] as const;
export type ErrorKind = (typeof errorKinds)[number];

/** A request was given up because it took too long. */
export const timeoutKinds: readonly ErrorKind[] = ['timeout_connect', 'timeout_first_token', 'timeout_idle', 'timeout_total'];
