import type { Scenario } from '../../config/scenario/scenario.ts';
import { wireContext } from '../../load/wire.ts';

/** A service that is up, and the headers that every request to it carries. */
export interface Asked {
  baseUrl: string;
  headers: Readonly<Record<string, string>>;
}

/** Sends one request outside a load, to the place and with the headers that the scenario's load sends its own with. */
export function ask(
  scenario: Pick<Scenario, 'request'>,
  { baseUrl, headers: targetHeaders }: Asked,
  { method, path, body }: { method: string; path: string; body: string | undefined },
  signal: AbortSignal,
): Promise<Response> {
  const { basePath, headers } = wireContext({ baseUrl, scenario, targetHeaders, userAgent: 'llm-bench' });
  const named = headers.flatMap((name, index): [string, string][] => (index % 2 === 0 ? [[name, headers[index + 1] as string]] : []));
  return fetch(new URL(baseUrl).origin + basePath + path, { method, headers: named, ...(body === undefined ? {} : { body }), signal });
}
