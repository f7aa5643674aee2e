import { scenarioSchema } from './scenario/scenario.ts';
import { isTree, type Tree } from './yaml/layers.ts';

/** What other settings are understood by: where one of these is faulty, nothing certain can be said of the rest. */
const foundations: readonly string[] = ['name', 'extends', 'parts', 'load', 'target'];

/**
 * Of a faulty scenario the members that are sound, so that what only its executor can say of its load is told together with the rest; null where nothing
 * certain can be said. A faulty `request` is kept as it is: without it the scenario would ask for something else.
 */
export function soundMembers(value: unknown): Tree | null {
  if (!isTree(value)) return null;
  const { shape } = scenarioSchema;
  const sound = (name: string) => Object.hasOwn(shape, name) && shape[name as keyof typeof shape].safeParse(value[name]).success;
  if (foundations.some((name) => value[name] !== undefined && !sound(name))) return null;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name === 'request' || sound(name)));
}
