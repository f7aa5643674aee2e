import * as z from 'zod';

/** A seed of 32 bits, as many as its generators take: of a larger one the rest would be lost, and two of them would be one. */
export const seedSchema = z.int().nonnegative().max(0xffff_ffff);
