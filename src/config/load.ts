import { resolve } from 'node:path';
import type * as z from 'zod';
import { alertsDefaults, alertsOf, outputDefaults, outputSchema } from './alerts.ts';
import type { BenchConfig } from './bench-config.ts';
import { ConfigError, type ConfigIssue } from './errors.ts';
import { observeDefaults, observeSchema } from './observe.ts';
import { checkOverrides, type Override, type OverrideLayer } from './overrides.ts';
import { profileDefaults, profileOf } from './profile.ts';
import { baselineSource } from './resolve-baseline.ts';
import { resolveComponents } from './resolve-components.ts';
import { expandParts, forEachModel, withLimitsOf } from './scenario/parts.ts';
import { resolvePromptFiles } from './scenario/resolve-prompt-files.ts';
import { resolveRequestFiles } from './scenario/resolve-request-files.ts';
import { type ResolvedScenario, resolveScenario } from './scenario/resolve-scenario.ts';
import { openScenarios, overlayScenario, type ScenarioDraft, type ScenarioLibrary } from './scenario/scenarios.ts';
import { readConfigFile, type Settings, settingsOf } from './settings.ts';
import { checkEnvironment, embeddedName, resolveTarget, type TargetChoice } from './target/resolve-target.ts';
import { readTargets } from './target/targets.ts';
import { resolveThresholds } from './thresholds/resolve-thresholds.ts';
import type { Thresholds } from './thresholds/thresholds.ts';
import { type Files, openFiles } from './yaml/files.ts';
import { defaultOrigin, dotted, isTree, type Layers, originAt, overlay } from './yaml/layers.ts';
import type { Path } from './yaml/source.ts';

export type { Override } from './overrides.ts';

export interface LoadConfigOptions {
  /** The user's folder: relative paths of the configuration are relative to it. */
  cwd: string;
  /** The folder that holds the shipped config/ and prompts.jsonl. */
  builtinRoot: string;
  /** What `--config` named; null or left out: llm-bench.yaml in `cwd` or its .github/. */
  configFile?: string | null | undefined;
  /** What `--scenarios` named: a file of many scenarios; null or left out: config/test_scenarios.yaml where there is one. */
  scenariosFile?: string | null | undefined;
  overrides: readonly Override[];
  env: NodeJS.ProcessEnv;
  /** Each scenario once for every model that the target supports. */
  allModels?: boolean;
  /** Executor name -> schema of its options without `executor`; config may not import the load room. */
  executors: Readonly<Record<string, z.ZodType>>;
}

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

  const scenarioLibrary = openScenarios(files, builtinRoot, options.scenariosFile ?? null);
  const drafts = await scenarioDrafts(settings.scenario, scenarioLibrary, files);
  const catalogue = await readTargets(files, builtinRoot);
  const choice = targetChoice(settings, drafts ?? [], files);
  const target = choice === 'faulty' ? null : resolveTarget(choice, settings.targetMembers, catalogue, files, warnings);
  if (target) await checkEnvironment(target, files, options.env, warnings);

  const chosen = drafts ?? [await scenarioLibrary.byName(target?.embedded ? embeddedName : 'default', defaultOrigin)];
  const flags = combined(overrides.scenario);
  const expanded = new Map<ScenarioDraft, ScenarioDraft[]>();
  const models = options.allModels && target ? supportedModels(target, files) : null;
  for (const draft of chosen) {
    if (!draft) continue;
    const parts = await expandParts(draft, scenarioLibrary, files.issues);
    expanded.set(draft, models === null ? parts : parts.flatMap((part) => forEachModel(part, models)));
  }
  const scenarios = [...expanded.values()]
    .flat()
    .map((draft) => resolveScenario(draft, flags, target, options.executors, files.issues, warnings))
    .filter((scenario) => scenario !== null);
  refuseTwins(scenarios, files);
  for (const scenario of scenarios) {
    await resolvePromptFiles(scenario, files, builtinRoot);
    await resolveRequestFiles(scenario, files, builtinRoot);
  }

  const limits = [...expanded].reduce(
    (layers, [draft, parts]) => withLimitsOf(layers, draft, parts),
    await resolveThresholds(settings.thresholds, files, builtinRoot),
  );
  const components = await resolveComponents(settings.component, files, builtinRoot);
  if (files.issues.length > 0) throw new ConfigError(sorted(files.issues));

  const baseline = settings.baseline;
  const plain = overlay(
    {
      value: {
        mode: 'auto',
        fail_on: 'regressed',
        report: { comment: 'always', html: false },
        observe: { ...observeDefaults },
      },
      origins: new Map(
        [
          'mode',
          'fail_on',
          'report.comment',
          'report.html',
          ...Object.keys(observeDefaults).map((key) => `observe.${key}`),
          ...Object.keys(alertsDefaults).map((key) => `alerts.${key}`),
          ...Object.keys(outputDefaults).map((key) => `output.${key}`),
          ...Object.keys(profileDefaults).map((key) => `profile.${key}`),
        ].map((key) => [key, defaultOrigin]),
      ),
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
    observe: { ...observeDefaults, ...observeSchema.parse(plain.value['observe']) } as BenchConfig['observe'],
    alerts: alertsOf(plain.value['alerts']),
    output: { ...outputDefaults, ...outputSchema.parse(plain.value['output'] ?? {}) } as BenchConfig['output'],
    components,
    profile: profileOf(plain.value['profile']),
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

/** The models that `--all-models` asks for in turn. */
function supportedModels({ target }: NonNullable<ReturnType<typeof resolveTarget>>, files: Files): string[] {
  const models = target.supported_models ?? [];
  if (models.length === 0)
    files.issues.push({
      file: 'flag --all-models',
      line: null,
      column: null,
      message: `target ${target.name} names no supported_models; list them in its entry`,
    });
  return [...new Set(models)];
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
    // A faulty one was told of where it was read.
    if (entry === null) drafts.push(null);
    else drafts.push(isTree(entry) ? await library.inline(entry, originOf, fallback) : await library.byName(String(entry), originOf([])));
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
      const message =
        scenario.part === undefined
          ? `two scenarios are named ${scenario.name}: their results could not be told apart; give one another name`
          : `two parts are named ${scenario.name}: their results could not be told apart; give one other labels`;
      files.issues.push({ ...originAt(layers, ['name']).place, message });
    }
    seen.add(scenario.name);
  }
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
