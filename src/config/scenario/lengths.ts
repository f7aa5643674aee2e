import * as z from 'zod';

/** Longer prompts and answers than any model takes: a slip of the pen. */
export const mostTokens = 1_000_000;
const tokens = z.int().min(1).max(mostTokens);
const bounds = {
  min: tokens.default(1).meta({ description: 'Shortest length; what is drawn below is drawn again' }),
  max: tokens.optional().meta({ description: 'Longest length; what is drawn above is drawn again' }),
};
const positive = z.number().positive().max(1_000_000);

/** How lengths of prompts or answers are spread, in tokens. */
export const lengthDistributionSchema = z
  .discriminatedUnion(
    'distribution',
    [
      z.strictObject({ distribution: z.literal('fixed'), tokens }),
      z.strictObject({ distribution: z.literal('uniform'), min: tokens, max: tokens }),
      z.strictObject({ distribution: z.literal('normal'), mean: positive, stddev: positive, ...bounds }),
      z.strictObject({
        distribution: z.literal('lognormal'),
        mean: positive.meta({ description: 'Mean of the lengths themselves, not of their logarithms' }),
        stddev: positive.meta({ description: 'Standard deviation of the lengths themselves' }),
        ...bounds,
      }),
      z.strictObject({
        distribution: z.literal('zipf'),
        exponent: z.number().positive().max(10).default(1).meta({ description: 'The k-th shortest length has a share of 1/k to this power' }),
        min: tokens.default(1),
        max: tokens,
      }),
      z.strictObject({
        distribution: z.literal('weighted'),
        values: z.array(z.strictObject({ tokens, weight: z.number().positive().default(1) })).min(1),
      }),
    ],
    { error: (issue) => unknownDistribution(issue.input) },
  )
  .superRefine((lengths, context) => {
    if ('max' in lengths && lengths.max !== undefined && lengths.max < lengths.min)
      context.addIssue({ code: 'custom', path: ['max'], message: `expected at least min (${lengths.min}), found ${lengths.max}` });
    if ('mean' in lengths && (lengths.mean < lengths.min || lengths.mean > (lengths.max ?? Number.POSITIVE_INFINITY)))
      context.addIssue({
        code: 'custom',
        path: ['mean'],
        message: `expected a mean between min (${lengths.min}) and max (${lengths.max ?? 'none'}), found ${lengths.mean}`,
      });
  });

export type LengthDistribution = z.output<typeof lengthDistributionSchema>;

const names = ['fixed', 'uniform', 'normal', 'lognormal', 'zipf', 'weighted'];

function unknownDistribution(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined;
  return `expected distribution: ${names.join(', ')}, found ${JSON.stringify((input as Record<string, unknown>)['distribution'] ?? null)}`;
}

/** Lengths that requests have in turn, or a distribution that each request's is drawn from. */
export const lengthsSchema = z.union([tokens.transform((length) => [length]), z.array(tokens).min(1), lengthDistributionSchema]);
export type Lengths = z.output<typeof lengthsSchema>;

/** The longest that a setting can give; null where nothing bounds it. */
export function longestOf(lengths: Lengths): number | null {
  if (Array.isArray(lengths)) return Math.max(...lengths);
  switch (lengths.distribution) {
    case 'fixed':
      return lengths.tokens;
    case 'weighted':
      return Math.max(...lengths.values.map((value) => value.tokens));
    default:
      return lengths.max ?? null;
  }
}
