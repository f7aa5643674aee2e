import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { ConfigIssue } from '../errors.ts';
import type { OverrideLayer } from '../overrides.ts';
import type { Files } from '../yaml/files.ts';
import { defaultOrigin, dotted, isTree, type Layers, type Origin, originAt, overlay, without } from '../yaml/layers.ts';
import { unknownName } from '../yaml/schema-issues.ts';
import type { Path } from '../yaml/source.ts';
import { type TargetConfig, targetSchema } from './target.ts';
import type { TargetCatalogue } from './targets.ts';

export const embeddedName = 'embedded';

/** The target as it was chosen: by name, inline, or not at all. */
export type TargetChoice = { name: string; origin: Origin } | { tree: Record<string, unknown>; originOf: (path: Path) => Origin } | null;

export interface ResolvedTarget {
  target: TargetConfig;
  embedded: boolean;
  layers: Layers;
}

const empty: Layers = { value: {}, origins: new Map() };

/**
 * Merges the chosen target with the flags' and fills the defaults: with nothing to start and no address http://localhost:8000,
 * with something to start http://127.0.0.1:${PORT}, with nothing named at all the embedded engine.
 * What is wrong goes to `files.issues`; null when the choice itself is wrong.
 */
export function resolveTarget(
  choice: TargetChoice,
  overrides: readonly OverrideLayer[],
  catalogue: TargetCatalogue,
  files: Files,
  warnings: ConfigIssue[],
): ResolvedTarget | null {
  const own = overrides.reduce((layers, { tree, origin }) => overlay(layers, tree, () => origin), empty);
  const given = (key: string) => own.value[key] !== undefined;
  const named = choice ?? (given('base_url') || given('command') || given('image') ? null : { name: embeddedName, origin: defaultOrigin });
  let base = empty;
  let name = 'service';
  let nameOrigin = defaultOrigin;
  if (named && 'name' in named) {
    const found = catalogue.targets.get(named.name);
    if (!found) {
      if (!catalogue.faulty.has(named.name))
        files.issues.push({ ...named.origin.place, message: unknownName('target', named.name, [...catalogue.targets.keys()]) });
      return null;
    }
    [base, name, nameOrigin] = [found, named.name, named.origin];
  } else if (named) {
    base = overlay(empty, named.tree, named.originOf);
    if (typeof base.value['name'] === 'string') [name, nameOrigin] = [base.value['name'], originAt(base, ['name'])];
  }
  const layers = withDefaults(overlayOwn(base, own, warnings), name === embeddedName);
  const embedded = name === embeddedName && layers.value['base_url'] === undefined;
  files.issues.push(...contradictions(layers));
  const { name: title, ...settings } = targetSchema.parse(layers.value);
  const target: TargetConfig = { ...settings, name, ...(title !== undefined && title !== name ? { title } : {}) };
  const origins = new Map(layers.origins);
  const titleOrigin = origins.get('name');
  if (target.title !== undefined && titleOrigin) origins.set('title', titleOrigin);
  origins.set('name', nameOrigin);
  return { target, embedded, layers: { value: layers.value, origins } };
}

const starters = [
  ['setup'],
  ['command'],
  ['image'],
  ['build'],
  ['ports'],
  ['port'],
  ['ready', 'log'],
  ['ready', 'port'],
  ['ready', 'timeout_seconds'],
] as const;

/** An address given by hand says that the service already runs there: what would start one is left out, and said so. */
function overlayOwn(base: Layers, own: Layers, warnings: ConfigIssue[]): Layers {
  const starts = (layers: Layers) => layers.value['command'] !== undefined || layers.value['image'] !== undefined;
  let below = base;
  if (own.value['base_url'] !== undefined && !starts(own) && starts(base)) {
    below = without(base, ...starters);
    warnings.push({
      ...originAt(own, ['base_url']).place,
      message: 'an address was given, so the configured command is not started: the service must already run there',
    });
  }
  if (own.value['command'] !== undefined) below = without(below, ['image'], ['build'], ['ports']);
  if (own.value['image'] !== undefined) below = without(below, ['command']);
  return overlay(below, own.value, (at) => own.origins.get(dotted(at)) ?? defaultOrigin);
}

function withDefaults(layers: Layers, mayBeEmbedded: boolean): Layers {
  const { value } = layers;
  const starts = value['command'] !== undefined || value['image'] !== undefined;
  const baseUrl = value['base_url'] ?? (starts ? 'http://127.0.0.1:${PORT}' : mayBeEmbedded ? undefined : 'http://localhost:8000');
  // A fixed address says the port itself; of a container its `ports` may.
  const free = value['command'] !== undefined && value['image'] === undefined && String(baseUrl).includes('${PORT}');
  const defaults = { base_url: baseUrl, port: value['port'] ?? (free ? 'auto' : undefined) };
  return overlay(layers, defaults, (path) => layers.origins.get(dotted(path)) ?? defaultOrigin);
}

function contradictions(layers: Layers): ConfigIssue[] {
  const { value } = layers;
  const issue = (path: Path, message: string) => ({ ...originAt(layers, path).place, message });
  const issues: ConfigIssue[] = [];
  for (const key of ['build', 'ports']) {
    if (value[key] !== undefined && value['image'] === undefined) issues.push(issue([key], `${key} belongs to image: name the image that it is for`));
  }
  const ready = value['ready'];
  const ownOutput = ['command', 'image', 'logs_command'].some((key) => value[key] !== undefined);
  if (isTree(ready) && ready['log'] !== undefined && !ownOutput) {
    issues.push(
      issue(
        ['ready', 'log'],
        'ready.log needs a command, an image or a logs_command: the output of a service that already runs cannot be watched; use ready.url',
      ),
    );
  }
  return issues;
}

/** Checks `env_file` and that the API key is there to be found; its value is never kept or shown. */
export async function checkEnvironment(resolved: ResolvedTarget, files: Files, env: NodeJS.ProcessEnv, warnings: ConfigIssue[]): Promise<void> {
  const { target, layers } = resolved;
  let fromFile: NodeJS.Dict<string> = {};
  if (target.env_file !== undefined) {
    const text = await readFile(resolve(files.cwd, target.env_file), 'utf8').catch(() => null);
    if (text === null)
      files.issues.push({
        ...originAt(layers, ['env_file']).place,
        message: `env_file ${files.display(target.env_file)} cannot be read; is it there?`,
      });
    else fromFile = parseEnv(text);
  }
  const key = target.api_key_env;
  if (key !== undefined && !env[key] && !fromFile[key]) {
    warnings.push({
      ...originAt(layers, ['api_key_env']).place,
      message: `the environment variable ${key} is not set: nothing can be sent to this target until it is`,
    });
  }
}
