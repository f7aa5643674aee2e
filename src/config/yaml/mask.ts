import { isTree } from './layers.ts';

const mask = '***';
/** Variables that hold a secret by their name. */
const secretName = /(^|_)(key|token|secret|secrets|password|passwd|pwd|credential|credentials|auth|authorization|cookie|dsn)s?(_|$)|api_?key/i;
const secretHeader = /^(authorization|proxy-authorization|cookie|set-cookie)$|key|token|secret|auth/i;

/** The same value with secrets masked: for printing, and for the result document, which keeps the configuration. */
export function maskSecrets(value: unknown, path: readonly string[] = []): unknown {
  const parent = path.at(-2);
  const name = path.at(-1) ?? '';
  if ((parent === 'env' && secretName.test(name)) || (parent === 'headers' && secretHeader.test(name))) return mask;
  if (name === 'base_url' && typeof value === 'string') return maskAddress(value);
  if (Array.isArray(value)) return value.map((item, index) => maskSecrets(item, [...path, String(index)]));
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, maskSecrets(inner, [...path, key])]));
}

/** An address with the credentials before its host masked: `http://***@host`. */
export function maskAddress(address: string): string {
  return address.replace(/\/\/[^/]*@/, `//${mask}@`);
}
