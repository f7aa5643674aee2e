import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '../../../src/config/errors.ts';
import { readPrompts } from '../../../src/config/scenario/prompts.ts';
import { builtinRoot, project } from '../project.ts';

async function faults(text: string): Promise<string[]> {
  await using here = await project({ 'p.jsonl': text });
  try {
    await readPrompts(join(here.dir, 'p.jsonl'), 'p.jsonl');
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

test('prompts and messages, blank lines, a byte order mark, CRLF', async () => {
  await using here = await project({
    'p.jsonl':
      '\ufeff{"prompt": "one", "max_tokens": 5, "temperature": 0}\r\n\r\n{"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "two"}], "id": 7}\r\n{"prompt": "three", "max_tokens": null}',
  });
  assert.deepEqual(await readPrompts(join(here.dir, 'p.jsonl')), [
    { prompt: 'one', messages: null, max_tokens: 5, temperature: 0 },
    {
      prompt: 'be brief\n\ntwo',
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'two' },
      ],
      max_tokens: null,
      temperature: null,
    },
    { prompt: 'three', messages: null, max_tokens: null, temperature: null },
  ]);
});

test('all bad lines at once, each with its number', async () => {
  const found = await faults(
    [
      '{"prompt": "ok"}',
      '{"prompt": ""}',
      '{"prompt": 5, "max_tokens": 0}',
      '["x"]',
      '{"prompt": "x", "temprature": 1}',
      '{"prompt": "x", "messages": []}',
      '{"messages": [{"role": "usr", "content": "x"}]}',
      '{"prompt": "x"',
    ].join('\n'),
  );
  for (const pattern of [
    /^p\.jsonl:2:1: prompt: expected text that is not empty/,
    /^p\.jsonl:3:1: prompt: expected text, found 5/,
    /^p\.jsonl:3:1: max_tokens: expected a number of at least 1, found 0/,
    /^p\.jsonl:4:1: expected an object such as \{"prompt": "\.\.\."\}, found a list/,
    /^p\.jsonl:5:1: unknown member "temprature"; did you mean "temperature"\?/,
    /^p\.jsonl:6:1: expected either prompt or messages, found both/,
    /^p\.jsonl:7:1: messages\[0\]\.role: expected one of system, user, assistant, tool, found "usr"; did you mean "user"\?/,
    /^p\.jsonl:8:\d+: expected a line of JSON/,
  ]) {
    assert.ok(
      found.some((fault) => pattern.test(fault)),
      `${pattern} not in\n${found.join('\n')}`,
    );
  }
  assert.equal(found.length, 8);
});

test('a file that is no prompts file is not told line by line to the end', async () => {
  const found = await faults('x\n'.repeat(500));
  assert.equal(found.length, 21);
  assert.match(found.at(-1)!, /480 more lines are faulty/);
});

test('no prompts, no file', async () => {
  assert.match((await faults('\n\n')).join(), /^p\.jsonl:1:1: expected at least one line/);
  await assert.rejects(
    readPrompts('/nowhere/p.jsonl'),
    (error: Error) => error instanceof ConfigError && /^\/nowhere\/p\.jsonl: no such prompts file/.test(error.message),
  );
  await assert.rejects(readPrompts(builtinRoot), ConfigError);
});

test('ten sample prompts ship, all different', async () => {
  const prompts = await readPrompts(join(builtinRoot, 'prompts.jsonl'));
  assert.equal(new Set(prompts.map(({ prompt }) => prompt)).size, 10);
  for (const prompt of prompts) assert.ok(prompt.max_tokens !== null && prompt.temperature !== null);
});
