import { join } from 'node:path';
import type { Profiles } from '../../observe/profile/profiled.ts';
import type { ResultDocument } from '../../result/document.ts';
import { addProfiles, type ProfileMember } from '../../result/profiles.ts';
import { overall } from '../../verdict/overall.ts';
import type { Verdict } from '../../verdict/verdict.ts';
import { profileComponents } from '../component/go-profile.ts';
import type { ComponentBench } from '../component/run.ts';
import type { MeasureOptions } from '../measure/options.ts';
import { shownPath, takeProfiles, wantsProfile } from '../profile/profiles.ts';
import { type GateOptions, profilesFolder } from './options.ts';

/** Profiles by the member of the result that holds them; a part that is not wanted is left out. */
export type PartProfiles = Partial<Record<ProfileMember, Profiles>>;

/** What a job measured of the head alone; null where it has no such part. */
export interface GateParts {
  service: { document: ResultDocument | null; startSeconds: number | null; options: MeasureOptions } | null;
  components: ComponentBench | null;
}

/** The commands of a side may take no longer than this to be profiled, all together. */
const componentSeconds = 120;

/** Takes the profiles that a verdict on the head alone asks for: the service's by the rows of its series, the components' by all others. */
export async function takeGateProfiles(options: GateOptions, { service, components }: GateParts, verdict: Verdict): Promise<PartProfiles> {
  const own = new Set(service?.document?.series.map(({ id }) => id) ?? []);
  const part = (isIn: (series: string) => boolean): Verdict => {
    const series = verdict.series.filter((row) => isIn(row.series));
    const rows = series.map((row) => row.verdict);
    return { ...verdict, series, verdict: overall(rows, verdict.verdict !== 'invalid') };
  };
  const taken: PartProfiles = {};
  if (service !== null) {
    // The head alone: its base is measured only where both are measured in turn.
    const sides = { head: { options: service.options, place: {} }, base: null, folder: profilesFolder(options) };
    const profiles = await takeProfiles(
      sides,
      part((series) => own.has(series)),
      service.startSeconds,
    );
    if (profiles !== null) taken.profiles = profiles;
  }
  if (components !== null) {
    const others = part((series) => !own.has(series));
    const profiles = await takeComponentProfiles(options, { head: components, base: null }, others, service !== null);
    if (profiles !== null) taken[memberOf(service !== null)] = profiles;
  }
  return taken;
}

/**
 * Profiles the components of a job, and their base's, where the configuration and the verdict on them ask for it.
 * @param besideService the service's own profiles lie in the same folder
 */
export async function takeComponentProfiles(
  options: GateOptions,
  benches: { head: ComponentBench; base: ComponentBench | null },
  verdict: Pick<Verdict, 'verdict'>,
  besideService: boolean,
): Promise<Profiles | null> {
  const { config, env, signal, log } = options;
  if (!wantsProfile(config.profile, verdict) || signal.aborted) return null;
  log.info('profiling the component benchmarks');
  const folder = besideService ? join(profilesFolder(options), 'components') : profilesFolder(options);
  const flags = { only: null, quick: true, once: true };
  return profileComponents(benches, { folder, flags, env, budgetSeconds: componentSeconds, name: (file) => shownPath(config.root, file) });
}

/** Where the result of a job holds the profiles of its components. */
export const memberOf = (besideService: boolean): ProfileMember => (besideService ? 'component_profiles' : 'profiles');

/** Puts what was taken into a result. Changes the document. */
export function addPartProfiles(document: ResultDocument, { profiles, component_profiles: components }: PartProfiles): void {
  if (profiles !== undefined) addProfiles(document, profiles);
  if (components !== undefined) addProfiles(document, components, 'component_profiles');
}
