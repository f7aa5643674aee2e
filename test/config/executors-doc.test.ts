import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { executorSchemas } from '../../src/load/executors/registry.ts';
import { builtinRoot, project } from './project.ts';

const row = '{"timestamp": 600000, "input_length": 5, "output_length": 3}\n{"timestamp": 1300000, "input_length": 5, "output_length": 3}\n';

test('every example of docs/executors.md is accepted, and every executor and option is named', async () => {
  const text = await readFile(join(builtinRoot, 'docs/executors.md'), 'utf8');
  const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => parse(yaml as string) as Record<string, unknown>);
  assert.equal(examples.length, 7);
  for (const example of examples) {
    const scenario = { name: 'example', load: { requests: 5 }, ...example };
    await using folder = await project({
      'llm-bench.yaml': stringify('scenario' in example ? example : { scenario }),
      'prompts.jsonl': '{"prompt": "x"}\n',
      'traces/conversation.jsonl': row,
    });
    const parts = 'parts' in example ? (example['parts'] as unknown[]).length : 1;
    assert.equal((await folder.load({ executors: executorSchemas })).scenarios.length, parts);
  }
  for (const [name, schema] of Object.entries(executorSchemas)) {
    assert.ok(text.includes(`\`${name}\``), name);
    for (const option of Object.keys((schema as unknown as { shape: object }).shape))
      assert.match(text, new RegExp(`\\b${option}\\b`), `${name}: ${option}`);
  }
});
