import type { Scenario } from '../config/scenario/scenario.ts';
import type { WireContext } from '../protocol/protocol.ts';
import { protocolOf } from '../protocol/registry.ts';

/**
 * What is the same for every request: where it goes and the headers it carries. A base URL that ends in /v1 is taken as the API's root,
 * as most clients are configured with.
 */
export function wireContext(options: {
  baseUrl: string;
  scenario: { request: Pick<Scenario['request'], 'api' | 'stream' | 'body' | 'headers'> };
  targetHeaders: Readonly<Record<string, string>>;
  userAgent: string;
}): WireContext {
  const { baseUrl, scenario } = options;
  const isHttp = scenario.request.api === 'http';
  const path = new URL(baseUrl).pathname.replace(/\/+$/, '');
  const headers = new Map<string, string>([['user-agent', options.userAgent]]);
  if (!isHttp || scenario.request.body !== undefined) headers.set('content-type', 'application/json');
  headers.set('accept', isHttp ? '*/*' : 'text/event-stream, application/json');
  for (const [name, value] of Object.entries(protocolOf(scenario.request)?.headers ?? {})) headers.set(name, value);
  for (const [name, value] of Object.entries({ ...options.targetHeaders, ...scenario.request.headers })) headers.set(name.toLowerCase(), value);
  return {
    basePath: isHttp || scenario.request.api === 'template' ? path : path.replace(/\/v1$/, ''),
    headers: [...headers].flat(),
    includeUsage: true,
    continuousUsage: scenario.request.stream && !isHttp,
  };
}
