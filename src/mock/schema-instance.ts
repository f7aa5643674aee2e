import { isObject } from '../config/is-object.ts';
import { ApiError } from './api-error.ts';

type Schema = Record<string, unknown>;

const maxDepth = 32;
/** Optional properties and items below this depth are left out. */
const deepestOptional = 6;
/** Items of an array that may have any number of them. */
const freeItems = 3;
const formats: Record<string, string> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  email: 'a@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '192.0.2.1',
};

/**
 * A small value that satisfies a JSON Schema: const, enum, type (a list too), properties with required, items with minItems and uniqueItems, prefixItems,
 * minimum, maximum, multipleOf, minLength, maxLength, the common formats, local $ref, allOf, anyOf, oneOf. As models do, it fills in optional properties too, but
 * for those that refer to another part of the schema, which may never end, and those that nothing satisfies.
 * @throws ApiError 400 for `pattern`, a schema that is no object or true, a $ref that leads nowhere, or one that requires itself without end.
 */
export function instanceOf(schema: unknown): unknown {
  return build(schema, schema, 0, 0);
}

/** `index` tells apart the items of one array, where they must differ. */
function build(schema: unknown, root: unknown, index: number, depth: number): unknown {
  if (depth > maxDepth) throw unusable(`the schema is nested deeper than ${maxDepth}, or requires itself`);
  if (schema === true) return null;
  if (!isObject(schema)) throw unusable(`a schema has to be an object, found ${JSON.stringify(schema)}`);
  if (typeof schema['$ref'] === 'string') return build({ ...resolve(schema['$ref'], root), ...without(schema, '$ref') }, root, index, depth + 1);
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) {
    if (schema['enum'].length === 0) throw unusable('enum is empty');
    return schema['enum'][index % schema['enum'].length];
  }
  if (Array.isArray(schema['allOf'])) {
    const parts = schema['allOf'].map((part: unknown) => (isObject(part) && typeof part['$ref'] === 'string' ? resolve(part['$ref'], root) : part));
    return build(parts.reduce<Schema>(merge, without(schema, 'allOf')), root, index, depth + 1);
  }
  for (const key of ['anyOf', 'oneOf']) {
    const choices = schema[key];
    if (Array.isArray(choices) && choices.length > 0) {
      const choice: unknown = choices[0];
      const chosen = isObject(choice) && typeof choice['$ref'] === 'string' ? resolve(choice['$ref'], root) : choice;
      return build(merge(without(schema, key), chosen), root, index, depth + 1);
    }
  }
  switch (typeOf(schema)) {
    case 'object':
      return buildObject(schema, root, depth);
    case 'array':
      return buildArray(schema, root, depth);
    case 'string':
      return buildString(schema, index);
    case 'integer':
      return buildNumber(schema, index, true);
    case 'number':
      return buildNumber(schema, index, false);
    case 'boolean':
      return index % 2 === 0;
    case 'null':
      return null;
    default:
      throw unusable(`type ${JSON.stringify(schema['type'])} is not known`);
  }
}

function buildObject(schema: Schema, root: unknown, depth: number): Schema {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = new Set(Array.isArray(schema['required']) ? schema['required'].map(String) : []);
  const built: Schema = {};
  for (const [name, property] of Object.entries(properties)) {
    if (required.has(name)) built[name] = build(property, root, 0, depth + 1);
    else if (isObject(property) && !('$ref' in property) && depth < deepestOptional) {
      const value = builtOrNothing(property, root, depth + 1);
      if (value !== nothing) built[name] = value;
    }
  }
  for (const name of required) if (!Object.hasOwn(properties, name)) built[name] = build(true, root, 0, depth + 1);
  return built;
}

const nothing = Symbol('nothing');

function builtOrNothing(schema: Schema, root: unknown, depth: number): unknown {
  try {
    return build(schema, root, 0, depth);
  } catch (error) {
    if (error instanceof ApiError) return nothing;
    throw error;
  }
}

function buildArray(schema: Schema, root: unknown, depth: number): unknown[] {
  const prefix: unknown[] = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : [];
  const least = Math.max(numberOf(schema['minItems']) ?? 0, prefix.length);
  const open = isObject(schema['items']) && !('$ref' in schema['items']) && !schema['uniqueItems'] && depth < deepestOptional;
  const length = open && least === 0 ? Math.min(freeItems, numberOf(schema['maxItems']) ?? freeItems) : least;
  if (length > 10_000) throw unusable(`minItems ${length} is more than this engine writes (10000)`);
  return Array.from({ length }, (_, item) => build(prefix[item] ?? schema['items'] ?? true, root, schema['uniqueItems'] ? item : 0, depth + 1));
}

function buildString(schema: Schema, index: number): string {
  if ('pattern' in schema) throw unusable('pattern is not supported');
  if (typeof schema['format'] === 'string' && formats[schema['format']]) return formats[schema['format']]!;
  const longest = numberOf(schema['maxLength']) ?? Number.POSITIVE_INFINITY;
  const text = index === 0 ? 'text' : `text${index}`;
  return text.padEnd(Math.min(numberOf(schema['minLength']) ?? 0, 100_000), 'x').slice(0, longest);
}

function buildNumber(schema: Schema, index: number, whole: boolean): number {
  const step = numberOf(schema['multipleOf']) ?? (whole ? 1 : 0.5);
  const low = Math.max(numberOf(schema['minimum']) ?? Number.NEGATIVE_INFINITY, numberOf(schema['exclusiveMinimum']) ?? Number.NEGATIVE_INFINITY);
  const high = Math.min(numberOf(schema['maximum']) ?? Number.POSITIVE_INFINITY, numberOf(schema['exclusiveMaximum']) ?? Number.POSITIVE_INFINITY);
  let value = low > 0 ? Math.ceil(low / step) * step : high < 0 ? Math.floor(high / step) * step : 0;
  if (value === schema['exclusiveMinimum']) value += step;
  if (value === schema['exclusiveMaximum']) value -= step;
  const distinct = value + index * step;
  const result = distinct <= high ? distinct : value - index * step;
  if (result >= low && result <= high && result !== schema['exclusiveMinimum'] && result !== schema['exclusiveMaximum']) return result;
  if (!whole && low < high && schema['multipleOf'] === undefined) return (low + high) / 2;
  throw unusable(`no number lies between ${low} and ${high}`);
}

function typeOf(schema: Schema): string {
  const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  if (typeof type === 'string') return type;
  if ('properties' in schema || 'required' in schema) return 'object';
  if ('items' in schema || 'prefixItems' in schema || 'minItems' in schema) return 'array';
  if ('minimum' in schema || 'maximum' in schema || 'multipleOf' in schema) return 'number';
  return type === undefined ? 'string' : JSON.stringify(type);
}

/** `#/$defs/name` and its like, within the schema itself. */
function resolve(reference: string, root: unknown): Schema {
  let found: unknown = root;
  const steps = reference === '#' ? [] : reference.startsWith('#/') ? reference.slice(2).split('/') : null;
  for (const step of steps ?? []) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    found = (isObject(found) || Array.isArray(found)) && Object.hasOwn(found, key) ? (found as Schema)[key] : undefined;
  }
  if (steps === null || !isObject(found)) throw unusable(`$ref ${JSON.stringify(reference)} leads nowhere`);
  return found;
}

function merge(left: Schema, right: unknown): Schema {
  if (!isObject(right)) return left;
  const merged: Schema = { ...left, ...right };
  if (isObject(left['properties']) && isObject(right['properties'])) merged['properties'] = { ...left['properties'], ...right['properties'] };
  if (Array.isArray(left['required']) && Array.isArray(right['required'])) merged['required'] = [...left['required'], ...right['required']];
  return merged;
}

function without(schema: Schema, key: string): Schema {
  const { [key]: _, ...rest } = schema;
  return rest;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function unusable(why: string): ApiError {
  return new ApiError(400, `response_format: ${why}.`, { param: 'response_format' });
}
