import type { Scenario } from '../../config/scenario/scenario.ts';
import { type Asked, ask } from './ask.ts';

const answers = 20;
const patienceMs = 10_000;

/**
 * How long the answers of a plain HTTP scenario take to parse as JSON, in ms: measured on answers fetched after the load, because parsing within it would
 * be work of the client. Null where an answer is no JSON or none comes.
 */
export async function parseTime(
  scenario: Scenario,
  service: Asked,
  signal: AbortSignal,
): Promise<{ p50: number; max: number; answers: number } | null> {
  const { method = 'GET', path = '/', body } = scenario.request;
  const taken: number[] = [];
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  try {
    for (let index = 0; index < answers; index++) {
      const response = await ask(scenario, service, { method, path, body: body?.replaceAll('${index}', String(index)) }, bounded);
      const text = await response.text();
      if (!response.ok) return null;
      const began = performance.now();
      JSON.parse(text);
      taken.push(performance.now() - began);
    }
  } catch {
    return null;
  }
  const ascending = taken.sort((a, b) => a - b);
  return { p50: ascending[answers / 2] as number, max: ascending.at(-1) as number, answers };
}
