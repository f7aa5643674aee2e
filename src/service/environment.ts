import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { UserError } from '../config/errors.ts';
import type { TargetConfig } from '../config/target/target.ts';

/** By this variable the descendants of a service are found again, whatever group or session they moved to. */
export const markerVariable = 'LLM_BENCH_SERVICE_ID';

/** What the workflow runner hands to a step and a service under test has no business with: credentials, inputs, and the files by which a step speaks to the runner. */
const scrubbedNames = new Set([
  'ACTIONS_RUNTIME_TOKEN',
  'ACTIONS_RESULTS_URL',
  'ACTIONS_RUNTIME_URL',
  'ACTIONS_CACHE_URL',
  'GITHUB_TOKEN',
  'GH_TOKEN',
  'GITHUB_ENTERPRISE_TOKEN',
  'GH_ENTERPRISE_TOKEN',
  'GITHUB_ENV',
  'GITHUB_OUTPUT',
  'GITHUB_PATH',
  'GITHUB_STATE',
  'GITHUB_STEP_SUMMARY',
]);
const scrubbedPrefixes = ['ACTIONS_ID_TOKEN_', 'INPUT_'];

/** The environment without the runner's secrets, except those that `passEnv` names. RUNNER_TRACKING_ID stays: by it the runner cleans up orphans. */
export function scrubEnvironment(env: NodeJS.ProcessEnv, passEnv: readonly string[] = []): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    const scrubbed = scrubbedNames.has(name) || scrubbedPrefixes.some((prefix) => name.startsWith(prefix));
    if (!scrubbed || passEnv.includes(name)) kept[name] = value;
  }
  return kept;
}

/** The variables of the target's `env_file` (relative to root), {} without one. A file that cannot be read is a UserError (exit 2). */
export function readEnvFile(target: TargetConfig, root: string): Record<string, string> {
  if (target.env_file === undefined) return {};
  const file = path.resolve(root, target.env_file);
  try {
    // Copied because parseEnv answers an object without the usual prototype.
    return { ...(parseEnv(readFileSync(file, 'utf8')) as Record<string, string>) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UserError(`target ${target.name}: env_file ${file} cannot be read (${code}).`, {
      hint: 'Create the file, or take env_file out of the target; in a workflow it is often written from secrets in an earlier step.',
      cause: error,
    });
  }
}

/** How a `${NAME}` in the configuration finds its value; undefined means that it is set nowhere. */
export type Lookup = (name: string) => string | undefined;

/** Looks in the environment of this process, then in env_file. */
export function lookupIn(env: NodeJS.ProcessEnv, envFile: Readonly<Record<string, string>>): Lookup {
  // Only what is really set: every object, process.env too, answers to names such as `constructor`.
  const own = (values: NodeJS.ProcessEnv, name: string): string | undefined => (Object.hasOwn(values, name) ? values[name] : undefined);
  return (name) => own(env, name) ?? own(envFile, name);
}

/**
 * Puts values in the place of `${NAME}`, and the default of `${NAME:-default}` where NAME is unset or empty. `$${NAME}` stays as `${NAME}`.
 * @param where the place in the configuration, for the error: an unset variable is a UserError (exit 2) that names both.
 */
export function expandVariables(text: string, lookup: Lookup, where: string): string {
  return text.replaceAll(/\$?\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g, (found, name: string, fallback: string | undefined) => {
    if (found.startsWith('$$')) return found.slice(1);
    const value = lookup(name);
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value !== undefined) return value;
    throw new UserError(`${where} uses \${${name}}, but ${name} is set neither in the environment nor in env_file.`, {
      hint: `Set ${name}, give a default as \${${name}:-value}, or write $\${${name}} if the text itself is meant.`,
    });
  });
}

/** Whether the text uses `${PORT}` (and does not escape it). */
export function mentionsPort(text: string): boolean {
  return /(?<!\$)\$\{PORT(:-[^}]*)?\}/.test(text);
}

/** The target's `env` with its variables filled in. With port null (during setup, when none is chosen yet) the values that need it are left out. */
export function expandEnvironment(
  values: Readonly<Record<string, string>> | undefined,
  lookup: Lookup,
  options: { where: string; port: number | null },
): Record<string, string> {
  const expanded: Record<string, string> = {};
  const withPort: Lookup = (name) => (name === 'PORT' && options.port !== null ? String(options.port) : lookup(name));
  for (const [name, value] of Object.entries(values ?? {})) {
    if (options.port === null && mentionsPort(value)) continue;
    expanded[name] = expandVariables(value, withPort, `${options.where}.${name}`);
  }
  return expanded;
}

/** What a service (or, with port null, a setup step) is started with: the scrubbed environment, then env_file, then `env`, then PORT and the marker. */
export function serviceEnvironment(
  target: TargetConfig,
  inputs: { env: NodeJS.ProcessEnv; envFile: Readonly<Record<string, string>>; port: number | null; marker: string },
): Record<string, string> {
  const own = expandEnvironment(target.env, lookupIn(inputs.env, inputs.envFile), { where: `target ${target.name}: env`, port: inputs.port });
  const port = inputs.port === null ? {} : { PORT: String(inputs.port) };
  return { ...scrubEnvironment(inputs.env, target.pass_env), ...inputs.envFile, ...own, ...port, [markerVariable]: inputs.marker };
}
