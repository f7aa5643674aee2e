import { join, resolve } from 'node:path';
import type { Files } from '../yaml/files.ts';
import { dotted, isTree, type Layers, type Origin, originAt, overlay, type Tree, without } from '../yaml/layers.ts';
import { check } from '../yaml/schema-issues.ts';
import type { Path } from '../yaml/source.ts';
import { expandShorthands, shorthands } from './shorthands.ts';
import { thresholdsSchema } from './thresholds.ts';

/** A path, or the block of llm-bench.yaml; null: the user's config/thresholds.yaml, else the shipped one. */
export type ThresholdsChoice = { path: string; origin: Origin } | { tree: Tree; originOf: (path: Path) => Origin } | null;

type OriginOf = (path: Path) => Origin;

/** Series glob -> metric -> limits, with origins. What is wrong goes to `files.issues`. */
export async function resolveThresholds(choice: ThresholdsChoice, files: Files, builtinRoot: string): Promise<Layers> {
  const shipped = join(builtinRoot, 'config', 'thresholds.yaml');

  async function fromFile(path: string, blame: Origin | null, chain: readonly string[]): Promise<Layers> {
    if (chain.includes(path)) {
      const names = [...chain.slice(chain.indexOf(path)), path].map(files.display);
      if (blame) files.issues.push({ ...blame.place, message: `thresholds extend each other in a circle: ${names.join(' -> ')}` });
      return empty;
    }
    if (!(await files.exists(path))) {
      if (!blame) throw new Error(`the shipped ${path} is missing: this installation is not complete`);
      files.issues.push({ ...blame.place, message: `thresholds file ${files.display(path)} not found` });
      return empty;
    }
    const source = await files.readYaml(path);
    if (!source) return empty;
    const value = source.value ?? {};
    const { issues } = check(thresholdsSchema, value, { locate: source.locate });
    files.issues.push(...issues);
    if (issues.length > 0 || !isTree(value)) return empty;
    const originOf = (at: Path): Origin => {
      const place = source.locate(at);
      return { label: path === shipped ? 'default' : `${place.file}:${place.line}:${place.column}`, place };
    };
    return extended(value, originOf, [...chain, path]);
  }

  async function extended(tree: Tree, originOf: OriginOf, chain: readonly string[]): Promise<Layers> {
    const parent = tree['extends'] ?? 'default';
    let base = empty;
    if (parent === 'default') base = chain.includes(shipped) ? empty : await fromFile(shipped, null, chain);
    else if (parent !== 'none') base = await fromFile(resolve(files.cwd, String(parent)), originOf(['extends']), chain);
    const entries = thresholdEntries(tree, originOf);
    return layEntries(yieldingTo(entries, base), entries);
  }

  if (choice && 'tree' in choice) return extended(choice.tree, choice.originOf, []);
  if (choice) return fromFile(resolve(files.cwd, choice.path), choice.origin, []);
  for (const name of ['thresholds.yaml', 'thresholds.yml']) {
    const own = join(files.cwd, 'config', name);
    if (await files.exists(own)) return fromFile(own, null, []);
  }
  return fromFile(shipped, null, []);
}

const empty: Layers = { value: {}, origins: new Map() };

/** Limits of one glob, and where each limit of each metric was written. */
interface Entry {
  glob: string;
  metrics: Tree;
  originOf: (metric: string, limit: string) => Origin;
}

/** Shipped limits of single metrics give way to what the user says of all of them: `max_regression_percent: 10` means p95 latency too. */
function yieldingTo(entries: readonly Entry[], base: Layers): Layers {
  return entries.reduce((layers, { glob, metrics }) => {
    const [all, below] = [metrics['*'], layers.value[glob]];
    if (!isTree(all) || !isTree(below)) return layers;
    const paths = Object.keys(below).flatMap((metric) => (metric === '*' ? [] : Object.keys(all).map((limit) => [glob, metric, limit])));
    return without(layers, ...paths.filter((path) => layers.origins.get(dotted(path))?.label === 'default'));
  }, base);
}

function layEntries(base: Layers, entries: Entry[]): Layers {
  return entries.reduce((layers, { glob, metrics, originOf }) => {
    if (Object.keys(metrics).length === 0) return layers;
    return overlay(layers, { [glob]: metrics }, (at) => originOf(String(at[1]), String(at[2])));
  }, base);
}

/** Shorthands first, then `series` as written, then the components: a limit spelled out wins over its shorthand. */
function thresholdEntries(tree: Tree, originOf: OriginOf): Entry[] {
  const series = isTree(tree['series']) ? Object.entries(tree['series']) : [];
  return [
    shorthandEntry('*', tree, originOf, []),
    ...series.map(([glob, metrics]) => ({
      glob,
      metrics: metrics as Tree,
      originOf: (metric: string, limit: string) => originOf(['series', glob, metric, limit]),
    })),
    ...(isTree(tree['component_benchmarks']) ? componentEntries(tree['component_benchmarks'], [], originOf) : []),
  ];
}

function componentEntries(node: Tree, path: readonly string[], originOf: OriginOf): Entry[] {
  const below = Object.entries(node).filter((entry): entry is [string, Tree] => isTree(entry[1]));
  // Limits beside the outermost components are those of all components together, whose names are all there is to tell them by.
  const globs = path.length > 0 ? [path.join('/')] : below.map(([name]) => name);
  return [
    ...globs.map((glob) => shorthandEntry(glob, node, originOf, ['component_benchmarks', ...path])),
    ...below.flatMap(([name, child]) => componentEntries(child, [...path, name], originOf)),
  ];
}

function shorthandEntry(glob: string, tree: Tree, originOf: OriginOf, at: Path): Entry {
  return { glob, metrics: expandShorthands(tree), originOf: (metric, limit) => originOf([...at, shorthandOf(tree, metric, limit)]) };
}

/** The shorthand (the last one wins) that gave a limit. */
function shorthandOf(tree: Tree, metric: string, limit: string): string {
  return (
    Object.keys(tree).findLast((key) => Object.hasOwn(shorthands, key) && shorthands[key]!.metric === metric && shorthands[key]!.limit === limit) ??
    ''
  );
}

/**
 * Adds a scenario's own limits under its name. They win over globs that merely match the name, and lose to an entry with exactly this name
 * (file before scenario), and to entries of its cells (`name/...`).
 */
export function withScenarioLimits(base: Layers, name: string, scenario: Layers): Layers {
  const limits = scenario.value['thresholds'];
  if (!isTree(limits)) return base;
  const originOf = (path: Path) => originAt(scenario, path);
  const spelled = Object.fromEntries(Object.entries(limits).filter(([, value]) => isTree(value)));
  const own = layEntries(empty, [
    shorthandEntry(name, limits, originOf, ['thresholds']),
    { glob: name, metrics: spelled, originOf: (metric, limit) => originOf(['thresholds', metric, limit]) },
  ]);
  const before = Object.entries(base.value);
  const index = before.findIndex(([glob]) => glob === name || glob.startsWith(`${name}/`));
  const ordered = index < 0 ? [...before, [name, {}] as const] : before.toSpliced(index, 0, [name, {}]);
  const merged = overlay(own, isTree(base.value[name]) ? { [name]: base.value[name] } : {}, (at) => originAt(base, at));
  const origins = new Map([...base.origins, ...merged.origins]);
  return { value: Object.fromEntries(ordered.map(([glob, metrics]) => [glob, glob === name ? merged.value[name] : metrics])), origins };
}
