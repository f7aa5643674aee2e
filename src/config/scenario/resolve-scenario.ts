import type * as z from 'zod';
import { contradictions } from '../contradictions.ts';
import type { ConfigIssue } from '../errors.ts';
import { howToGive, missingOptions } from '../missing-options.ts';
import type { ResolvedTarget } from '../target/resolve-target.ts';
import { defaultOrigin, dotted, isTree, type Layers, originAt, overlay, type Tree, without } from '../yaml/layers.ts';
import { check, unknownName } from '../yaml/schema-issues.ts';
import { takeCap } from './cap-load.ts';
import { fitLoad } from './fit-load.ts';
import { type Lengths, longestOf } from './lengths.ts';
import { scaledLoad, scaledRetrieval, scaledWarmup } from './scale.ts';
import { type Scenario, scenarioSchema } from './scenario.ts';
import { overlayScenario, type ScenarioDraft } from './scenarios.ts';
import { switchExecutor, wantedExecutor } from './switch-executor.ts';

export interface ResolvedScenario {
  scenario: Scenario;
  layers: Layers;
  /** Something of it is wrong: of `scenario` the files may be checked that it names for sure, and no more. */
  faulty?: true;
}

const defaultPromptsFile = 'prompts.jsonl';

/**
 * Lays the flags over a scenario, fills in what is left and checks the executor's options by its own schema.
 * @param fromFlags the flags' settings for every scenario
 * @param executors executor name -> schema of its options without `executor`
 * @returns null where nothing can be said of it; then, and where it is `faulty`, `issues` says what is wrong
 */
export function resolveScenario(
  draft: ScenarioDraft,
  fromFlags: Layers,
  resolved: ResolvedTarget | null,
  executors: Readonly<Record<string, z.ZodType>>,
  issues: ConfigIssue[],
  warnings: ConfigIssue[],
): ResolvedScenario | null {
  const found: ConfigIssue[] = [];
  const taken = takeCap(fromFlags, found);
  const choice = wantedExecutor(draft.layers, taken.flags, executors);
  const fitted = fitLoad(draft.layers, taken.flags, choice.wanted);
  const switched = switchExecutor(fitted.scenario, fitted.flags, choice, executors, found);
  if (found.length > 0) {
    issues.push(...found);
    return null;
  }
  const { flags } = switched;
  const given = overlayScenario(
    withSharedBeginning(switched.scenario, flags),
    flags.value,
    (path) => flags.origins.get(dotted(path)) ?? defaultOrigin,
  );
  const layers = withDefaults(withTargetTimeout(withRequestsPerCell(taken.cap(given, executors)), resolved));
  // What is wrong with a request was told of where it was read.
  const sound = scenarioSchema.shape.request.safeParse(layers.value['request']).success;
  if (sound) found.push(...contradictions(layers));
  const options = isTree(layers.value['load']) ? layers.value['load'] : {};
  const executor = String(options['executor']);
  const load = checkLoad(layers, executor, executors, found);
  issues.push(...found);

  const {
    request: written,
    thresholds: _,
    load: __,
    extends: ___,
    parts: ____,
    aliases: _____,
    metrics: ______,
    ...rest
  } = scenarioSchema.parse(sound ? layers.value : { ...layers.value, request: {} });
  // What is a path there is read by resolveRequestFiles.
  const request = written as Omit<NonNullable<typeof written>, 'schema' | 'cases' | 'conversations'>;
  const cap = resolved?.target.max_tokens ?? null;
  const scenario: Scenario = {
    ...rest,
    name: draft.name,
    ...(draft.part ? { part: draft.part } : {}),
    timeout: rest.timeout!,
    seed: rest.seed!,
    load: load ? scaledLoad({ ...load, executor }, rest.scale ?? 1) : { ...options, executor },
    warmup: scaledWarmup(rest.warmup!, rest.scale ?? 1),
    request: {
      ...request,
      ...(request.retrieval === undefined ? {} : { retrieval: scaledRetrieval(request.retrieval, rest.scale ?? 1) }),
      api: request.api!,
      stream: request.stream!,
      max_tokens: capped(request.max_tokens ?? null, cap),
      max_tokens_cap: cap,
    },
  };
  if (!load || !sound || found.length > 0) return { scenario, layers, faulty: true };
  warnings.push(...concerns(scenario, layers, request.max_tokens ?? null, resolved));
  return { scenario, layers: withSettled(scenario, draft, layers, request.max_tokens ?? null, resolved) };
}

/** Origins of what was settled here: the name, and what the target's cap changed. */
function withSettled(scenario: Scenario, draft: ScenarioDraft, layers: Layers, asked: Lengths | null, resolved: ResolvedTarget | null): Layers {
  const origins = new Map(layers.origins);
  if (!origins.has('name')) origins.set('name', draft.named);
  if (resolved && scenario.request.max_tokens_cap !== null) {
    const cap = originAt(resolved.layers, ['max_tokens']);
    origins.set('request.max_tokens_cap', cap);
    if (Array.isArray(asked) && asked.some((length) => length > scenario.request.max_tokens_cap!)) origins.set('request.max_tokens', cap);
  }
  return { value: layers.value, origins };
}

/** A target knows how slow it is: its timeout stands in for the default one and for a shipped scenario's, not for one that the user's own scenario or a flag names. */
function withTargetTimeout(layers: Layers, resolved: ResolvedTarget | null): Layers {
  const timeout = resolved?.layers.value['timeout'];
  const named = layers.value['timeout'] !== undefined && originAt(layers, ['timeout']).shipped !== true;
  if (timeout === undefined || named) return layers;
  return overlay(layers, { timeout }, () => originAt(resolved!.layers, ['timeout']));
}

function withDefaults(layers: Layers): Layers {
  const request = isTree(layers.value['request']) ? layers.value['request'] : {};
  const load = isTree(layers.value['load']) ? layers.value['load'] : {};
  const http = request['api'] === 'http';
  const sized = load['requests'] !== undefined || load['duration'] !== undefined;
  const closed = (load['executor'] ?? 'closed') === 'closed';
  const defaults = {
    timeout: 30,
    warmup: 0,
    seed: 0,
    request: http
      ? { api: 'http', stream: false, method: 'GET', path: '/' }
      : { api: 'chat', stream: request['api'] !== 'template', ...(bringsPrompts(request, load) ? {} : { prompts: defaultPromptsFile }) },
    ...(closed ? { load: { executor: 'closed', concurrency: 1, ...(sized ? {} : { requests: 100 }) } } : {}),
  };
  const base = overlay({ value: {}, origins: new Map() }, defaults, () => defaultOrigin);
  return overlay(base, layers.value, (path) => originAt(layers, path));
}

/** Where a flag gives prompts another length, the beginning that they share keeps its share of them. */
function withSharedBeginning(scenario: Layers, flags: Layers): Layers {
  const request = (layers: Layers): Tree => (isTree(layers.value['request']) ? layers.value['request'] : {});
  const shortest = (lengths: unknown) => (Array.isArray(lengths) ? Math.min(...lengths.map(Number)) : typeof lengths === 'number' ? lengths : null);
  const [before, after] = [shortest(request(scenario)['prompt_tokens']), shortest(request(flags)['prompt_tokens'])];
  const shared = request(scenario)['shared_prefix_tokens'];
  if (before === null || after === null || typeof shared !== 'number') return scenario;
  const origin = originAt(flags, ['request', 'prompt_tokens']);
  return overlay(scenario, { request: { shared_prefix_tokens: Math.max(1, Math.floor((shared * after) / before)) } }, () => origin);
}

/** So many requests of each pair of lengths are a number of requests. */
function withRequestsPerCell(layers: Layers): Layers {
  const each = layers.value['requests_per_cell'];
  const request = isTree(layers.value['request']) ? layers.value['request'] : {};
  if (typeof each !== 'number') return layers;
  const lengths = (key: string) => (Array.isArray(request[key]) ? request[key].length : 1);
  const requests = each * lengths('prompt_tokens') * lengths('max_tokens');
  const origin = originAt(layers, ['requests_per_cell']);
  return overlay(without(layers, ['load', 'total_requests']), { load: { requests } }, () => origin);
}

function bringsPrompts(request: Tree, load: Tree): boolean {
  return (
    ['prompt_tokens', 'prompt', 'cases', 'conversations', 'sharegpt', 'retrieval'].some((key) => request[key] !== undefined) ||
    (isTree(request['classes']) && request['classes']['prompt'] !== undefined) ||
    load['executor'] === 'trace'
  );
}

function checkLoad(
  layers: Layers,
  executor: string,
  executors: Readonly<Record<string, z.ZodType>>,
  issues: ConfigIssue[],
): Record<string, unknown> | null {
  const schema = Object.hasOwn(executors, executor) ? executors[executor] : undefined;
  if (!schema) {
    issues.push({ ...originAt(layers, ['load', 'executor']).place, message: unknownName('executor', executor, Object.keys(executors)) });
    return null;
  }
  const { executor: _, ...options } = layers.value['load'] as Record<string, unknown>;
  const result = check(schema, options, { locate: (path) => originAt(layers, path).place, prefix: ['load'] });
  const lacking = missingOptions(schema, options);
  for (const issue of result.issues) {
    const missing = lacking.find((option) => issue.message.startsWith(`load.${option}: `));
    if (missing !== undefined)
      // Nothing that was given is wrong: it is the executor that asks for more.
      issues.push({ ...originAt(layers, ['load', 'executor']).place, message: `${issue.message}${howToGive(missing, executor, schema)}` });
    else issues.push({ ...issue, message: `${issue.message}${issue.message.includes('Known keys') ? ` (executor ${executor})` : ''}` });
  }
  return result.data as Record<string, unknown> | null;
}

/** Two lengths above the cap become one. */
function capped(lengths: Lengths | null, cap: number | null): Lengths | null {
  return lengths === null || cap === null || !Array.isArray(lengths) ? lengths : [...new Set(lengths.map((length) => Math.min(length, cap)))];
}

/** How much more than the cap a distribution may ask for, in words; empty where it never does. */
function overCap(lengths: Lengths | null, cap: number): string {
  if (lengths === null || cap === Number.POSITIVE_INFINITY) return '';
  const longest = longestOf(lengths);
  return longest === null ? 'any number of' : longest > cap ? `up to ${longest}` : '';
}

/** The most users that a load of users has at once; null for a schedule, which knows none. */
function mostUsers(load: Scenario['load']): number | null {
  const { concurrency, users, levels, stages, height, max, unit } = load as {
    concurrency?: number;
    users?: number;
    levels?: number[];
    stages?: { users?: number }[];
    height?: number;
    max?: number;
    unit?: string;
  };
  if (unit === 'rate') return null;
  const counts = [concurrency, users, height, max, ...(levels ?? []), ...(stages ?? []).map((stage) => stage.users)];
  const known = counts.filter((count) => count !== undefined);
  return known.length === 0 ? null : Math.max(...known);
}

function concerns(scenario: Scenario, layers: Layers, asked: Lengths | null, resolved: ResolvedTarget | null): ConfigIssue[] {
  const warnings: ConfigIssue[] = [];
  if (!resolved) return warnings;
  const { target } = resolved;
  const cap = target.max_tokens ?? Number.POSITIVE_INFINITY;
  const over = Array.isArray(asked) ? asked.filter((length) => length > cap).join(', ') : overCap(asked, cap);
  if (over !== '') {
    const message = `scenario ${scenario.name} asks for ${over} output tokens; cut down to ${target.max_tokens}, the max_tokens of target ${target.name}`;
    warnings.push({ ...originAt(layers, ['request', 'max_tokens']).place, message });
  }
  const concurrency = mostUsers(scenario.load);
  if (typeof concurrency === 'number' && target.expected_concurrency !== undefined && concurrency > target.expected_concurrency) {
    const message = `scenario ${scenario.name} runs ${concurrency} requests at once; target ${target.name} expects at most ${target.expected_concurrency}`;
    warnings.push({ ...originAt(layers, ['load']).place, message });
  }
  return warnings;
}
