import { UserError } from '../config/errors.ts';
import type { TargetConfig } from '../config/target/target.ts';
import { expandVariables, lookupIn, readEnvFile } from './environment.ts';

/** Where values are looked up: the environment, and env_file below the root. */
interface Inputs {
  env: NodeJS.ProcessEnv;
  root: string;
}

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
export function resolveApiKey(target: TargetConfig, inputs: Inputs): ApiKey | null {
  const name = target.api_key_env;
  if (name === undefined) return null;
  // A secret that was pasted or read from a file often ends in a line break, which no header may hold.
  const fromEnvironment = lookupIn(inputs.env, {})(name)?.trim();
  if (fromEnvironment !== undefined && fromEnvironment !== '') return { name, value: fromEnvironment };
  const fromFile = lookupIn({}, readEnvFile(target, inputs.root))(name)?.trim();
  if (fromFile !== undefined && fromFile !== '') return { name, value: fromFile };
  const looked = target.env_file === undefined ? 'in the environment' : `in the environment or in ${target.env_file}`;
  throw new UserError(`target ${target.name}: api_key_env names ${name}, but it is not set ${looked}.`, {
    hint: `Set ${name} (in a workflow: env: { ${name}: \${{ secrets.${name} }} }), or take api_key_env out of the target.`,
  });
}

/** What stands before the host in an address (`http://user:password@host`), as an Authorization header, and what of it nobody may read. */
export interface AddressCredentials {
  header: string;
  secrets: string[];
}

/** The credentials in base_url; null where it has none, or is no address (which is told where it is used). */
export function addressCredentials(target: TargetConfig, inputs: Inputs): AddressCredentials | null {
  if (target.base_url?.includes('@') !== true) return null;
  const lookup = lookupIn(inputs.env, readEnvFile(target, inputs.root));
  const text = expandVariables(target.base_url, (name) => (name === 'PORT' ? '1' : lookup(name)), `target ${target.name}: base_url`);
  const url = URL.parse(text);
  if (url === null || (url.username === '' && url.password === '')) return null;
  const [user, password] = [decoded(url.username), decoded(url.password)];
  const encoded = Buffer.from(`${user}:${password}`).toString('base64');
  return { header: `Basic ${encoded}`, secrets: [encoded, password === '' ? user : password, url.password].filter((secret) => secret !== '') };
}

/** A percent sign that begins no escape stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The headers that every request to the target carries: `headers` with `${VAR}` filled in, and the API key as
 * `Authorization: Bearer` or, under any other `api_key_header`, as it is. Credentials in base_url are sent as `Authorization: Basic`, unless one of
 * these says otherwise. Send them to the origin of base_url alone.
 * @param keyHeader where the wire wants the key when the target does not say
 */
export function targetHeaders(target: TargetConfig, inputs: Inputs, keyHeader = 'Authorization'): Record<string, string> {
  const lookup = lookupIn(inputs.env, readEnvFile(target, inputs.root));
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(target.headers ?? {})) {
    headers[name] = expandVariables(value, lookup, `target ${target.name}: headers.${name}`);
  }
  const key = resolveApiKey(target, inputs);
  if (key !== null) {
    const header = target.api_key_header ?? keyHeader;
    for (const name of Object.keys(headers)) if (name.toLowerCase() === header.toLowerCase()) delete headers[name];
    headers[header] = header.toLowerCase() === 'authorization' ? `Bearer ${key.value}` : key.value;
  }
  const credentials = addressCredentials(target, inputs);
  if (credentials !== null && !Object.keys(headers).some((name) => name.toLowerCase() === 'authorization'))
    headers['Authorization'] = credentials.header;
  return headers;
}
