import type * as z from 'zod';
import type { ConfigIssue } from '../errors.ts';
import { suggestion } from './near-miss.ts';
import type { Path, Place } from './source.ts';

/** How the place of an issue is found: the value at the path, or its key where the key itself is wrong. */
export type Locate = (path: Path, what: 'key' | 'value') => Place;

const keySeparator = '\0';

/**
 * Checks a value against a schema and tells every fault in words: expected, found, allowed values, near miss.
 * @param prefix path of `value` within its document, for the places and the names in the messages
 * @param showPath false where the place alone names the value (a flag)
 */
export function check<T extends z.ZodType>(
  schema: T,
  value: unknown,
  options: { locate: Locate; prefix?: Path; showPath?: boolean },
): { data: z.output<T> | null; issues: ConfigIssue[] } {
  const result = schema.safeParse(value, { error: knownKeys });
  if (result.success) return { data: result.data, issues: [] };
  const prefix = options.prefix ?? [];
  const issues = result.error.issues
    .flatMap((issue) => flatten(issue, []))
    .flatMap(({ issue, path }) => {
      const whole = [...prefix, ...path];
      return sentences(issue, valueAt(value, path), path).map(({ text, key }) => {
        const named = key === null ? whole : [...whole, key];
        const what = key !== null || issue.code === 'invalid_key' || (issue.code === 'custom' && issue.params?.['key'] === true) ? 'key' : 'value';
        const name = key === null ? whole : named.slice(0, -1);
        const label = options.showPath === false || name.length === 0 ? '' : `${pathText(name)}: `;
        return { ...options.locate(named, what), message: label + text };
      });
    });
  return { data: null, issues };
}

/** An unknown key's message lists the known ones; only here does zod still hold the schema that refused it. */
export function knownKeys(issue: { code?: string; inst?: unknown }): string | undefined {
  if (issue.code !== 'unrecognized_keys') return undefined;
  const shape = (issue.inst as { _zod?: { def?: { shape?: Record<string, unknown> } } } | undefined)?._zod?.def?.shape;
  return Object.keys(shape ?? {}).join(keySeparator);
}

interface Located {
  issue: z.core.$ZodIssue;
  path: Path;
}

/** Of a union, the alternative that the writer meant: the one whose own type fits and whose inside is wrong. */
function flatten(issue: z.core.$ZodIssue, parent: Path): Located[] {
  const path = [...parent, ...(issue.path as Path)];
  if (issue.code === 'invalid_union' && issue.message === 'Invalid input') {
    const meant = issue.errors.filter((issues) => issues.length > 0 && !issues.some((inner) => isOuterType(inner)));
    const closest = meant.toSorted((a, b) => unknownKeys(a) - unknownKeys(b) || a.length - b.length)[0];
    if (closest) return closest.flatMap((inner) => flatten(inner, path));
  }
  return [{ issue, path }];
}

function isOuterType(issue: z.core.$ZodIssue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((inner) => inner.length > 0 && inner.every(isOuterType));
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function unknownKeys(issues: z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0);
}

/** `key` is set where the fault is a key of the mapping at the issue's path. */
function sentences(issue: z.core.$ZodIssue, found: unknown, path: Path): { text: string; key: string | null }[] {
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(keySeparator).filter((key) => key !== '');
    return issue.keys.map((key) => ({ key, text: unknownName('key', key, known) }));
  }
  const text = sentence(issue, found);
  if (issue.code === 'invalid_key')
    return [{ key: null, text: issue.issues.map((inner) => inner.message).join('; ') || `unknown name ${JSON.stringify(path.at(-1))}` }];
  return [{ key: null, text }];
}

/** `unknown key "x"; did you mean "y"? Known keys: ...`. Names that differ in a statistic alone are listed as one. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  const list = [...new Set(known.map((each) => each.replace(/_(mean|p50|p90|p95|p99|p999)_/, '_STAT_')))];
  const listed = list.length === 0 ? '' : ` Known ${kind}s: ${list.join(', ')}`;
  return `unknown ${kind} ${JSON.stringify(name)}${suggestion(name, known) || (listed === '' ? '' : '.')}${listed}`;
}

function sentence(issue: z.core.$ZodIssue, found: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeName(issue.expected)}, found ${describeFound(found)}`;
    case 'invalid_value': {
      const values = issue.values.map(String);
      const list = values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`;
      return `expected ${list}, found ${describeFound(found)}${typeof found === 'string' ? suggestion(found, values) : ''}`;
    }
    case 'too_small':
      return `expected ${bound(issue.origin, issue.minimum, issue.inclusive === false ? 'more than' : 'at least')}, found ${describeFound(found)}`;
    case 'too_big':
      return `expected ${bound(issue.origin, issue.maximum, issue.inclusive === false ? 'less than' : 'at most')}, found ${describeFound(found)}`;
    case 'invalid_union': {
      if (issue.message !== 'Invalid input') return `${issue.message}, found ${describeFound(found)}`;
      const types = issue.errors.flatMap((issues) => issues.filter(isOuterType)).flatMap(alternatives);
      return `expected ${[...new Set(types)].join(' or ')}, found ${describeFound(found)}`;
    }
    default:
      return issue.message;
  }
}

function alternatives(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_type') return [typeName(issue.expected)];
  return issue.code === 'invalid_value' ? issue.values.map(String) : [];
}

function bound(origin: string, limit: number | bigint, words: string): string {
  if (origin === 'string') return limit === 1 ? 'text that is not empty' : `text of ${words} ${limit} letters`;
  if (origin === 'array' || origin === 'set') return `a list of ${words} ${limit}`;
  return `${origin === 'int' ? 'a whole number of ' : 'a number of '}${words} ${limit}`;
}

const typeNames: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  null: 'nothing',
};

function typeName(type: string): string {
  return typeNames[type] ?? type;
}

/** A value as a person would recognise it in the file; long ones are cut. */
export function describeFound(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'nothing (an empty value)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) here = typeof here === 'object' && here !== null ? (here as Record<string | number, unknown>)[step] : undefined;
  return here;
}

/** `scenario.load.concurrency`, `setup[0].run`; a name with dots is quoted. */
export function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      const name = /^[\w-]+$/.test(step) ? step : JSON.stringify(step);
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}
