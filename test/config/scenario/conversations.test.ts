import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executorSchemas } from '../../../src/load/executors/registry.ts';
import { flag, project } from '../project.ts';

const talks = {
  conversations: [
    { type: 'short', iterations: 30, turns: ['hello'] },
    { type: 'long', iterations: 20, turns: ['hello', 'and then?'] },
  ],
};

const folderOf = (load = '') =>
  project({
    'talks.json': JSON.stringify(talks),
    'llm-bench.yaml': `scenario:\n  name: mine\n  request: { conversations: talks.json, max_tokens: 5 }\n  load:\n    executor: conversation\n${load}`,
  });

test('no conversation at all, and one that the file does not have, are told', async () => {
  await using none = await folderOf('    iterations: { short: 0, long: 0 }\n');
  assert.match(
    (await none.faults({ executors: executorSchemas })).join('\n'),
    /^llm-bench\.yaml:6:\d+: load\.iterations: expected at least one conversation, found none of any type \(short, long\)/,
  );
  await using other = await folderOf('    iterations: { shrt: 3 }\n');
  assert.deepEqual(await other.faults({ executors: executorSchemas }), [
    'llm-bench.yaml:6:25: load.iterations.shrt: unknown conversation type "shrt"; did you mean "short"? Known conversation types: short, long',
  ]);
  await using one = await folderOf('    iterations: { short: 0 }\n');
  assert.deepEqual((await one.load({ executors: executorSchemas })).scenarios[0]?.load['iterations'], { short: 0 });
});

test('--scale holds fewer conversations, and of each type one at least', async () => {
  const iterations = async (load: string) => {
    await using folder = await folderOf(load);
    const { scenarios } = await folder.load({ executors: executorSchemas, overrides: [flag('scale', 'scale', '0.1')] });
    return scenarios[0]?.load['iterations'];
  };
  assert.deepEqual(await iterations(''), { short: 3, long: 2 });
  assert.deepEqual(await iterations('    iterations: { short: 0, long: 4 }\n'), { short: 0, long: 1 });
  assert.equal(await iterations('    duration: 10s\n'), undefined);
});

test('--max-concurrency is the number of users who talk', async () => {
  await using folder = await folderOf();
  const { scenarios } = await folder.load({ executors: executorSchemas, overrides: [flag('max-concurrency', 'load.max_concurrency', '4')] });
  assert.deepEqual([scenarios[0]?.load['concurrency'], scenarios[0]?.load['max_in_flight']], [4, undefined]);
});
