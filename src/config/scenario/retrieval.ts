import * as z from 'zod';
import { seedSchema } from './seed.ts';

const cosine = z.number().min(-1).max(1);

/** What is looked for in an index of vectors, and what is known of its answers. */
export const retrievalSchema = z.strictObject({
  entries: z.int().min(1).max(1_000_000_000).default(1_000_000).meta({ description: 'Vectors in the index' }),
  dimension: z.int().min(2).max(65_536).default(64),
  seed: seedSchema.default(0).meta({ description: 'Seed of the vectors in the index; that of the queries is the seed of the scenario' }),
  top_k: z.int().min(1).max(10_000).default(10),
  queries: z.int().min(1).max(1_000_000).default(1000).meta({ description: 'Different queries; requests beyond them ask the first ones again' }),
  sample: z
    .int()
    .min(0)
    .max(100_000)
    .default(100)
    .meta({ description: 'So many of the queries are held against an exact search, which is made before the load; 0: none' }),
  similarity: z
    .union([cosine.transform((one): [number, number] => [one, one]), z.tuple([cosine, cosine])], { error: 'expected a cosine or [lowest, highest]' })
    .default([0.8, 0.8])
    .meta({ description: 'How near a query lies to the entry that it was made from: a cosine, or [lowest, highest]' }),
  near_percent: z
    .number()
    .min(0)
    .max(100)
    .default(100)
    .meta({ description: 'Percent of the queries that were made from an entry; the others are near to none' }),
  threshold: cosine.optional().meta({ description: 'A best match at least so similar is a hit, as of a semantic cache' }),
});
export type RetrievalConfig = z.output<typeof retrievalSchema>;
