/** What a chat request asks of the server of known timings. */
export interface Asked {
  streamed: boolean;
  withUsage: boolean;
  maxTokens: number | null;
  promptTokens: number;
}

/** Null for a body that is no JSON object. */
export function parseBody(body: Buffer): Asked | null {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { stream, stream_options: options, max_tokens: most, max_completion_tokens: mostCompletion } = value as Record<string, unknown>;
  const limit = mostCompletion ?? most;
  return {
    streamed: stream === true,
    withUsage: typeof options === 'object' && options !== null && (options as Record<string, unknown>)['include_usage'] === true,
    maxTokens: typeof limit === 'number' && limit >= 1 ? Math.floor(limit) : null,
    // About four characters to a token: nobody looks closely at what this server was asked.
    promptTokens: Math.max(1, Math.round(body.length / 4)),
  };
}
