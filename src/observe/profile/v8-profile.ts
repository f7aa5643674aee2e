import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { SelfTimes } from './self-times.ts';

const profileSchema = z.object({
  nodes: z.array(z.object({ id: z.number(), callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }) })),
  startTime: z.number(),
  samples: z.array(z.number()).default([]),
  timeDeltas: z.array(z.number()).default([]),
});

/** Not work of the program: V8's own names for waiting and for what it cannot tell. */
const notWork = new Set(['(root)', '(idle)']);

/**
 * Microseconds of each function of a .cpuprofile within a window. V8 stamps its samples by the monotonic clock, which on one machine is everybody's.
 * @param window microseconds of that clock; null: the whole of it
 * @throws Error for what is no such profile
 */
export function selfTimesOfV8(text: string, window: { fromUs: number; toUs: number } | null): SelfTimes {
  const { nodes, startTime, samples, timeDeltas } = profileSchema.parse(JSON.parse(text));
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let atUs = startTime + (timeDeltas[0] ?? 0);
  for (const [index, id] of samples.entries()) {
    // A sample stands for the time until the next one.
    const lasted = timeDeltas[index + 1] ?? 0;
    const name = names.get(id);
    if (name !== undefined && !notWork.has(name) && (window === null || (atUs >= window.fromUs && atUs < window.toUs)))
      times.set(name, (times.get(name) ?? 0) + lasted);
    atUs += lasted;
  }
  return times;
}

/** `score service.js:12`; the folder is left out, because base and head lie in different ones. */
function nameOf({ functionName, url, lineNumber }: { functionName: string; url: string; lineNumber: number }): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const file = placeOf(url).split('/').slice(-2).join('/');
  // A named function keeps its name when lines are put above it; one without is told by its line alone.
  return functionName === '' ? `${name} ${file}:${lineNumber + 1}` : `${name} ${file}`;
}

function placeOf(url: string): string {
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : url;
  } catch {
    return url;
  }
}
