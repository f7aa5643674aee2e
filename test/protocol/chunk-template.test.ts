import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkTemplate } from '../../src/protocol/chunk-template.ts';
import { OpenAiReader } from '../../src/protocol/openai-reader.ts';

const learned = (event: string, text: string): ChunkTemplate => {
  const template = new ChunkTemplate();
  const bytes = Buffer.from(event);
  const at = bytes.indexOf(text);
  template.learn(bytes, 0, at, at + Buffer.byteLength(text), bytes.length, 'm');
  return template;
};
const matches = (template: ChunkTemplate, text: string) => {
  const bytes = Buffer.from(`xx${text}yy`);
  return template.matches(bytes, 2, bytes.length - 2);
};

test('an event that differs in its text alone is known again, anything else is not', () => {
  const template = learned('data: {"id":"1","text":"hello"}\n\n', 'hello');
  assert.ok(matches(template, 'data: {"id":"1","text":"a"}\n\n'));
  assert.ok(matches(template, 'data: {"id":"1","text":"caf\u00e9 and more"}\n\n'));
  assert.ok(matches(template, 'data: {"id":"1","text":"a\\"b"}\n\n'));
  assert.ok(matches(template, 'data: {"id":"1","text":"\\n\\\\"}\n\n'));
  assert.ok(matches(template, 'data: {"id":"1","text":"\\u00e9 \\uD83D\\uDE00"}\n\n'));
  for (const other of [
    'data: {"id":"1","text":""}\n\n',
    'data: {"id":"2","text":"a"}\n\n',
    'data: {"id":"1","text":"a","id":"3"}\n\n',
    'data: {"id":"1","text":"a\\"}\n\n',
    'data: {"id":"1","text":"a\\\n"}\n\n',
    'data: {"id":"1","text":"a\\x"}\n\n',
    'data: {"id":"1","text":"a\\u00g9"}\n\n',
    'data: {"id":"1","text":"a\\u00"}\n\n',
    'data: {"id":"1","text":"a\\\\"b"}\n\n',
    'data: {"id":"1","text":"a\nb"}\n\n',
    'data: {"id":"1","text":"a"} \n\n',
    'data: {"id":"1","text":"a"}\n',
    'data: {"id":"1","text":"a"}\n\ndata: {"id":"1","text":"a"}\n\n',
    '',
  ])
    assert.equal(matches(template, other), false, other);
});

test('nothing is learned of an event that ends with other line ends or is long', () => {
  assert.equal(matches(learned('data: {"text":"a"}\r\n\r\n', 'a"'), 'data: {"text":"b"}\r\n\r\n'), false);
  const long = `data: {"pad":"${'x'.repeat(3000)}","text":"a"}\n\n`;
  assert.equal(matches(learned(long, 'a"'), long), false);
});

test('where every event differs it is given up for a while, and tried again later', () => {
  const template = new ChunkTemplate();
  const event = (number: number) => Buffer.from(`data: {"n":${number},"text":"a"}\n\n`);
  let tried = 0;
  for (let number = 0; number < 2000; number++) {
    const bytes = event(number);
    assert.equal(template.matches(bytes, 0, bytes.length), false);
    const at = bytes.indexOf('"a"') + 1;
    template.learn(bytes, 0, at, at + 1, bytes.length, null);
    if (template.matches(bytes, 0, bytes.length)) tried++;
  }
  // Every match above ends the row of misses; without one the row is soon over.
  assert.ok(tried > 0);
  const given = new ChunkTemplate();
  let remembered = 0;
  for (let number = 0; number < 300; number++) {
    const bytes = event(number);
    given.matches(bytes, 0, bytes.length);
    const at = bytes.indexOf('"a"') + 1;
    given.learn(bytes, 0, at, at + 1, bytes.length, null);
    if (number > 100 && given.matches(bytes, 0, bytes.length)) remembered++;
  }
  assert.equal(remembered, 0);
});

test('a reader that gets an event a read says the same as one that gets a byte a read', () => {
  const text = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('', ' the', '\n', '"', '\\', '\u00e9', '\u{1f600}'));
  const choice = (delta: unknown, extra: object = {}) => ({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: null }], ...extra });
  const chunk = fc.oneof(
    { weight: 8, arbitrary: text.map((content) => choice({ content })) },
    fc.constant(choice({ role: 'assistant', content: '' })),
    text.map((reasoning) => choice({ reasoning })),
    fc.tuple(text, text).map(([content, reasoning]) => choice({ content, reasoning })),
    fc.nat(50).map((completion_tokens) => choice({ content: 'x' }, { usage: { completion_tokens } })),
    fc.constant({ id: 'c', model: 'other', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    fc.constant({ error: { message: 'broken' } }),
  );
  const end = fc.constantFrom('\n\n', '\r\n\r\n', '\n\n', '\n\n');
  const lead = fc.constantFrom('data: ', 'data: ', 'data: ', 'data:', ': ping\ndata: ', 'event: message\ndata: ');
  const event = fc.tuple(lead, chunk, end).map(([before, value, after]) => `${before}${JSON.stringify(value)}${after}`);
  const whole = new OpenAiReader();
  const single = new OpenAiReader();
  fc.assert(
    fc.property(fc.array(fc.array(event, { maxLength: 12 }), { minLength: 1, maxLength: 3 }), (streams) => {
      for (const events of streams) {
        const heard: [number, number, number][][] = [[], []];
        for (const [at, reader] of [whole, single].entries()) {
          reader.begin({ output: (gapMs, tokens) => heard[at]?.push([reader.lastOutputMs, gapMs, tokens]) }, false);
          reader.headers(200, [], 0);
          for (const [number, one] of [...events, 'data: [DONE]\n\n'].entries()) {
            const bytes = Buffer.from(one);
            if (reader === whole) reader.data(bytes, 0, bytes.length, number + 1);
            else for (let i = 0; i < bytes.length; i++) reader.data(bytes, i, i + 1, number + 1);
          }
        }
        assert.deepEqual(heard[0], heard[1]);
        assert.deepEqual({ ...whole.end(99) }, { ...single.end(99) });
      }
    }),
    { numRuns: 3000 },
  );
});
