import type { Profiles } from '../observe/profile/profiled.ts';
import { isObject } from '../protocol/classify-value.ts';
import type { ResultDocument } from './document.ts';

/** Puts profiles into a result; what could not be had is one warning each in its validity. Changes the document. */
export function addProfiles(document: ResultDocument, profiles: Profiles): void {
  document['profiles'] = profiles;
  document.validity.checks.push(...profiles.problems.map((detail) => ({ name: 'profile', ok: false, severity: 'advice' as const, detail })));
}

/** The profiles of a result, missing parts as null; null where it has none or they are not ours. */
export function profilesOf(document: ResultDocument): Profiles | null {
  const written = document['profiles'];
  if (!isObject(written)) return null;
  const one = (value: unknown): Profiles['cpu'] => (isObject(value) ? { file: String(value['file'] ?? ''), top: functionsOf(value['top']) } : null);
  const { changed, taken_by: takenBy, seconds, goroutines, problems } = written;
  return {
    cpu: one(written['cpu']),
    memory: one(written['memory']),
    changed: isObject(changed) ? { cpu: functionsOf(changed['cpu']), memory: functionsOf(changed['memory']) } : null,
    problems: Array.isArray(problems) ? problems.filter((problem) => typeof problem === 'string') : [],
    taken_by: typeof takenBy === 'string' ? (takenBy as NonNullable<Profiles['taken_by']>) : null,
    seconds: typeof seconds === 'number' ? seconds : null,
    goroutines: isObject(goroutines)
      ? { file: String(goroutines['file'] ?? ''), total: typeof goroutines['total'] === 'number' ? goroutines['total'] : null }
      : null,
  };
}

function functionsOf(value: unknown): { function: string; flat: string; flat_percent: number }[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    if (!isObject(one)) return [];
    const { function: name, flat, flat_percent: percent } = one;
    return typeof name === 'string' && typeof percent === 'number' ? [{ function: name, flat: String(flat ?? ''), flat_percent: percent }] : [];
  });
}
