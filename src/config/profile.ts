import * as z from 'zod';
import { positiveDurationSchema } from './duration.ts';

/** When profiles of what is measured are taken; `suspicious`: when the verdict is regressed or inconclusive. */
export const profileValues = ['always', 'suspicious', 'never'] as const;
export type ProfileWhen = (typeof profileValues)[number];

/** What takes a profile of a service. */
export const profileTools = ['pprof', 'node', 'py-spy', 'perf'] as const;
export type ProfileTool = (typeof profileTools)[number];

/** The members of `profile:`, each of which a flag may give. */
export const profileMembersSchema = z.strictObject({
  when: z.enum(profileValues).optional().meta({ description: 'Default suspicious: when the verdict is regressed or inconclusive' }),
  with: z
    .enum(['auto', ...profileTools])
    .optional()
    .meta({ description: 'What takes the profile of a service; auto: the first of pprof, node, py-spy and perf that can' }),
  url: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Where the service has pprof: a path, :6060/debug/pprof for another port, or a whole address; default /debug/pprof' }),
  duration: positiveDurationSchema.optional().meta({ description: 'How long the service is profiled under load; default 10s' }),
});

export const profileSchema = z.union([z.enum(profileValues), profileMembersSchema]);

/** `profile` with every default filled in. */
export interface ProfileConfig {
  when: ProfileWhen;
  with: 'auto' | ProfileTool;
  url: string;
  /** Seconds. */
  duration: number;
}

export const profileDefaults: ProfileConfig = { when: 'suspicious', with: 'auto', url: '/debug/pprof', duration: 10 };

/** What was written (and checked before), with every default filled in. */
export function profileOf(written: unknown): ProfileConfig {
  const parsed = profileSchema.parse(written ?? {});
  return { ...profileDefaults, ...(typeof parsed === 'string' ? { when: parsed } : parsed) } as ProfileConfig;
}
