import { isObject } from '../config/is-object.ts';
import type { Profiles } from '../observe/profile/profiled.ts';
import type { ResultDocument } from './document.ts';

/** Where a result holds profiles: of what was measured, and of components that were measured beside a service. */
export const profileMembers = ['profiles', 'component_profiles'] as const;
export type ProfileMember = (typeof profileMembers)[number];

/** Puts profiles into a result; what could not be had is one warning each in its validity. Changes the document. */
export function addProfiles(document: ResultDocument, profiles: Profiles, member: ProfileMember = 'profiles'): void {
  document[member] = profiles;
  const name = member === 'profiles' ? 'profile' : 'component_profile';
  document.validity.checks.push(...profiles.problems.map((detail) => ({ name, ok: false, severity: 'advice' as const, detail })));
}

/** The profiles of a result, missing parts as null; null where it has none or they are not ours. */
export function profilesOf(document: ResultDocument, member: ProfileMember = 'profiles'): Profiles | null {
  const written = document[member];
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
