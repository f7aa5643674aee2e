import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executorSchemas } from '../../../src/load/executors/registry.ts';
import { flag, project } from '../project.ts';

test('a seed beyond 32 bits, of which a part would be lost, is refused', async () => {
  await using folder = await project({ 'llm-bench.yaml': 'scenario: { name: mine, request: { prompt_tokens: 5 }, seed: 4294967295 }\n' });
  assert.equal((await folder.load({ executors: executorSchemas })).scenarios[0]?.seed, 4_294_967_295);
  const [fault] = await folder.faults({ executors: executorSchemas, overrides: [flag('seed', 'seed', '4294967296')] });
  assert.equal(fault, 'flag --seed: expected a number of at most 4294967295, found 4294967296');
});
