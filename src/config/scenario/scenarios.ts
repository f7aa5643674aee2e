import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { ConfigIssue } from '../errors.ts';
import { soundMembers } from '../sound-scenario.ts';
import type { Files } from '../yaml/files.ts';
import { isTree, type Layers, type Origin, overlay, type Tree, without } from '../yaml/layers.ts';
import { check, describeFound, unknownName } from '../yaml/schema-issues.ts';
import type { Path, YamlSource } from '../yaml/source.ts';
import { type ScenarioPart, scenarioSchema } from './scenario.ts';

/** A scenario before its defaults: its own file, what it extends, merged. */
export interface ScenarioDraft {
  name: string;
  /** Where it was named; the default where nobody did. */
  named: Origin;
  /** All but `parts`. */
  layers: Layers;
  /** As written; empty for a scenario without. */
  parts: readonly WrittenPart[];
  /** Where the draft is itself a part. */
  part?: ScenarioPart;
}

/** One entry of `parts`, and where what it says was written. */
export interface WrittenPart {
  tree: Tree;
  originOf(path: Path): Origin;
}

const folder = ['config', 'scenarios'] as const;

/** Finds scenarios by name, the user's own before the shipped ones, and merges what they extend. What is wrong goes to `files.issues`, and the answer is null. */
export interface ScenarioLibrary {
  /** `choice` is a name, or the path of a scenario file (it has a slash or ends in .yaml). */
  byName(choice: string, blame: Origin): Promise<ScenarioDraft | null>;
  inline(tree: Tree, originOf: (path: Path) => Origin, fallbackName: string): Promise<ScenarioDraft | null>;
}

const nothing: Layers = { value: {}, origins: new Map() };

/**
 * @param file what `--scenarios` named: a file of many scenarios by name, looked into after the user's own files; null: config/test_scenarios.yaml where there is one
 */
export function openScenarios(files: Files, builtinRoot: string, file: string | null = null): ScenarioLibrary {
  async function find(name: string, shippedOnly: boolean): Promise<string | null> {
    const roots = shippedOnly ? [builtinRoot] : [files.cwd, builtinRoot];
    for (const root of roots) {
      for (const extension of ['.yaml', '.yml']) {
        const path = join(root, ...folder, name + extension);
        if (await files.exists(path)) return path;
      }
    }
    return null;
  }

  /** The scenario that a name is an alias of: a path, or null. */
  async function findAlias(alias: string): Promise<string | null> {
    for (const root of [files.cwd, builtinRoot]) {
      for (const name of await scenarioNames(root)) {
        const path = await find(name, root === builtinRoot);
        const source = path === null ? null : await files.readYaml(path);
        if (path !== null && isTree(source?.value) && aliasesOf(source.value).includes(alias)) return path;
      }
    }
    return null;
  }

  async function missing(name: string, blame: Origin): Promise<null> {
    const known = (await Promise.all([files.cwd, builtinRoot].map(scenarioNames))).flat();
    known.push(...Object.keys((await many()).scenarios));
    files.issues.push({ ...blame.place, message: unknownName('scenario', name, [...new Set(known)].toSorted()) });
    return null;
  }

  async function fromFile(path: string, blame: Origin, chain: readonly string[]): Promise<ScenarioDraft | null> {
    if (chain.includes(path)) {
      const names = [...chain.slice(chain.indexOf(path)), path].map(nameOf);
      files.issues.push({ ...blame.place, message: `scenarios extend each other in a circle: ${names.join(' -> ')}` });
      return null;
    }
    const source = await files.readYaml(path);
    if (!source) return null;
    const tree = checkedTree(source, files.issues);
    const name = nameOf(path);
    if (!tree) return null;
    if (tree['name'] !== undefined && tree['name'] !== name) {
      files.issues.push({
        ...source.locate(['name']),
        message: `expected the file's own name ${JSON.stringify(name)}, found ${JSON.stringify(tree['name'])}; leave it out or rename the file`,
      });
    }
    const shipped = dirname(path) === join(builtinRoot, ...folder);
    const originOf = (at: Path): Origin => ({ label: `scenario ${name}`, place: source.locate(at), shipped });
    return extended(name, blame, tree, originOf, [...chain, path]);
  }

  async function extended(
    name: string,
    named: Origin,
    tree: Tree,
    originOf: (path: Path) => Origin,
    chain: readonly string[],
  ): Promise<ScenarioDraft | null> {
    const { extends: parent, parts: list, ...own } = tree;
    const parts = (list as Tree[] | undefined)?.map(
      (part, index): WrittenPart => ({ tree: part, originOf: (at) => originOf(['parts', index, ...at]) }),
    );
    if (typeof parent !== 'string') return { name, named, layers: overlayScenario(nothing, own, originOf), parts: parts ?? [] };
    const blame = originOf(['extends']);
    // A user's own `default` may extend the shipped one of the same name.
    const path = await find(parent, parent === name);
    const beside = path === null ? await fromMany(parent, blame) : undefined;
    const base = beside !== undefined ? beside : path === null ? await missing(parent, blame) : await fromFile(path, blame, chain);
    if (!base) return null;
    const layers = overlayScenario(without(base.layers, ['name'], ['description'], ['aliases']), own, originOf);
    return { name, named, layers, parts: parts ?? base.parts };
  }

  let read: Promise<ManyScenarios> | null = null;
  const many = () => (read ??= readMany(files, file));

  async function fromMany(name: string, blame: Origin): Promise<ScenarioDraft | null | undefined> {
    const { source, scenarios, prefix } = await many();
    if (source === null || !Object.hasOwn(scenarios, name)) return undefined;
    const at = [...prefix, name];
    const written = scenarios[name];
    const { issues } = check(scenarioSchema, written, { locate: source.locate, prefix: at });
    files.issues.push(...issues);
    const tree = issues.length > 0 ? soundMembers(written) : written;
    if (!isTree(tree)) return null;
    return extended(name, blame, tree, (path) => ({ label: `scenario ${name}`, place: source.locate([...at, ...path]) }), []);
  }

  return {
    async byName(choice, blame) {
      const isPath = /[/\\]|\.ya?ml$/.test(choice);
      const own = isPath ? null : await find(choice, false);
      if (!isPath && (own === null || dirname(own) === join(builtinRoot, ...folder))) {
        const found = await fromMany(choice, blame);
        if (found !== undefined) return found;
      }
      const path = isPath ? resolve(files.cwd, choice) : (own ?? (await findAlias(choice)));
      if (path === null) return missing(choice, blame);
      if (isPath && !(await files.exists(path))) {
        files.issues.push({ ...blame.place, message: `scenario file ${files.display(path)} not found` });
        return null;
      }
      return fromFile(path, blame, []);
    },
    inline: (tree, originOf, fallbackName) =>
      extended(typeof tree['name'] === 'string' ? tree['name'] : fallbackName, originOf([]), tree, originOf, []),
  };
}

/** Many scenarios in one file, by name: at the top, or below `scenarios`. */
interface ManyScenarios {
  source: YamlSource | null;
  scenarios: Tree;
  prefix: readonly string[];
}

const manyNames = ['test_scenarios.yaml', 'test_scenarios.yml'];

async function readMany(files: Files, named: string | null): Promise<ManyScenarios> {
  const none: ManyScenarios = { source: null, scenarios: {}, prefix: [] };
  const candidates = named === null ? manyNames.map((name) => join(files.cwd, 'config', name)) : [resolve(files.cwd, named)];
  for (const path of candidates) {
    if (!(await files.exists(path))) continue;
    const source = await files.readYaml(path);
    if (source === null) return none;
    const whole = source.value ?? {};
    const below = isTree(whole) && isTree(whole['scenarios']) ? whole['scenarios'] : null;
    if (isTree(whole)) return { source, scenarios: below ?? whole, prefix: below === null ? [] : ['scenarios'] };
    files.issues.push({ ...source.locate([]), message: `expected scenarios by name, found ${describeFound(whole)}` });
    return none;
  }
  if (named !== null)
    files.issues.push({
      file: 'flag --scenarios',
      line: null,
      column: null,
      message: `no such file: ${files.display(named)}; expected scenarios by name`,
    });
  return none;
}

/** The names in the file of many scenarios, each with what is written there; empty where there is none. */
export async function manyScenarios(files: Files, named: string | null): Promise<Tree> {
  return (await readMany(files, named)).scenarios;
}

/** Other names of a scenario. */
export function aliasesOf(tree: Tree): string[] {
  return Array.isArray(tree['aliases']) ? tree['aliases'].map(String) : [];
}

function nameOf(path: string): string {
  return basename(path, extname(path));
}

/** Names of the scenarios in a folder's config/scenarios; none where there is no such folder. */
export async function scenarioNames(root: string): Promise<string[]> {
  const names = await readdir(join(root, ...folder)).catch(() => []);
  return names.filter((name) => /\.ya?ml$/.test(name)).map(nameOf);
}

function checkedTree(source: YamlSource, issues: ConfigIssue[]): Tree | null {
  const value = source.value ?? {};
  const found = check(scenarioSchema, value, { locate: source.locate }).issues;
  issues.push(...found);
  return found.length === 0 && isTree(value) ? value : soundMembers(value);
}

/** Settings that answer the same question: one given on top replaces the other from below. */
const rivals = [
  ['load', 'requests', 'duration'],
  ['load', 'total_requests', 'requests'],
  ['load', 'total_requests', 'duration'],
  ['load', 'users', 'rate'],
  ['load', 'users', 'stages'],
  ['load', 'spawn_rate', 'stages'],
  ['load', 'step', 'factor'],
  ['request', 'prompts', 'prompt_tokens'],
  ['request', 'sharegpt', 'prompts'],
  ['request', 'sharegpt', 'prompt_tokens'],
  ...['cases', 'conversations'].flatMap((one) => ['prompt', 'prompts', 'prompt_tokens'].map((other) => ['request', one, other] as const)),
  ['request', 'prompt', 'prompts'],
  ['request', 'prompt', 'prompt_tokens'],
] as const;
/** What weighted classes of prompts and of answers stand instead of. */
const promptSettings: readonly Path[] = [
  ['request', 'prompts'],
  ['request', 'prompt_tokens'],
  ['request', 'sharegpt'],
];
const answerSettings: readonly Path[] = [['request', 'max_tokens']];
/** What a plain HTTP request has no use for. */
const modelSettings = [
  'prompt',
  'cases',
  'conversations',
  'schema',
  'template',
  'retrieval',
  'prompts',
  'sharegpt',
  'prompt_tokens',
  'shared_prefix_tokens',
  'shared_prefixes',
  'max_tokens',
  'classes',
  'temperature',
  'stream',
  'ignore_eos',
  'extra_body',
] as const;

/** Lays one scenario upon another: mapping by mapping, but another executor brings all its own options, and rivals replace each other. */
export function overlayScenario(base: Layers, over: Tree, originOf: (path: Path) => Origin): Layers {
  const gone: Path[] = [];
  const executor = (tree: Tree) => (isTree(tree['load']) ? tree['load']['executor'] : undefined);
  if (executor(over) !== undefined && executor(over) !== (executor(base.value) ?? 'closed')) gone.push(['load']);
  for (const [group, one, other] of rivals) {
    const section = isTree(over[group]) ? over[group] : {};
    if (section[one] !== undefined && section[other] === undefined) gone.push([group, other]);
    if (section[other] !== undefined && section[one] === undefined) gone.push([group, one]);
  }
  const request = isTree(over['request']) ? over['request'] : {};
  // A distribution of lengths is one setting: no part of another one stays.
  for (const key of ['prompt_tokens', 'max_tokens']) if (request[key] !== undefined) gone.push(['request', key]);
  // Each is one thing: no part of another one stays.
  for (const key of ['schema', 'template', 'schema_registration']) if (request[key] !== undefined) gone.push(['request', key]);
  const classes = isTree(request['classes']) ? request['classes'] : {};
  if (classes['prompt'] !== undefined) gone.push(...promptSettings);
  else if (['prompts', 'prompt_tokens', 'sharegpt'].some((key) => request[key] !== undefined)) gone.push(['request', 'classes', 'prompt']);
  if (classes['answer'] !== undefined) gone.push(...answerSettings);
  else if (request['max_tokens'] !== undefined) gone.push(['request', 'classes', 'answer']);
  // A trace brings the lengths of its prompts and answers.
  if (executor(over) === 'trace') gone.push(...promptSettings, ...answerSettings, ['request', 'classes']);
  if (isTree(over['request']) && over['request']['api'] === 'http') gone.push(...modelSettings.map((name) => ['request', name]));
  return overlay(gone.length > 0 ? without(base, ...gone) : base, over, originOf);
}
