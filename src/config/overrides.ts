import type * as z from 'zod';
import { alertsSchema, outputSchema } from './alerts.ts';
import { baselineSchema, reportSchema, sections } from './config-file.ts';
import type { ConfigIssue } from './errors.ts';
import { observeSchema } from './observe.ts';
import { profileMembersSchema } from './profile.ts';
import { scenarioFields, scenarioSchema } from './scenario/scenario.ts';
import { targetSchema } from './target/target.ts';
import { isTree, type Origin, type Tree } from './yaml/layers.ts';
import { check } from './yaml/schema-issues.ts';

/** A value given by a flag or an input; it wins over every file. */
export interface Override {
  /**
   * Dotted path: `target` (a name, or a mapping), `target.model`, `scenario` (a name or a list), `load.requests`, `request.max_tokens`, `warmup`, `timeout`, `retry`, `seed`,
   * `stop.max_error_rate` (these apply to every scenario), `thresholds` (a path), `baseline`, `baseline.artifact`, `mode`, `report.comment`, `observe.interval`, `alerts.cool_down`, `output.monitoring_data`, `profile.when`, `fail_on`.
   */
  key: string;
  /** Typed, or the text as it was typed: text is read as a number, a boolean or a comma-separated list where the setting wants one. */
  value: unknown;
  /** `flag --model`, `input mode`. */
  origin: string;
}

/** Checked overrides: one tree per override, laid over the files in order. */
export interface OverrideLayer {
  tree: Tree;
  origin: Origin;
}

export interface CheckedOverrides {
  /** Below `target`, `thresholds`, `baseline`, `mode`, `report`, `observe`, `alerts`, `output`, `profile`, `fail_on`, `scenario`. */
  config: OverrideLayer[];
  /** Below `load`, `request`, `warmup`, `timeout`, `retry`, `seed`, `stop` and the other settings of a scenario: for every one. */
  scenario: OverrideLayer[];
  issues: ConfigIssue[];
}

const scenarioKeys = [
  'load',
  'request',
  'warmup',
  'timeout',
  'first_token_timeout',
  'idle_timeout',
  'retry',
  'seed',
  'stop',
  'slo',
  'scale',
  'requests_per_cell',
] as const;
/** Numbers and lists in these are left to the executor's own schema, which is known only once the scenario is. */
const looseNumbers = /^-?\d+(\.\d+)?$/;

/** @throws TypeError for a key that names no setting: the caller's mistake, not the user's. */
export function checkOverrides(overrides: readonly Override[]): CheckedOverrides {
  const result: CheckedOverrides = { config: [], scenario: [], issues: [] };
  for (const override of overrides) {
    if (override.value === undefined) continue;
    const steps = override.key.split('.');
    const schema = schemaOf(steps);
    const place = { file: override.origin, line: null, column: null };
    const { value, issues } = checkValue(schema, steps, override.value, place);
    result.issues.push(...issues);
    if (issues.length > 0) continue;
    const layer = { tree: nest(steps, value), origin: { label: override.origin, place } };
    (isScenarioKey(steps[0]!) ? result.scenario : result.config).push(layer);
  }
  return result;
}

/** Whether an override is of a setting of scenarios, which another scenario may not have. */
export function isOfScenario({ key }: Override): boolean {
  return isScenarioKey(key.split('.')[0] as string);
}

function isScenarioKey(key: string): boolean {
  return (scenarioKeys as readonly string[]).includes(key);
}

/** The schema of the setting at a dotted key; null where the executor has it. */
function schemaOf(steps: string[]): z.ZodType | null {
  const [first, second] = steps;
  const shape = (schema: { shape: Record<string, z.ZodType> }, name: string | undefined) => (name === undefined ? undefined : schema.shape[name]);
  let found: z.ZodType | null | undefined;
  if (steps.length > 2) found = undefined;
  else if (first === 'load') found = null;
  else if (second === undefined)
    found = isScenarioKey(first!) ? scenarioSchema.shape[first as keyof typeof scenarioSchema.shape] : sections[first as keyof typeof sections];
  else if (first === 'target') found = shape(targetSchema, second);
  else if (first === 'request') found = shape(scenarioFields.request.unwrap(), second);
  else if (first === 'stop') found = shape(scenarioFields.stop.unwrap(), second);
  else if (first === 'report') found = shape(reportSchema, second);
  else if (first === 'observe') found = shape(observeSchema, second);
  else if (first === 'alerts') found = shape(alertsSchema, second);
  else if (first === 'output') found = shape(outputSchema, second);
  else if (first === 'profile') found = shape(profileMembersSchema, second);
  else if (first === 'baseline') found = baselineMember(second);
  if (found === undefined) throw new TypeError(`no setting ${steps.join('.')}`);
  return found;
}

function baselineMember(name: string): z.ZodType | undefined {
  const shapes = baselineSchema.options.map((option): Record<string, z.ZodType> => ('shape' in option ? option.shape : {}));
  return shapes.find((shape) => Object.hasOwn(shape, name))?.[name];
}

function checkValue(schema: z.ZodType | null, steps: string[], value: unknown, place: Origin['place']): { value: unknown; issues: ConfigIssue[] } {
  if (!schema) return { value: typeof value === 'string' && looseNumbers.test(value.trim()) ? Number(value) : value, issues: [] };
  if (steps[0] === 'scenario' && typeof value === 'string' && value.includes(',')) {
    return {
      value: value
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
      issues: [],
    };
  }
  const attempt = (candidate: unknown) => check(schema, candidate, { locate: () => place, prefix: steps, showPath: isTree(candidate) }).issues;
  const issues = attempt(value);
  if (issues.length === 0 || typeof value !== 'string') return { value, issues };
  for (const candidate of readings(value)) if (attempt(candidate).length === 0) return { value: candidate, issues: [] };
  const number = readings(value)[0];
  return { value, issues: typeof number === 'number' ? attempt(number) : issues };
}

/** What text could stand for. */
function readings(text: string): unknown[] {
  const scalar = (part: string): unknown => {
    if (looseNumbers.test(part)) return Number(part);
    return part === 'true' ? true : part === 'false' ? false : part;
  };
  const parts = text.split(',').map((part) => part.trim());
  return [scalar(text.trim()), parts.map(scalar)];
}

function nest(steps: string[], value: unknown): Tree {
  return steps.toReversed().reduce<unknown>((inner, step) => ({ [step]: inner }), value) as Tree;
}
