import { join, resolve } from 'node:path';
import { scenarioChoiceSchema, sections } from './config-file.ts';
import type { ConfigIssue } from './errors.ts';
import type { OverrideLayer } from './overrides.ts';
import { defaultBaseline, overlayBaseline } from './resolve-baseline.ts';
import { soundMembers } from './sound-scenario.ts';
import type { ThresholdsChoice } from './thresholds/resolve-thresholds.ts';
import type { Files } from './yaml/files.ts';
import { isTree, type Layers, type Origin, overlay, type Tree } from './yaml/layers.ts';
import { check, describeFound, unknownName } from './yaml/schema-issues.ts';
import type { Path, YamlSource } from './yaml/source.ts';

const fileNames = ['llm-bench.yaml', 'llm-bench.yml', join('.github', 'llm-bench.yaml'), join('.github', 'llm-bench.yml')];
const nothing: Layers = { value: {}, origins: new Map() };

/** The configuration as written, of which the faulty sections are left out (they are in `files.issues`). */
export interface Written {
  source: YamlSource | null;
  value: Tree;
  faulty: ReadonlySet<string>;
}

/**
 * Reads the configuration file and checks each section by itself, so that a fault in one does not hide those in another.
 * @param named what `--config` named; null: llm-bench.yaml here or in .github/
 */
export async function readConfigFile(files: Files, named: string | null, warnings: ConfigIssue[]): Promise<Written> {
  const candidates = named === null ? fileNames : [named];
  const present: string[] = [];
  for (const name of candidates) if (await files.exists(resolve(files.cwd, name))) present.push(resolve(files.cwd, name));
  const [path, ...others] = present;
  if (path === undefined) {
    if (named !== null) {
      files.issues.push({
        file: named,
        line: null,
        column: null,
        message: `no such configuration file: looked for ${resolve(files.cwd, named)}; leave --config out to use llm-bench.yaml here or in .github/`,
      });
    }
    return { source: null, value: {}, faulty: new Set() };
  }
  if (others.length > 0)
    warnings.push({ file: files.display(path), line: null, column: null, message: `used; ${others.map(files.display).join(', ')} beside it is not` });
  const source = await files.readYaml(path);
  const faulty = new Set<string>();
  if (!source) return { source: null, value: {}, faulty: new Set(Object.keys(sections)) };
  const value = source.value ?? {};
  if (!isTree(value)) {
    files.issues.push({ ...source.locate([]), message: `expected settings (${Object.keys(sections).join(', ')}), found ${describeFound(value)}` });
    return { source, value: {}, faulty };
  }
  for (const [key, section] of Object.entries(value)) {
    if (!Object.hasOwn(sections, key)) {
      files.issues.push({ ...source.locate([key], 'key'), message: unknownName('key', key, Object.keys(sections)) });
      continue;
    }
    if (key === 'scenario' && Array.isArray(section) && section.length > 0) {
      value[key] = section.map((entry, index) => soundEntry(entry, [key, index], source, files));
      continue;
    }
    if (key === 'scenario' && isTree(section)) {
      value[key] = soundEntry(section, [key], source, files);
      continue;
    }
    const { issues } = check(sections[key as keyof typeof sections], section, { locate: source.locate, prefix: [key] });
    files.issues.push(...issues);
    if (issues.length > 0) faulty.add(key);
  }
  const sound = Object.entries(value).filter(([key]) => Object.hasOwn(sections, key) && !faulty.has(key));
  return { source, value: Object.fromEntries(sound), faulty };
}

/** A scenario; where it is faulty what of it is sound, or null, so that its fault hides nothing else that is wrong. */
function soundEntry(entry: unknown, path: Path, source: YamlSource, files: Files): unknown {
  const { issues } = check(scenarioChoiceSchema, entry, { locate: source.locate, prefix: path });
  files.issues.push(...issues);
  return issues.length > 0 ? soundMembers(entry) : entry;
}

/** Sections that are laid over each other value by value. */
const plainSections = ['mode', 'report', 'observe', 'alerts', 'output', 'profile', 'fail_on'] as const;

/** A section's value, and where each part of it was written. */
export type Choice = { value: unknown; originOf: (path: Path) => Origin };

/** Flags and file brought together, section by section. */
export interface Settings {
  target: Choice | 'faulty' | null;
  targetMembers: OverrideLayer[];
  scenario: Choice | 'faulty' | null;
  thresholds: ThresholdsChoice;
  baseline: Layers;
  component: Choice | null;
  /** Those of `plainSections`. */
  plain: Layers;
}

/** Lays the flags over the file: a section as a whole for target, scenario and thresholds, value by value for the rest. */
export function settingsOf(written: Written, overrides: readonly OverrideLayer[]): Settings {
  const fromFile = (section: string): Choice | 'faulty' | null => {
    if (written.faulty.has(section)) return 'faulty';
    if (written.value[section] === undefined || !written.source) return null;
    const { source } = written;
    return { value: written.value[section], originOf: (path) => placed(source, [section, ...path]) };
  };
  const whole = (section: string) =>
    overrides.findLast(({ tree }) => tree[section] !== undefined && !(section === 'target' && isMember(tree[section])));
  const fromFlag = (section: string): Choice | null => {
    const found = whole(section);
    return found ? { value: found.tree[section], originOf: () => found.origin } : null;
  };
  const thresholds = fromFlag('thresholds') ?? fromFile('thresholds');
  const component = fromFlag('component') ?? fromFile('component');
  let baseline = defaultBaseline;
  const baselineInFile = fromFile('baseline');
  if (baselineInFile && baselineInFile !== 'faulty') baseline = overlayBaseline(baseline, baselineInFile.value, baselineInFile.originOf);
  let plain = nothing;
  for (const section of plainSections) {
    const found = fromFile(section);
    if (found && found !== 'faulty') plain = overlay(plain, { [section]: found.value }, (path) => found.originOf(path.slice(1)));
  }
  for (const { tree, origin } of overrides) {
    if (tree['baseline'] !== undefined) baseline = overlayBaseline(baseline, tree['baseline'], () => origin);
    for (const section of plainSections) if (tree[section] !== undefined) plain = overlay(plain, { [section]: tree[section] }, () => origin);
  }
  return {
    target: fromFlag('target') ?? fromFile('target'),
    targetMembers: overrides.flatMap(({ tree, origin }) => (isMember(tree['target']) ? [{ tree: tree['target'] as Tree, origin }] : [])),
    scenario: fromFlag('scenario') ?? fromFile('scenario'),
    thresholds: thresholds === null || thresholds === 'faulty' ? null : thresholdsChoice(thresholds),
    baseline,
    component: component === 'faulty' ? null : component,
    plain,
  };
}

/** `target.model` and its like are laid over the target that was chosen, a name chooses one. */
function isMember(value: unknown): boolean {
  return isTree(value);
}

function placed(source: YamlSource, path: Path): Origin {
  const place = source.locate(path);
  return { label: `${place.file}:${place.line}:${place.column}`, place };
}

function thresholdsChoice({ value, originOf }: Choice): ThresholdsChoice {
  return isTree(value) ? { tree: value, originOf } : { path: String(value), origin: originOf([]) };
}
