/** The text at a path of JSON of unknown shape; null where there is none, or an empty one. */
export function text(value: unknown, ...path: string[]): string | null {
  const found = at(value, path);
  return typeof found === 'string' && found !== '' ? found : null;
}

/** The whole number at a path. */
export function number(value: unknown, ...path: string[]): number | null {
  const found = at(value, path);
  return typeof found === 'number' && Number.isSafeInteger(found) ? found : null;
}

/** The list at a path; empty where there is none. */
export function list(value: unknown, ...path: string[]): unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

function at(value: unknown, path: string[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}
