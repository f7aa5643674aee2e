/** Parts of a variable's name, between underscores or dashes, that mark its value as a secret. MAX_TOKENS or TOKENIZER are none. */
const secretName = /(^|[_-])(key|apikey|token|secret|password|passwd|pass|pwd|credential|credentials|authorization|dsn)([_-]|$)/i;

/** Shorter values are never masked: they would blot out half of an innocent log. */
const shortestSecret = 4;

/** Whether a variable or header of this name is to be taken for a secret. */
export function looksSecret(name: string): boolean {
  // The working directory, as shells keep it.
  return name !== 'PWD' && name !== 'OLDPWD' && secretName.test(name);
}

/** The values in `variables` that must not be printed, by the look of their names. */
export function secretValues(variables: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(variables).flatMap(([name, value]) => {
    if (value === undefined || !looksSecret(name)) return [];
    if (/^\d{1,7}$/.test(value) || /^(true|false|none|null)$/i.test(value)) return [];
    const credential = /^(?:bearer|basic)\s+(.+)$/i.exec(value)?.[1];
    return credential === undefined ? [value] : [credential];
  });
}

/** Returns a function that puts `***` in the place of every secret in a text; longer secrets first, so that none leaves a tail behind. */
export function maskerOf(secrets: Iterable<string>): (text: string) => string {
  const parts = [...new Set([...secrets].flatMap((secret) => secret.split(/\r?\n/)).map((part) => part.trim()))];
  const masked = parts.filter((part) => part.length >= shortestSecret).sort((a, b) => b.length - a.length);
  if (masked.length === 0) return (text) => text;
  return (text) => masked.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}
