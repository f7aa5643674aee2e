import { UserError } from '../config/errors.ts';
import type { TargetConfig } from '../config/target.ts';
import { expandVariables, lookupIn, readEnvFile } from './environment.ts';

export interface ApiKey {
  /** The variable that it came from. */
  name: string;
  /** Never to be printed. */
  value: string;
}

/**
 * The API key that `api_key_env` names: from the environment, else from env_file; null when the target names none.
 * Named but found nowhere (or empty) is a UserError with exit code 2.
 */
export function resolveApiKey(target: TargetConfig, inputs: { env: NodeJS.ProcessEnv; root: string }): ApiKey | null {
  const name = target.api_key_env;
  if (name === undefined) return null;
  const fromEnvironment = lookupIn(inputs.env, {})(name);
  if (fromEnvironment !== undefined && fromEnvironment !== '') return { name, value: fromEnvironment };
  const fromFile = lookupIn({}, readEnvFile(target, inputs.root))(name);
  if (fromFile !== undefined && fromFile !== '') return { name, value: fromFile };
  const looked = target.env_file === undefined ? 'in the environment' : `in the environment or in ${target.env_file}`;
  throw new UserError(`target ${target.name}: api_key_env names ${name}, but it is not set ${looked}.`, {
    hint: `Set ${name} (in a workflow: env: { ${name}: \${{ secrets.${name} }} }), or take api_key_env out of the target.`,
  });
}

/**
 * The headers that every request to the target carries: `headers` with `${VAR}` filled in, and the API key as
 * `Authorization: Bearer` or, under any other `api_key_header`, as it is. Send them to the origin of base_url alone.
 * @param keyHeader where the wire wants the key when the target does not say
 */
export function targetHeaders(
  target: TargetConfig,
  inputs: { env: NodeJS.ProcessEnv; root: string },
  keyHeader = 'Authorization',
): Record<string, string> {
  const lookup = lookupIn(inputs.env, readEnvFile(target, inputs.root));
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(target.headers ?? {})) {
    headers[name] = expandVariables(value, lookup, `target ${target.name}: headers.${name}`);
  }
  const key = resolveApiKey(target, inputs);
  if (key === null) return headers;
  const header = target.api_key_header ?? keyHeader;
  for (const name of Object.keys(headers)) if (name.toLowerCase() === header.toLowerCase()) delete headers[name];
  headers[header] = header.toLowerCase() === 'authorization' ? `Bearer ${key.value}` : key.value;
  return headers;
}
