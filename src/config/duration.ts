import * as z from 'zod';

const unitSeconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Reads a duration: a number of seconds (`600`, `"600"`, `1.5`) or a number with a unit (`250ms`, `30s`, `10m`, `2h`, `1h30m`).
 * @returns seconds, or null when the text is no duration.
 */
export function parseDurationSeconds(value: string | number): number | null {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : null;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return null;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) seconds += Number(amount) * (unitSeconds[unit ?? ''] ?? Number.NaN);
  return seconds;
}

/** A duration in YAML, in a flag or in an input; resolves to seconds. */
export const durationSchema = z
  .union([z.number(), z.string()], { error: 'expected a duration such as 600, 30s or 10m' })
  .transform((value, context) => {
    const seconds = parseDurationSeconds(value);
    if (seconds !== null) return seconds;
    context.addIssue({ code: 'custom', message: `expected a duration such as 600, 30s or 10m, found ${JSON.stringify(value)}` });
    return z.NEVER;
  })
  .meta({ description: 'A duration: 600 (seconds), 30s or 10m' });

/** A duration that must not be zero: a timeout, a length of time to run. */
export const positiveDurationSchema = durationSchema.pipe(z.number().positive({ error: 'expected a duration longer than zero' }));
