import type { RequestSpec, WireContext } from './protocol.ts';

const endpoints = new Map<string, string>();

/**
 * Where a wire's requests go: the version segment `/v1` is added unless base_url has one of its own (`/v1`, `/openai/v1`, `/api/paas/v4`), and
 * a base_url that names the whole endpoint is taken as it is.
 */
export function endpoint(basePath: string, name: string): string {
  const key = `${basePath}\n${name}`;
  let path = endpoints.get(key);
  if (path === undefined) {
    if (basePath.endsWith(`/${name}`)) path = basePath;
    else path = /\/v\d+[a-z0-9]*(?:\/|$)/.test(basePath) ? `${basePath}/${name}` : `${basePath}/v1/${name}`;
    endpoints.set(key, path);
  }
  return path;
}

/** The JSON body. Null members are left out; `extraBody` comes last and so wins, and a `max_completion_tokens` in it takes the place of `max_tokens`. */
export function encodeBody(spec: RequestSpec, context: WireContext, input: Record<string, unknown>): Buffer {
  const body: Record<string, unknown> = {};
  if (spec.model !== null) body['model'] = spec.model;
  Object.assign(body, input);
  if (spec.stream) {
    body['stream'] = true;
    if (context.includeUsage || context.continuousUsage) {
      body['stream_options'] = context.continuousUsage ? { include_usage: true, continuous_usage_stats: true } : { include_usage: true };
    }
  }
  if (spec.maxTokens !== null && spec.extraBody['max_completion_tokens'] === undefined) body['max_tokens'] = spec.maxTokens;
  if (spec.minTokens !== null) body['min_tokens'] = spec.minTokens;
  if (spec.ignoreEos) body['ignore_eos'] = true;
  if (spec.temperature !== null) body['temperature'] = spec.temperature;
  if (spec.schema) {
    const { name, schema, strict } = spec.schema;
    body['response_format'] = { type: 'json_schema', json_schema: { name, ...(strict === null ? {} : { strict }), schema } };
  }
  Object.assign(body, spec.extraBody);
  return Buffer.from(JSON.stringify(body), 'utf8');
}
