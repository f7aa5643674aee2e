/** Whose words an API answers in. */
export type Dialect = 'openai' | 'ollama' | 'anthropic';

/** A refusal, worded as the API that was asked words it. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    options: { type?: string; code?: string | null; param?: string | null; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.type = options.type ?? typeOf(status);
    this.code = options.code ?? null;
    this.param = options.param ?? null;
    this.headers = options.headers ?? {};
  }

  /** OpenAI: `{"error": {message, type, param, code}}`; Ollama: `{"error": message}`; Anthropic: `{"type": "error", "error": {type, message}}`. */
  bodyIn(dialect: Dialect): string {
    const { message, type, param, code } = this;
    if (dialect === 'ollama') return JSON.stringify({ error: message });
    if (dialect === 'anthropic') return JSON.stringify({ type: 'error', error: { type: type === 'server_error' ? 'api_error' : type, message } });
    return JSON.stringify({ error: { message, type, param, code } });
  }
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
