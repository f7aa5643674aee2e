import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flag, project } from '../project.ts';

const yaml = (request: string, target = '') =>
  `target: { base_url: "http://127.0.0.1:9"${target} }\nscenario: { name: s, request: { ${request} } }\n`;

test('lengths: one, a list, or a distribution with its defaults', async () => {
  await using here = await project({
    'llm-bench.yaml': yaml(
      'prompt_tokens: { distribution: lognormal, mean: 200, stddev: 80, max: 900 }, max_tokens: { distribution: zipf, max: 50 }',
    ),
  });
  const { request } = (await here.load()).scenarios[0]!;
  assert.deepEqual(request.prompt_tokens, { distribution: 'lognormal', mean: 200, stddev: 80, min: 1, max: 900 });
  assert.deepEqual(request.max_tokens, { distribution: 'zipf', exponent: 1, min: 1, max: 50 });
  const plain = (await here.load({ overrides: [flag('max-tokens', 'request.max_tokens', '7')] })).scenarios[0]!;
  assert.deepEqual(plain.request.max_tokens, [7]);
});

test('a distribution that is laid over another leaves nothing of it', async () => {
  await using here = await project({
    'config/scenarios/base.yaml': 'request: { prompt_tokens: { distribution: normal, mean: 10, stddev: 2, max: 20 } }\n',
    'llm-bench.yaml':
      'target: { base_url: "http://127.0.0.1:9" }\nscenario: { name: s, extends: base, request: { prompt_tokens: { distribution: uniform, min: 3, max: 4 } } }\n',
  });
  assert.deepEqual((await here.load()).scenarios[0]!.request.prompt_tokens, { distribution: 'uniform', min: 3, max: 4 });
});

test('what is wrong is said: the name, a key, the bounds', async () => {
  const faultOf = async (request: string) => {
    await using here = await project({ 'llm-bench.yaml': yaml(request) });
    return (await here.faults()).join('\n');
  };
  assert.match(
    await faultOf('prompt_tokens: { distribution: gauss, mean: 5 }'),
    /prompt_tokens.*expected distribution: fixed, uniform, normal.*found "gauss"/,
  );
  assert.match(await faultOf('prompt_tokens: { distribution: normal, mean: 5, sttdev: 2 }'), /"sttdev"; did you mean "stddev"/);
  assert.match(await faultOf('prompt_tokens: { distribution: uniform, min: 9, max: 3 }'), /prompt_tokens\.max: expected at least min \(9\), found 3/);
  assert.match(await faultOf('prompt_tokens: many'), /prompt_tokens: expected a number or a list or a mapping, found "many"/);
  assert.match(
    await faultOf('prompt_tokens: [10, 200], shared_prefix_tokens: 10'),
    /shared_prefix_tokens: expected less than the shortest prompt \(10 tokens\), found 10/,
  );
  assert.match(await faultOf('prompts: p.jsonl, shared_prefix_tokens: 10'), /shared_prefix_tokens: is for generated prompts alone/);
  assert.match(await faultOf('prompt_tokens: 10, shared_prefixes: 3'), /set request\.shared_prefix_tokens/);
});

test("a target's cap warns of answers that may be longer, and names its tokenizer", async () => {
  await using here = await project({
    'llm-bench.yaml': yaml('prompt_tokens: 5, max_tokens: { distribution: normal, mean: 50, stddev: 20 }', ', max_tokens: 60, tokenizer: o200k_base'),
  });
  const config = await here.load();
  assert.match(config.warnings[0]?.message ?? '', /any number of output tokens; cut down to 60/);
  assert.equal(config.target.tokenizer, 'o200k_base');
  await using slip = await project({ 'llm-bench.yaml': yaml('prompt_tokens: 5', ', tokenizer: o200k') });
  assert.match((await slip.faults()).join('\n'), /tokenizer: expected one of cl100k_base, o200k_base, p50k_base, r50k_base, found "o200k"/);
});
