import type { SkippedPart } from '../../result/findings/finding.ts';
import { neighboursOf } from './neighbours.ts';
import type { Plan, scenariosOf } from './plan.ts';

/** The parts of one scenario and the places of their plans; one without parts is its own. */
export type Parts = ReturnType<typeof scenariosOf>[number];

/** What of a scenario is driven. */
export interface Offered {
  offered: Parts;
  skipped: SkippedPart[];
}

/** Whether the part is one that a service may lack: a search beside other parts. By itself it is what was asked for, and its failures are measured. */
export function maySkip(parts: Parts, { scenario }: Plan): boolean {
  return parts.length > 1 && scenario.request.retrieval !== undefined;
}

/**
 * The parts that can be answered, with what their requests should find, and the others with their reasons; a scenario that is nothing else is measured all
 * the same. The exact search that a retrieval is held against takes a while among a million vectors: it is made for what is driven alone.
 * @param lacks why a part cannot be measured, a sentence; null: it can
 * @param tell told of each part that is left out
 */
export async function partsOffered(
  parts: Parts,
  { lacks, tell, signal }: { lacks(plan: Plan): Promise<string | null>; tell(line: string): void; signal: AbortSignal },
): Promise<Offered> {
  const skipped: SkippedPart[] = [];
  const offered: Parts = [];
  for (const part of parts) {
    const reason = maySkip(parts, part.plan) ? await lacks(part.plan) : null;
    if (reason === null) offered.push(part);
    else skipped.push({ scenario: part.plan.scenario, reason });
  }
  if (offered.length === 0) return { offered: await Promise.all(parts.map((part) => withNeighbours(part, signal))), skipped: [] };
  for (const { scenario, reason } of skipped) tell(`${scenario.name} is skipped: ${reason}`);
  return { offered: await Promise.all(offered.map((part) => withNeighbours(part, signal))), skipped };
}

async function withNeighbours({ plan, index }: Parts[number], signal: AbortSignal): Promise<Parts[number]> {
  return { plan: { ...plan, neighbours: await neighboursOf(plan.scenario, signal) }, index };
}
