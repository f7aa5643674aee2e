import { join, resolve } from 'node:path';
import type * as z from 'zod';
import type { BenchConfig } from './bench-config.ts';
import { sections } from './config-file.ts';
import { ConfigError, type ConfigIssue } from './errors.ts';
import { type Files, openFiles } from './files.ts';
import { defaultOrigin, dotted, isTree, type Layers, type Origin, originAt, overlay, type Tree } from './layers.ts';
import { checkOverrides, type Override, type OverrideLayer } from './overrides.ts';
import { readPrompts } from './prompts.ts';
import { baselineSource, defaultBaseline, overlayBaseline } from './resolve-baseline.ts';
import { type ResolvedScenario, resolveScenario } from './resolve-scenario.ts';
import { checkEnvironment, embeddedName, resolveTarget, type TargetChoice } from './resolve-target.ts';
import { resolveThresholds, type ThresholdsChoice, withScenarioLimits } from './resolve-thresholds.ts';
import { openScenarios, overlayScenario, type ScenarioDraft, type ScenarioLibrary } from './scenarios.ts';
import { check, describeFound, unknownName } from './schema-issues.ts';
import { readTargets } from './targets.ts';
import type { Thresholds } from './thresholds.ts';
import type { Path, YamlSource } from './yaml-source.ts';

export type { Override } from './overrides.ts';

export interface LoadConfigOptions {
  /** The user's folder: relative paths of the configuration are relative to it. */
  cwd: string;
  /** The folder that holds the shipped config/ and prompts.jsonl. */
  builtinRoot: string;
  /** What `--config` named; null or left out: llm-bench.yaml in `cwd` or its .github/. */
  configFile?: string | null | undefined;
  overrides: readonly Override[];
  env: NodeJS.ProcessEnv;
  /** Executor name -> schema of its options without `executor`; config may not import the load room. */
  executors: Readonly<Record<string, z.ZodType>>;
}

const fileNames = ['llm-bench.yaml', 'llm-bench.yml', join('.github', 'llm-bench.yaml'), join('.github', 'llm-bench.yml')];
const nothing: Layers = { value: {}, origins: new Map() };

/**
 * Reads, checks and merges everything that says what to do. Precedence: flag or input > file > scenario > default.
 * @throws ConfigError with every fault of every file and flag at once
 */
export async function loadConfig(options: LoadConfigOptions): Promise<BenchConfig> {
  const cwd = resolve(options.cwd);
  const builtinRoot = resolve(options.builtinRoot);
  const files = openFiles(cwd);
  const warnings: ConfigIssue[] = [];
  const overrides = checkOverrides(options.overrides);
  files.issues.push(...overrides.issues);
  const written = await readConfigFile(files, options.configFile ?? null, warnings);
  const settings = settingsOf(written, overrides.config);

  const scenarioLibrary = openScenarios(files, builtinRoot);
  const drafts = await scenarioDrafts(settings.scenario, scenarioLibrary, files);
  const catalogue = await readTargets(files, builtinRoot);
  const choice = targetChoice(settings, drafts ?? [], files);
  const target = choice === 'faulty' ? null : resolveTarget(choice, settings.targetMembers, catalogue, files, warnings);
  if (target) await checkEnvironment(target, files, options.env, warnings);

  const chosen = drafts ?? [await scenarioLibrary.byName(target?.embedded ? embeddedName : 'default', defaultOrigin)];
  const flags = combined(overrides.scenario);
  const scenarios = chosen
    .map((draft) => draft && resolveScenario(draft, flags, target, options.executors, files.issues, warnings))
    .filter((scenario) => scenario !== null);
  refuseTwins(scenarios, files);
  for (const scenario of scenarios) await resolvePrompts(scenario, files, builtinRoot);

  const limits = scenarios.reduce(
    (layers, { scenario, layers: own }) => withScenarioLimits(layers, scenario.name, own),
    await resolveThresholds(settings.thresholds, files, builtinRoot),
  );
  if (files.issues.length > 0) throw new ConfigError(sorted(files.issues));

  const baseline = settings.baseline;
  const plain = overlay(
    {
      value: { mode: 'auto', fail_on: 'regressed', report: { comment: 'always', html: false } },
      origins: new Map(['mode', 'fail_on', 'report.comment', 'report.html'].map((key) => [key, defaultOrigin])),
    },
    settings.plain.value,
    (path) => originAt(settings.plain, path),
  );
  const report = plain.value['report'] as BenchConfig['report'];
  return {
    target: target!.target,
    embedded: target!.embedded,
    scenarios: scenarios.map(({ scenario }) => scenario),
    thresholds: { series: limits.value as Thresholds['series'] },
    baseline: baselineSource(baseline),
    mode: plain.value['mode'] as BenchConfig['mode'],
    failOn: plain.value['fail_on'] as BenchConfig['failOn'],
    report,
    root: cwd,
    origins: {
      ...labels('target', target!.layers),
      ...Object.assign({}, ...scenarios.map(({ layers }, index) => labels(`scenarios.${index}`, layers))),
      ...labels('thresholds.series', limits),
      ...labels('baseline', baseline),
      ...labels('', plain),
    },
    warnings: sorted(warnings),
  };
}

/** The configuration as written, of which the faulty sections are left out (they are in `files.issues`). */
interface Written {
  source: YamlSource | null;
  value: Tree;
  faulty: ReadonlySet<string>;
}

async function readConfigFile(files: Files, named: string | null, warnings: ConfigIssue[]): Promise<Written> {
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
    const { issues } = check(sections[key as keyof typeof sections], section, { locate: source.locate, prefix: [key] });
    files.issues.push(...issues);
    if (issues.length > 0) faulty.add(key);
  }
  const sound = Object.entries(value).filter(([key]) => Object.hasOwn(sections, key) && !faulty.has(key));
  return { source, value: Object.fromEntries(sound), faulty };
}

type Choice = { value: unknown; originOf: (path: Path) => Origin };

/** Flags and file brought together, section by section. */
interface Settings {
  target: Choice | 'faulty' | null;
  targetMembers: OverrideLayer[];
  scenario: Choice | 'faulty' | null;
  thresholds: ThresholdsChoice;
  baseline: Layers;
  /** mode, report, fail_on */
  plain: Layers;
}

function settingsOf(written: Written, overrides: readonly OverrideLayer[]): Settings {
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
  let baseline = defaultBaseline;
  const baselineInFile = fromFile('baseline');
  if (baselineInFile && baselineInFile !== 'faulty') baseline = overlayBaseline(baseline, baselineInFile.value, baselineInFile.originOf);
  let plain = nothing;
  for (const section of ['mode', 'report', 'fail_on']) {
    const found = fromFile(section);
    if (found && found !== 'faulty') plain = overlay(plain, { [section]: found.value }, (path) => found.originOf(path.slice(1)));
  }
  for (const { tree, origin } of overrides) {
    if (tree['baseline'] !== undefined) baseline = overlayBaseline(baseline, tree['baseline'], () => origin);
    for (const section of ['mode', 'report', 'fail_on'])
      if (tree[section] !== undefined) plain = overlay(plain, { [section]: tree[section] }, () => origin);
  }
  return {
    target: fromFlag('target') ?? fromFile('target'),
    targetMembers: overrides.flatMap(({ tree, origin }) => (isMember(tree['target']) ? [{ tree: tree['target'] as Tree, origin }] : [])),
    scenario: fromFlag('scenario') ?? fromFile('scenario'),
    thresholds: thresholds === null || thresholds === 'faulty' ? null : thresholdsChoice(thresholds),
    baseline,
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

/** Null where no scenario was named; a draft that is null is faulty. */
async function scenarioDrafts(choice: Settings['scenario'], library: ScenarioLibrary, files: Files): Promise<(ScenarioDraft | null)[] | null> {
  if (choice === null) return null;
  if (choice === 'faulty') return [];
  const list = Array.isArray(choice.value);
  const entries: unknown[] = list ? (choice.value as unknown[]) : [choice.value];
  const drafts: (ScenarioDraft | null)[] = [];
  for (const [index, entry] of entries.entries()) {
    const originOf = (path: Path) => choice.originOf(list ? [index, ...path] : path);
    const fallback = index === 0 ? 'inline' : `inline-${index + 1}`;
    drafts.push(isTree(entry) ? await library.inline(entry, originOf, fallback) : await library.byName(String(entry), originOf([])));
  }
  if (drafts.length === 0) files.issues.push({ ...choice.originOf([]).place, message: 'expected at least one scenario, found an empty list' });
  return drafts;
}

/** Flag, then file, then the scenarios' own, which must agree. */
function targetChoice(settings: Settings, drafts: readonly (ScenarioDraft | null)[], files: Files): TargetChoice | 'faulty' {
  if (settings.target === 'faulty') return 'faulty';
  if (settings.target) {
    const { value, originOf } = settings.target;
    return isTree(value) ? { tree: value, originOf } : { name: String(value), origin: originOf([]) };
  }
  const serviceGiven = settings.targetMembers.some(({ tree }) => ['base_url', 'command', 'image'].some((key) => tree[key] !== undefined));
  const named = drafts.filter((draft) => draft !== null && draft.layers.value['target'] !== undefined) as ScenarioDraft[];
  const [first] = named;
  if (!first || serviceGiven) return null;
  const name = String(first.layers.value['target']);
  const other = named.find((draft) => draft.layers.value['target'] !== name);
  if (other) {
    const message = `scenario ${other.name} wants target ${String(other.layers.value['target'])}, scenario ${first.name} wants ${name}: name one target for both, or run them apart`;
    files.issues.push({ ...originAt(other.layers, ['target']).place, message });
    return 'faulty';
  }
  return { name, origin: originAt(first.layers, ['target']) };
}

/** The flags' settings for every scenario, as one layer: two flags that go together are not laid over each other. */
function combined(layers: readonly OverrideLayer[]): Layers {
  const all = layers.reduce((below, { tree, origin }) => overlay(below, tree, () => origin), nothing);
  return overlayScenario(nothing, all.value, (path) => all.origins.get(dotted(path)) ?? defaultOrigin);
}

function refuseTwins(scenarios: readonly ResolvedScenario[], files: Files): void {
  const seen = new Set<string>();
  for (const { scenario, layers } of scenarios) {
    if (seen.has(scenario.name)) {
      files.issues.push({
        ...originAt(layers, ['name']).place,
        message: `two scenarios are named ${scenario.name}: their results could not be told apart; give one another name`,
      });
    }
    seen.add(scenario.name);
  }
}

/**
 * Checks the prompts file, every line. The user's own file is left as written (relative to `root`); one that only ships with the program becomes an
 * absolute path.
 */
async function resolvePrompts({ scenario, layers }: ResolvedScenario, files: Files, builtinRoot: string): Promise<void> {
  const { prompts } = scenario.request;
  if (prompts === undefined) return;
  const origin = originAt(layers, ['request', 'prompts']);
  let path = resolve(files.cwd, prompts);
  if (!(await files.exists(path))) {
    if (!origin.shipped) {
      files.issues.push({
        ...origin.place,
        message: `prompts file ${files.display(path)} not found; expected a file with lines such as {"prompt": "...", "max_tokens": 50}`,
      });
      return;
    }
    path = scenario.request.prompts = resolve(builtinRoot, prompts);
  }
  await readPrompts(path, files.display(path)).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) throw error;
    files.issues.push(...error.issues);
  });
}

function labels(prefix: string, layers: Layers): Record<string, string> {
  return Object.fromEntries(
    [...layers.origins].map(([key, origin]) => [prefix === '' ? key : key === '' ? prefix : `${prefix}.${key}`, origin.label]),
  );
}

/** By file, then line; faults found twice (a file named by two scenarios) once. */
function sorted(issues: readonly ConfigIssue[]): ConfigIssue[] {
  const unique = new Map(issues.map((issue) => [JSON.stringify([issue.file, issue.line, issue.column, issue.message]), issue]));
  return [...unique.values()].toSorted((a, b) => a.file.localeCompare(b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
