import type { Scenario } from '../../config/scenario/scenario.ts';
import { type Asked, ask } from './ask.ts';

const patienceMs = 10_000;
/** What servers answer for an address, or a method, that they do not have. */
const nothingThere: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Why a part of a scenario cannot be measured at this service: a search of vectors is an endpoint of its own, which most servers of models do not offer. Asked
 * with an empty body, which a server that offers it refuses by another status.
 * @returns a sentence; null where the endpoint is there, or where only measuring can tell
 */
export async function lackingEndpoint(scenario: Pick<Scenario, 'request'>, service: Asked, signal: AbortSignal): Promise<string | null> {
  const { template, retrieval } = scenario.request;
  if (retrieval === undefined || template === undefined) return null;
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    const response = await ask(scenario, service, { method: template.method ?? 'POST', path: template.path, body: '{}' }, bounded);
    await response.body?.cancel();
    return nothingThere.has(response.status) ? `the target does not offer ${template.path} (status ${response.status})` : null;
  } catch {
    return null;
  }
}
