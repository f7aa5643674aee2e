/**
 * Writes config/schema/*.schema.json, which editors read for completion and checks of the YAML files.
 * `--check` writes nothing and fails when one of them is not what the sources say.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { jsonSchemas } from '../src/config/json-schema.ts';
import { executorSchemas } from '../src/load/executors/registry.ts';

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [name, schema] of Object.entries(jsonSchemas(executorSchemas))) {
  const path = fileURLToPath(new URL(`../config/schema/${name}.schema.json`, import.meta.url));
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  if (!check) await writeFile(path, text);
  else if (!isDeepStrictEqual(JSON.parse(await readFile(path, 'utf8').catch(() => 'null')), JSON.parse(text))) stale.push(path);
}
if (stale.length > 0) {
  console.error(`not up to date: ${stale.join(', ')}\nrun: node scripts/schema.ts`);
  process.exitCode = 1;
}
