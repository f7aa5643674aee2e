import type * as z from 'zod';
import { isTree, type Tree } from './yaml/layers.ts';

/** Options that have a flag of their own in every executor that needs them. */
const flagOf: Readonly<Record<string, string>> = { rate: '--rate 5', file: '--trace FILE' };

/** Of an executor's options those that it cannot do without and that nobody gave. */
export function missingOptions(executor: z.ZodType, given: Tree): string[] {
  return Object.entries(shapeOf(executor))
    .filter(([option, schema]) => given[option] === undefined && !(schema as z.ZodType).safeParse(undefined).success)
    .map(([option]) => option);
}

/** `; executor search needs it: Highest load to try. Write it below load: or give --load max=...` */
export function howToGive(option: string, executor: string, schema: z.ZodType): string {
  const meaning = (shapeOf(schema)[option] as z.ZodType | undefined)?.meta()?.description;
  return `; executor ${executor} needs it${meaning === undefined ? '' : ` (${meaning})`}: write it below load: or give ${flagOf[option] ?? `--load ${option}=...`}`;
}

/** Option -> its schema. */
export function shapeOf(executor: z.ZodType | undefined): Tree {
  const { shape } = (executor ?? {}) as { shape?: unknown };
  return isTree(shape) ? shape : {};
}
