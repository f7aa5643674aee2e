import { join, relative } from 'node:path';
import type { ProfileConfig } from '../../config/profile.ts';
import type { Profiles } from '../../observe/profile/profiled.ts';
import { summarise } from '../../observe/profile/summary.ts';
import type { Verdict } from '../../verdict/verdict.ts';
import type { MeasureOptions } from '../measure/options.ts';
import { plainShape, type RunShape } from '../measure/shape.ts';
import type { SidePlace } from '../measure/side.ts';
import { profileSide } from './side.ts';

/** Where both sides of a comparison are started for a profile; the base only where it can be. */
export interface ProfiledSides {
  head: { options: MeasureOptions; place: SidePlace };
  base: { options: MeasureOptions; place: SidePlace } | null;
  /** Folder for the head's files; the base's are below it. */
  folder: string;
}

/** Whether the verdict is what `suspicious` means. */
export function isSuspicious({ verdict }: Pick<Verdict, 'verdict'>): boolean {
  return verdict === 'regressed' || verdict === 'inconclusive';
}

/** Whether a profile is wanted now that the verdict is known. */
export function wantsProfile({ when }: Pick<ProfileConfig, 'when'>, verdict: Pick<Verdict, 'verdict'>): boolean {
  return when === 'always' || (when === 'suspicious' && isSuspicious(verdict));
}

/** A start that takes longer is not paid for unasked. */
const longestStartSeconds = 60;

/**
 * Profiles a measured service, and its base, in windows of their own, where the configuration and the verdict ask for it.
 * @param startSeconds how long the service took to start, where that is known
 * @returns null where none is wanted
 */
export async function takeProfiles(sides: ProfiledSides, verdict: Verdict, startSeconds: number | null): Promise<Profiles | null> {
  const { config, shape, env, signal } = sides.head.options;
  if (!wantsProfile(config.profile, verdict) || signal.aborted) return null;
  const asked = config.profile.when === 'always';
  // Nobody wants to see the embedded engine from inside, unless they say so; and what is limited by a budget has used it.
  if (!asked && (config.embedded || isBounded(shape ?? plainShape))) return null;
  if (!asked && (startSeconds ?? 0) > longestStartSeconds)
    return none([`the service takes ${Math.round(startSeconds ?? 0)} s to start, which is not done once more unasked (profile: always does)`]);
  const first = suspect(verdict, config.scenarios[0]?.name ?? null);
  const one = (side: ProfiledSides['head'], folder: string) => profileSide({ ...side, folder, first });
  const head = await one(sides.head, sides.folder);
  if ('reasons' in head) return none(head.reasons);
  const base = sides.base === null ? null : await one(sides.base, join(sides.folder, 'base'));
  const lacking = base !== null && 'reasons' in base ? base.reasons.map((reason) => `base: ${reason}`) : [];
  const before = base === null || 'reasons' in base ? null : base;
  const profiles = await summarise(head, before, { env, name: (file) => shownPath(config.root, file) });
  return { ...profiles, problems: [...profiles.problems, ...lacking] };
}

function isBounded({ maxTotalTokens, maxCost, shard }: RunShape): boolean {
  return maxTotalTokens !== null || maxCost !== null || shard.count > 1;
}

function none(reasons: readonly string[]): Profiles {
  return { cpu: null, memory: null, changed: null, problems: [`no profile was taken: ${reasons.join('; ')}`] };
}

/** The scenario of the first row that is not well. */
function suspect({ series }: Verdict, fallback: string | null): string | null {
  const row = series.find(({ verdict }) => verdict === 'regressed') ?? series.find(({ verdict }) => verdict === 'inconclusive');
  return row?.series.split('/')[0] ?? fallback;
}

/** Relative to the configuration's folder where it is below that: the same on every machine. */
export function shownPath(root: string, file: string): string {
  const below = relative(root, file);
  return below.startsWith('..') ? file : below;
}
