import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { jsonSchemas } from '../../src/config/json-schema.ts';
import { executorSchemas } from '../../src/load/executors/registry.ts';
import { builtinRoot } from './project.ts';

const schemas = jsonSchemas(executorSchemas);

test('config/schema is what the sources say (else: node scripts/schema.ts)', async () => {
  const names = (await readdir(join(builtinRoot, 'config/schema'))).toSorted();
  assert.deepEqual(
    names,
    Object.keys(schemas)
      .map((name) => `${name}.schema.json`)
      .toSorted(),
  );
  for (const [name, schema] of Object.entries(schemas)) {
    const written = JSON.parse(await readFile(join(builtinRoot, 'config/schema', `${name}.schema.json`), 'utf8'));
    assert.deepEqual(written, JSON.parse(JSON.stringify(schema)), name);
  }
});

test('the executors are named in the schema of a scenario', () => {
  type Load = { properties: { executor: { enum: string[] } } };
  const { properties, $defs } = schemas['scenario'] as { properties: { load: { $ref: string } }; $defs: Record<string, Load> };
  const load = $defs[properties.load.$ref.replace('#/$defs/', '')] as Load;
  assert.deepEqual(load.properties.executor.enum, Object.keys(executorSchemas));
});

test('each shipped YAML file names its schema, which is there', async () => {
  const files = ['targets.yaml', 'thresholds.yaml', ...(await readdir(join(builtinRoot, 'config/scenarios'))).map((name) => `scenarios/${name}`)];
  for (const file of files) {
    const path = join(builtinRoot, 'config', file);
    const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(await readFile(path, 'utf8'))?.[1];
    assert.ok(schema, file);
    await readFile(resolve(dirname(path), schema));
  }
});
