import { resolve } from 'node:path';
import type * as z from 'zod';
import type { ConfigIssue } from '../errors.ts';
import type { Files } from '../yaml/files.ts';
import { isTree, type Layers, originAt } from '../yaml/layers.ts';
import { check, unknownName } from '../yaml/schema-issues.ts';
import type { Path, Place, YamlSource } from '../yaml/source.ts';
import { type AnswerSchema, schemaFaults } from './answer-schema.ts';
import { type ConversationFile, conversationFileSchema } from './conversation-file.ts';
import type { Scenario } from './scenario.ts';
import { testCasesSchema } from './test-cases.ts';

interface Resolved {
  scenario: Scenario;
  layers: Layers;
}

/** Reads the files that a scenario's requests are made of, and puts what they hold in their place. What is wrong with them goes to `files.issues`. */
export async function resolveRequestFiles({ scenario, layers }: Resolved, files: Files, builtinRoot: string): Promise<void> {
  const { request } = scenario;
  const written = isTree(layers.value['request']) ? layers.value['request'] : {};
  const fileOf = (key: string, expected: string) =>
    readSource(String(written[key]), originAt(layers, ['request', key]), expected, files, builtinRoot);

  if (typeof written['cases'] === 'string') {
    delete request.cases;
    const source = await fileOf('cases', 'a JSON file of cases such as {"cases": [{"name", "prompt", "schema"}]}');
    const cases = source && checked(testCasesSchema, source, files.issues);
    if (source && cases) {
      request.cases = cases;
      if (cases.model !== undefined) request.default_model ??= cases.model;
      for (const [index, one] of cases.cases.entries())
        checkSchema(one.schema, (path) => source.locate(['cases', index, 'schema', ...path]), `cases[${index}].schema`, files.issues);
    }
  }
  if (typeof written['conversations'] === 'string') {
    delete request.conversations;
    const source = await fileOf('conversations', 'a JSON file of conversations such as {"conversations": [{"type", "turns"}]}');
    const conversations = source && checked(conversationFileSchema, source, files.issues);
    if (conversations) {
      request.conversations = conversations;
      if (conversations.model !== undefined) request.default_model ??= conversations.model;
      resolveIterations({ scenario, layers }, conversations, files.issues);
    }
  }
  if (typeof written['schema'] === 'string') {
    delete request.schema;
    const source = await fileOf('schema', 'a JSON file that holds a JSON Schema');
    if (!source) return;
    if (!isTree(source.value)) files.issues.push({ ...source.locate([]), message: 'expected a JSON Schema (a mapping)' });
    else if (checkSchema(source.value, (path) => source.locate(path), 'schema', files.issues)) request.schema = source.value;
  } else if (isTree(written['schema']))
    checkSchema(written['schema'], (path) => originAt(layers, ['request', 'schema', ...path]).place, 'request.schema', files.issues);
}

/** How often each type of conversation is held: checks that what the load says of it is of types that the file has, and shortens it by the scenario's scale. */
function resolveIterations({ scenario, layers }: Resolved, { conversations }: ConversationFile, issues: ConfigIssue[]): void {
  const { load, scale = 1 } = scenario;
  if (load.executor !== 'conversation') return;
  const given = isTree(load['iterations']) ? load['iterations'] : {};
  const types = conversations.map(({ type }) => type);
  const blame = (path: Path, message: string) => issues.push({ ...originAt(layers, path).place, message: `${path.join('.')}: ${message}` });
  for (const type of Object.keys(given))
    if (!types.includes(type)) blame(['load', 'iterations', type], unknownName('conversation type', type, types));
  const often = conversations.map(({ type, iterations }) => [type, Object.hasOwn(given, type) ? given[type] : iterations] as const);
  if (often.every(([, count]) => count === 0))
    blame(
      ['load', 'iterations'],
      `expected at least one conversation, found none of any type (${types.join(', ')}); leave one out to hold it as often as its file says`,
    );
  // A duration, which is shortened itself, goes through them as often as it takes.
  if (scale < 1 && load['duration'] === undefined)
    load['iterations'] = Object.fromEntries(often.map(([type, count]) => [type, count === 0 ? 0 : Math.max(1, Math.round(Number(count) * scale))]));
}

async function readSource(
  name: string,
  origin: ReturnType<typeof originAt>,
  expected: string,
  files: Files,
  builtinRoot: string,
): Promise<YamlSource | null> {
  const own = resolve(files.cwd, name);
  const path = !(await files.exists(own)) && origin.shipped ? resolve(builtinRoot, name) : own;
  if (await files.exists(path)) return files.readYaml(path);
  files.issues.push({ ...origin.place, message: `file ${files.display(path)} not found; expected ${expected}` });
  return null;
}

function checked<T extends z.ZodType>(schema: T, source: YamlSource, issues: ConfigIssue[]): z.output<T> | null {
  const result = check(schema, source.value, { locate: source.locate });
  issues.push(...result.issues);
  return result.issues.length === 0 ? (result.data as z.output<T>) : null;
}

function checkSchema(schema: AnswerSchema, locate: (path: Path) => Place, what: string, issues: ConfigIssue[]): boolean {
  const faults = schemaFaults(schema);
  for (const { path, message } of faults)
    issues.push({ ...locate(path), message: `${[what, ...path].join('.')}: expected a JSON Schema; ${message}` });
  return faults.length === 0;
}
