import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../../src/config/errors.ts';
import { readShareGpt } from '../../../src/config/scenario/sharegpt.ts';
import { project } from '../project.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llm-bench-sharegpt-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function read(text: string) {
  const path = join(folder, 'talk.json');
  await writeFile(path, text);
  return readShareGpt(path, 'talk.json');
}
async function faults(text: string): Promise<string[]> {
  try {
    await read(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  throw new Error('expected a ConfigError');
}
const row = (...values: string[]) => ({
  id: 'x_0',
  conversations: values.map((value, index) => ({ from: index % 2 === 0 ? 'human' : 'gpt', value })),
});

test('a list, with or without a byte order mark, and rows by line; empty conversations are passed', async () => {
  const rows = [row('a', 'b'), { id: 'y', conversations: [] }, row('c', 'd', 'e')];
  const expected = [
    {
      turns: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    },
    {
      turns: [
        { role: 'user', content: 'c' },
        { role: 'assistant', content: 'd' },
        { role: 'user', content: 'e' },
      ],
    },
  ];
  for (const text of [JSON.stringify(rows), `\ufeff \n${JSON.stringify(rows, null, 2)}`, rows.map((one) => `${JSON.stringify(one)}\n`).join('\n')])
    assert.deepEqual(await read(text), expected);
});

test('a bad row is told with its line', async () => {
  const found = await faults(
    '[\n{"conversations": [\n  {"from": "human", "value": "[{,\\"\\n"}]},\n\n{"conversations": [{"from": "martian", "value": "x"}]},\n  {"id": 3}\n]',
  );
  assert.equal(found.length, 2);
  assert.match(found[0] ?? '', /^talk\.json:5:1: conversations\[0\]\.from: expected one of human, .*found "martian"/);
  assert.match(found[1] ?? '', /^talk\.json:6:1: conversations: expected a list, found nothing/);
  const lines = await faults(`${JSON.stringify(row('a', 'b'))}\n{"conversations"\n{"conversations": 7}\n`);
  assert.match(lines[0] ?? '', /^talk\.json:2:1: expected a row of JSON/);
  assert.match(lines[1] ?? '', /^talk\.json:3:1: conversations: expected a list, found 7/);
  assert.match((await faults('[{"conversations": []},\n oops]'))[0] ?? '', /^talk\.json:2:\d+: expected ShareGPT JSON/);
  assert.match((await faults('[]'))[0] ?? '', /found no conversation/);
});

test('the line of a bad row is right wherever it stands', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '[', ']', '{', '}', ',', '\n') });
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 5 }),
      fc.nat({ max: 4 }),
      fc.constantFrom(undefined, 1, 3),
      async (values, bad, indent) => {
        const at = bad % values.length;
        const rows = values.map((value, index) => (index === at ? { marker: value, conversations: 0 } : row(value)));
        const json = JSON.stringify(rows, null, indent);
        const before = json.slice(0, json.indexOf('{"marker"') >= 0 ? json.indexOf('{"marker"') : json.search(/\{\s*"marker"/));
        const [first] = await faults(json);
        assert.match(first ?? '', new RegExp(`^talk\\.json:${before.split('\n').length}:1: conversations`));
      },
    ),
    { numRuns: 60 },
  );
});

test('a configuration names the file; what is wrong in it ends before anything starts', async () => {
  const scenario = (request: string) => `target: { base_url: "http://127.0.0.1:9" }\nscenario: { request: { ${request} } }\n`;
  await using good = await project({ 'talk.json': JSON.stringify([row('a', 'b')]), 'llm-bench.yaml': scenario('sharegpt: { file: talk.json }') });
  const { request } = (await good.load()).scenarios[0]!;
  assert.deepEqual(
    [request.prompts, request.sharegpt?.file, request.sharegpt?.turns, request.sharegpt?.min_prompt_tokens],
    [undefined, 'talk.json', 'first', 4],
  );
  await using missing = await project({ 'llm-bench.yaml': scenario('sharegpt: { file: nope.json }') });
  assert.match((await missing.faults())[0] ?? '', /^llm-bench\.yaml:2:.*nope\.json not found/);
  await using both = await project({ 'talk.json': '[7]', 'llm-bench.yaml': scenario('sharegpt: { file: talk.json }, prompt_tokens: 5') });
  assert.match((await both.faults()).join('\n'), /sharegpt says which prompts are sent/);
  await using broken = await project({ 'talk.json': '[\n7]', 'llm-bench.yaml': scenario('sharegpt: { file: talk.json }') });
  assert.match((await broken.faults())[0] ?? '', /^talk\.json:2:1: expected a mapping, found 7/);
});
