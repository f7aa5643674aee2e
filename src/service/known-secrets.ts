import type { BenchConfig } from '../config/bench-config.ts';
import { addressCredentials, resolveApiKey, targetHeaders } from './api-key.ts';
import { secretValues } from './secrets.ts';

/** What a server may repeat in an error message and nobody may read: the key, credentials in the address, and what looks like a secret by its name. */
export function knownSecrets({ target, scenarios, root }: Pick<BenchConfig, 'target' | 'scenarios' | 'root'>, env: NodeJS.ProcessEnv): string[] {
  const inputs = { env, root };
  const key = resolveApiKey(target, inputs);
  return [
    ...(key === null ? [] : [key.value]),
    ...(addressCredentials(target, inputs)?.secrets ?? []),
    ...[target.env ?? {}, targetHeaders(target, inputs), ...scenarios.map(({ request }) => request.headers ?? {})].flatMap(secretValues),
  ];
}
