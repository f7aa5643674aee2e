import { isObject } from '../is-object.ts';
import type { Path, Place } from './source.ts';

export type Tree = Record<string, unknown>;

/** Where a resolved value came from: for people, and to blame. */
export interface Origin {
  /** `flag --model`, `llm-bench.yaml:4:3`, `scenario quick_validation`, `default`. */
  label: string;
  place: Place;
  /** From a file that ships with the program: paths in it are looked up beside it when the user has no such file. */
  shipped?: boolean;
}

export const defaultOrigin: Origin = { label: 'default', place: { file: 'default', line: null, column: null }, shipped: true };

/** Values merged from several sources, and the origin of each leaf (a list is a leaf) by its dotted path. */
export interface Layers {
  value: Tree;
  origins: Map<string, Origin>;
}

/** A mapping of settings. */
export function isTree(value: unknown): value is Tree {
  return isObject(value);
}

/** `load.requests` of [load, requests]. */
export function dotted(path: Path): string {
  return path.join('.');
}

/** Lays `over` upon `base`, mapping by mapping; a scalar or a list replaces what was there, with its origins. Neither argument is changed. */
export function overlay(base: Layers, over: Tree, originOf: (path: Path) => Origin): Layers {
  const origins = new Map(base.origins);
  return { value: merge(base.value, over, [], origins, originOf), origins };
}

function merge(base: unknown, over: Tree, path: Path, origins: Map<string, Origin>, originOf: (path: Path) => Origin): Tree {
  const result: Tree = isTree(base) ? { ...base } : {};
  if (!isTree(base)) forget(origins, path);
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined || key === '__proto__') continue;
    const at = [...path, key];
    if (isTree(value) && Object.keys(value).length > 0) {
      result[key] = merge(Object.hasOwn(result, key) ? result[key] : undefined, value, at, origins, originOf);
    } else if (!isTree(value) || !isTree(result[key])) {
      forget(origins, at);
      origins.set(dotted(at), originOf(at));
      result[key] = value;
    }
  }
  return result;
}

/** Takes a value out, with its origins. */
export function without(base: Layers, ...paths: Path[]): Layers {
  const origins = new Map(base.origins);
  const value = structuredClone(base.value);
  for (const path of paths) {
    let parent: unknown = value;
    for (const step of path.slice(0, -1)) parent = isTree(parent) ? parent[step] : undefined;
    if (isTree(parent)) delete parent[String(path.at(-1))];
    forget(origins, path);
  }
  return { value, origins };
}

function forget(origins: Map<string, Origin>, path: Path): void {
  const text = dotted(path);
  for (const key of [...origins.keys()]) if (text === '' || key === text || key.startsWith(`${text}.`)) origins.delete(key);
}

/** The origin of the value at `path`: its own, else its nearest parent's, else that of the first value below it. */
export function originAt(layers: Layers, path: Path): Origin {
  for (let length = path.length; length > 0; length--) {
    const found = layers.origins.get(dotted(path.slice(0, length)));
    if (found) return found;
  }
  for (let length = path.length; length >= 0; length--) {
    const prefix = length === 0 ? '' : `${dotted(path.slice(0, length))}.`;
    for (const [key, origin] of layers.origins) if (key.startsWith(prefix) && origin !== defaultOrigin) return origin;
  }
  return defaultOrigin;
}
