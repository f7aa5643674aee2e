import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ChunkClassifier } from '../../src/protocol/classify.ts';
import { Seen } from '../../src/protocol/classify-value.ts';
import { type Random, seeded } from './random.ts';

const names = Object.keys(Seen) as (keyof typeof Seen)[];
const bitNames = (bits: number) => names.filter((name) => (bits & Seen[name]) !== 0);

interface Told {
  bits: string[];
  usage: (number | null)[];
  finishReason: string | null;
  model: string | null;
  /** A bit for each choice that is spoken of, and for each that has finished. */
  choices: [number, number];
}

function classify(classifier: ChunkClassifier, text: string | Buffer): Told {
  const bytes = Buffer.concat([Buffer.from('x{"'), Buffer.from(text as string), Buffer.from('"}')]);
  const bits = classifier.classify(bytes, 3, bytes.length - 2);
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens, finishReason, model, choicesSeen, choicesEnded } = classifier;
  return {
    bits: bitNames(bits),
    usage: [promptTokens, completionTokens, cachedTokens, reasoningTokens].map((count) => (count < 0 ? null : count)),
    finishReason,
    model,
    choices: [choicesSeen, choicesEnded],
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the reference reads whatever was parsed
type Any = any;
const text = (value: Any) => typeof value === 'string' && value.length > 0;
const object = (value: Any) => typeof value === 'object' && value !== null && !Array.isArray(value);
const whole = (value: Any) => (Number.isSafeInteger(value) && value >= 0 && value <= 1e9 ? value : null);

/** What a chunk holds, told from the parsed value; written apart from the sources on purpose. */
function reference(raw: string): Told {
  const told: Told = { bits: [], usage: [null, null, null, null], finishReason: null, model: null, choices: [0, 0] };
  if (raw.trim() === '') return { ...told, bits: ['ping'] };
  if (raw.trim() === '[DONE]') return { ...told, bits: ['done'] };
  let value: Any;
  try {
    value = JSON.parse(raw);
  } catch {
    return { ...told, bits: ['malformed'] };
  }
  if (!object(value)) return { ...told, bits: ['malformed'] };
  const bits = new Set<string>();
  if (value.error || value.object === 'error') bits.add('error');
  if (typeof value.model === 'string') told.model = value.model;
  if (object(value.usage)) {
    bits.add('usage');
    const { prompt_tokens, completion_tokens, prompt_tokens_details: p, completion_tokens_details: c } = value.usage;
    told.usage = [
      whole(prompt_tokens),
      whole(completion_tokens),
      object(p) ? whole(p.cached_tokens) : null,
      object(c) ? whole(c.reasoning_tokens) : null,
    ];
  }
  const call = (f: Any) =>
    object(f) && (text(f.name) || text(f.arguments) || text(f.input) || (object(f.arguments) && Object.keys(f.arguments).length > 0));
  for (const choice of Array.isArray(value.choices) ? value.choices.filter(object) : []) {
    const bit = 1 << Math.min(31, whole(choice.index) ?? 0);
    told.choices[0] |= bit;
    if (text(choice.finish_reason)) told.choices[1] |= bit;
    if (text(choice.text)) bits.add('content');
    if (text(choice.finish_reason)) {
      bits.add('finish');
      if (choice.finish_reason === 'error' || choice.finish_reason === 'abort') bits.add('error');
      told.finishReason = choice.finish_reason;
    }
    for (const delta of [choice.delta, choice.message].filter(object)) {
      if (typeof delta.role === 'string') bits.add('role');
      if (text(delta.content)) bits.add('content');
      if (Array.isArray(delta.content)) {
        for (const part of delta.content.filter(object)) {
          if (text(part.text)) bits.add('content');
          if (text(part.thinking) || (Array.isArray(part.thinking) && part.thinking.some((one: Any) => object(one) && text(one.text))))
            bits.add('reasoning');
        }
      }
      if (text(delta.reasoning) || text(delta.reasoning_content)) bits.add('reasoning');
      if (text(delta.refusal)) bits.add('refusal');
      if (call(delta.function_call)) bits.add('toolCall');
      if (Array.isArray(delta.tool_calls) && delta.tool_calls.some((one: Any) => object(one) && (call(one.function) || call(one.custom))))
        bits.add('toolCall');
    }
  }
  return { ...told, bits: names.filter((name) => bits.has(name)) };
}

const texts = [
  '',
  '',
  'a',
  ' the',
  '\n',
  '"',
  '\\',
  '\\"',
  '","content":"x',
  '{"usage":{"completion_tokens":9}}',
  '}]}',
  'é',
  '世界',
  '😀',
  '\u2028',
  '\u0000',
  '[DONE]',
  'null',
  'error',
  'stop',
  'data: x',
];

function randomValue(random: Random, depth: number): unknown {
  const kind = random.below(depth > 2 ? 6 : 8);
  if (kind === 0) return null;
  if (kind === 1) return random.below(2) === 0;
  if (kind === 2) return random.pick([0, 1, -1, 1.5, 1e21, -0.5, 12_345, 9_007_199_254_740_992]);
  if (kind < 6) return random.pick(texts);
  if (kind === 6) return Array.from({ length: random.below(3) }, () => randomValue(random, depth + 1));
  return members(random, [
    ['content', () => randomValue(random, depth + 1)],
    ['usage', () => randomValue(random, depth + 1)],
    ['x', () => randomValue(random, depth + 1)],
    ['choices', () => randomValue(random, depth + 1)],
  ]);
}

/** Some of the members, in any order; now and then one comes twice. As a list, because an object would drop the second. */
class Members {
  readonly list: [string, unknown][];
  constructor(list: [string, unknown][]) {
    this.list = list;
  }
}
function members(random: Random, candidates: [string, () => unknown][]): Members {
  const list = candidates.filter(() => random.below(3) > 0).map(([key, make]): [string, unknown] => [key, make()]);
  if (list.length > 0 && random.below(150) === 0) {
    const [key] = random.pick(list);
    list.push([key, candidates.find(([name]) => name === key)![1]()]);
  }
  return new Members(random.shuffle(list));
}

/** Mostly of the type that belongs there. */
const or = (random: Random, value: () => unknown) => (random.below(90) === 0 ? randomValue(random, 1) : value());
const someText = (random: Random) => or(random, () => (random.below(4) === 0 ? null : random.pick(texts)));
const someCount = (random: Random) => or(random, () => (random.below(8) === 0 ? 6e9 : random.below(5000)));

function randomChunk(random: Random): unknown {
  const call = () =>
    or(random, () =>
      members(random, [
        ['name', () => someText(random)],
        ['arguments', () => someText(random)],
        ['input', () => someText(random)],
      ]),
    );
  const delta = () =>
    or(random, () =>
      members(random, [
        ['role', () => or(random, () => 'assistant')],
        ['content', () => someText(random)],
        ['reasoning_content', () => someText(random)],
        ['reasoning', () => someText(random)],
        ['refusal', () => someText(random)],
        ['function_call', call],
        [
          'tool_calls',
          () =>
            or(random, () =>
              Array.from({ length: random.below(3) }, () =>
                or(random, () =>
                  members(random, [
                    ['index', () => 0],
                    ['id', () => 'c'],
                    ['function', call],
                    ['custom', call],
                  ]),
                ),
              ),
            ),
        ],
        ['annotations', () => randomValue(random, 0)],
      ]),
    );
  const choice = () =>
    or(random, () =>
      members(random, [
        ['index', () => random.below(3)],
        ['delta', delta],
        ['text', () => someText(random)],
        ['finish_reason', () => or(random, () => random.pick([null, null, 'stop', 'length', '', 'tool_calls', 'abort']))],
        ['logprobs', () => randomValue(random, 0)],
        ['message', () => (random.below(8) === 0 ? delta() : null)],
      ]),
    );
  const details = (name: string) => () =>
    or(random, () =>
      members(random, [
        [name, () => someCount(random)],
        ['other', () => randomValue(random, 0)],
      ]),
    );
  return members(random, [
    ['id', () => random.pick(texts)],
    ['object', () => or(random, () => random.pick(random.below(20) === 0 ? ['error'] : ['chat.completion.chunk']))],
    ['created', () => 1_763_880_000],
    ['model', () => or(random, () => random.pick(['m', 'm', 'org/model', 'Modéle', 'a\\b', 'a"b']))],
    ['choices', () => or(random, () => Array.from({ length: random.below(4) }, choice))],
    [
      'usage',
      () =>
        or(random, () =>
          random.below(3) === 0
            ? null
            : members(random, [
                ['prompt_tokens', () => someCount(random)],
                ['completion_tokens', () => someCount(random)],
                ['total_tokens', () => someCount(random)],
                ['prompt_tokens_details', details('cached_tokens')],
                ['completion_tokens_details', details('reasoning_tokens')],
              ]),
        ),
    ],
    ['error', () => (random.below(20) === 0 ? randomValue(random, 0) : null)],
    ['timings', () => randomValue(random, 0)],
  ]);
}

/** JSON with white space anywhere and characters escaped in any of the ways allowed. */
function write(random: Random, value: unknown): string {
  const space = () => (random.below(6) === 0 ? random.pick([' ', '  ', '\n', '\t', '\r\n ']) : '');
  if (value instanceof Members) {
    const inner = value.list
      .map(([key, one]) => `${space()}${writeText(random, key, 800)}${space()}:${space()}${write(random, one)}${space()}`)
      .join(',');
    return `{${inner === '' ? space() : inner}}`;
  }
  if (Array.isArray(value)) return `[${value.length === 0 ? space() : value.map((one) => `${space()}${write(random, one)}${space()}`).join(',')}]`;
  if (typeof value === 'string') return writeText(random, value, 60);
  return JSON.stringify(value);
}
function writeText(random: Random, value: string, oneIn: number): string {
  let out = '"';
  for (let i = 0; i < value.length; i++) {
    const plain = JSON.stringify(value[i]!.isWellFormed() ? value[i] : '?').slice(1, -1);
    if (random.below(oneIn) === 0) out += `\\u${value.charCodeAt(i).toString(16).padStart(4, '0')}`;
    else out += value[i]!.isWellFormed() ? plain : value[i];
  }
  // An escape beside half of a pair of surrogates would not survive UTF-8.
  return out.isWellFormed() ? `${out}"` : JSON.stringify(value);
}

/** The library's comparison costs more than all the rest: it is asked only where the two differ. */
function same(told: Told, expected: Told, raw: string): void {
  if (JSON.stringify(told) !== JSON.stringify(expected)) assert.deepEqual(told, expected, raw);
}

describe('chunk classifier', () => {
  const chunk = (delta: string, more = '') =>
    `{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":${delta},"finish_reason":null}]${more}}`;
  const cases: [string, string, string[]][] = [
    ['a role chunk with empty content', chunk('{"role":"assistant","content":""}'), ['role']],
    ['a role chunk with null content', chunk('{"role":"assistant","content":null}'), ['role']],
    ['content', chunk('{"content":"a"}'), ['content']],
    ['content that is one escaped quote', chunk('{"content":"\\""}'), ['content']],
    ['content that ends in a backslash', chunk('{"content":"\\\\"}'), ['content']],
    ['content that holds keys', chunk('{"content":"\\"usage\\":{\\"completion_tokens\\":5}"}'), ['content']],
    ['a key inside a text of another member', '{"id":"\\"content\\":\\"x\\"","choices":[{"delta":{}}]}', []],
    ['content outside of a delta', '{"content":"a","choices":[{"content":"b","delta":{}}]}', []],
    ['an empty delta', chunk('{}'), []],
    ['reasoning', chunk('{"reasoning":"a"}'), ['reasoning']],
    ['reasoning_content', chunk('{"reasoning_content":"a","content":null}'), ['reasoning']],
    ['a tool call that only has its id', chunk('{"tool_calls":[{"index":0,"id":"x","function":{"name":"","arguments":""}}]}'), []],
    ['a tool call', chunk('{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}'), ['toolCall']],
    ['no tool calls', chunk('{"content":"a","tool_calls":[]}'), ['content']],
    ['refusal', chunk('{"refusal":"no"}'), ['refusal']],
    ['null usage', chunk('{"content":"a"}', ',"usage":null'), ['content']],
    ['usage beside content', chunk('{"content":"a"}', ',"usage":{"completion_tokens":3}'), ['content', 'usage']],
    ['usage beyond what can be', chunk('{"content":"a"}', ',"usage":{"completion_tokens":6000000000}'), ['content', 'usage']],
    ['usage without choices', '{"choices":[],"usage":{"completion_tokens":3}}', ['usage']],
    ['several choices', '{"choices":[{"index":0,"delta":{}},{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}', ['content', 'finish']],
    ['finish on the last content', '{"choices":[{"delta":{"content":"."},"finish_reason":"stop"}]}', ['content', 'finish']],
    ['completions', '{"choices":[{"text":"a","index":0}]}', ['content']],
    ['an error', '{"error":{"message":"x"}}', ['error']],
    ['an error as text', '{"error":"x"}', ['error']],
    ['an error by its object', '{"object":"error","message":"x"}', ['error']],
    ['a choice that was given up', '{"choices":[{"index":1,"delta":{},"finish_reason":"abort"}]}', ['finish', 'error']],
    ['no error', chunk('{"content":"a"}', ',"error":null'), ['content']],
    ['the end', '[DONE]', ['done']],
    ['the end in white space', ' [DONE] ', ['done']],
    ['nothing', ' ', ['ping']],
    ['white space and line ends', '{ "choices" :\n[ { "delta" : { "content" : "a" } } ]\t}', ['content']],
    ['not JSON', 'hello', ['malformed']],
    ['half a chunk', '{"choices":[{"delta":{"content":"a', ['malformed']],
    ['two chunks', '{"choices":[]}{"choices":[]}', ['malformed']],
    ['a list', '[]', ['malformed']],
    ...[
      'NaN',
      'Infinity',
      '-',
      '01',
      '-01',
      '1.',
      '.5',
      '1e',
      '1e+',
      '+1',
      'tru',
      'truey',
      'nul',
      'nullx',
      '[1,]',
      '[1 2]',
      '[}',
      '{"a"}',
      '{"a":1,}',
      '{1:2}',
      '"\\x"',
      '"\\u12g4"',
      '"\t"',
    ].map((value): [string, string, string[]] => [
      `what is no JSON in what is skipped: ${value}`,
      chunk('{"content":"a"}', `,"x":{"y":[${value}]}`),
      ['malformed'],
    ]),
    ...['-0', '0', '10', '1.5', '-1.25e-3', '1E+9', '2e0', 'true', '[false,null]', '{"a":[],"b":{}}', '"\\u00e9\\n\\/"', '[ 1 , 2 ]'].map(
      (value): [string, string, string[]] => [`what is skipped: ${value}`, chunk('{"content":"a"}', `,"x":{"y":[${value}]}`), ['content']],
    ),
    ['a tab in a text', chunk('{"content":"a\tb"}'), ['malformed']],
    ['an escape that is none', chunk('{"content":"\\a"}'), ['malformed']],
    ['an index with a zero before it', '{"choices":[{"index":01,"delta":{"content":"a"}}]}', ['malformed']],
    ['a comma too many', '{"choices":[{"delta":{"content":"a"},}]}', ['malformed']],
  ];
  for (const [name, raw, expected] of cases) {
    test(name, () => {
      const told = classify(new ChunkClassifier(), raw);
      assert.deepEqual(told.bits, expected);
      assert.deepEqual(told, reference(raw));
    });
  }

  test('what is nested deeper than the walk goes is told all the same', () => {
    const nested = (depth: number) => chunk('{"content":"a"}', `,"x":${'['.repeat(depth)}${']'.repeat(depth)}`);
    for (const depth of [10, 64, 65, 100, 5000]) assert.deepEqual(classify(new ChunkClassifier(), nested(depth)).bits, ['content'], `${depth}`);
    assert.deepEqual(classify(new ChunkClassifier(), '{"x":['.repeat(50_000)).bits, ['malformed']);
  });

  test('usual chunks are told without a parser', () => {
    const classifier = new ChunkClassifier();
    for (const [name, raw, expected] of cases) {
      if (expected.includes('malformed') || expected.includes('error')) continue;
      classify(classifier, raw);
      assert.equal(classifier.parsedChunks, 0, name);
    }
  });

  test('counts and names', () => {
    const classifier = new ChunkClassifier();
    const told = classify(
      classifier,
      '{"model":"org\\/m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":20,"prompt_tokens_details":{"audio":0,"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":null}}}',
    );
    assert.deepEqual(told, { bits: ['usage'], usage: [10, 20, 8, null], finishReason: null, model: 'org/m', choices: [0, 0] });
    assert.equal(classifier.parsedChunks, 0);
  });

  test('tells what JSON.parse tells: 20,000 random chunks', () => {
    const random = seeded(42);
    const classifier = new ChunkClassifier();
    let walked = 0;
    for (let i = 0; i < 20_000; i++) {
      const raw = write(random, randomChunk(random));
      const before = classifier.parsedChunks;
      same(classify(classifier, raw), reference(raw), raw);
      if (classifier.parsedChunks === before) walked++;
    }
    assert.ok(walked > 10_000, `only ${walked} were walked`);
  });

  test('damaged chunks are told as JSON.parse tells them, and nothing throws', () => {
    const random = seeded(43);
    const classifier = new ChunkClassifier();
    for (let i = 0; i < 15_000; i++) {
      const bytes = Buffer.from(write(random, randomChunk(random)));
      for (let k = 0; k <= random.below(3); k++)
        bytes[random.below(bytes.length)] = random.pick([0, 9, 32, 34, 43, 44, 45, 46, 48, 49, 58, 69, 91, 92, 93, 97, 101, 117, 123, 125, 255]);
      const damaged = random.below(2) === 0 ? bytes : bytes.subarray(0, random.below(bytes.length + 1));
      const expected = reference(damaged.toString());
      const told = classify(classifier, damaged);
      same(told, expected, damaged.toString());
    }
  });
});
