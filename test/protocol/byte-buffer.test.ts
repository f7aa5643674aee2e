import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodiesInFlight } from '../../src/protocol/answer-state.ts';
import { ByteAllowance, ByteBuffer } from '../../src/protocol/byte-buffer.ts';
import { plainHttp } from '../../src/protocol/http.ts';
import { OpenAiReader } from '../../src/protocol/openai-reader.ts';

const chunk = Buffer.alloc(100_000, 120);

test('buffers that share an allowance find no more room than it has, and what one lets go another may take', () => {
  const allowance = new ByteAllowance(450_000);
  const buffers = Array.from({ length: 3 }, () => new ByteBuffer(1_000_000, allowance));
  const [first, second, third] = buffers as [ByteBuffer, ByteBuffer, ByteBuffer];
  assert.deepEqual([first.append(chunk, 0, 100_000), first.append(chunk, 0, 100_000), second.append(chunk, 0, 100_000)], [true, true, true]);
  assert.equal(third.append(chunk, 0, 100_000), true);
  assert.equal(third.append(chunk, 0, 50_001), false);
  assert.equal(third.append(chunk, 0, 50_000), true, 'what is held counts, not what is set aside for more');
  assert.equal(third.length, 150_000);
  first.clear();
  assert.equal(third.append(chunk, 0, 100_000), true);
  for (const buffer of buffers) buffer.clear();
  assert.equal(allowance.resize(0, 450_000), true);
});

test('small buffers are not counted', () => {
  const allowance = new ByteAllowance(100);
  const buffer = new ByteBuffer(100_000, allowance);
  assert.equal(buffer.append(chunk, 0, 60_000), true);
  assert.equal(buffer.append(chunk, 0, 40_000), false);
});

const kinds = [
  ['a body of a model', () => new OpenAiReader()],
  ['a plain body', () => plainHttp.createReader()],
] as const;

for (const [name, create] of kinds) {
  test(`${name}: endless ones end at the bound of all together, and leave room behind`, () => {
    const big = Buffer.alloc(1 << 20, 34);
    big[0] = 123;
    for (let round = 0; round < 3; round++) {
      const readers = Array.from({ length: 12 }, create);
      for (const reader of readers) {
        reader.begin(null, true);
        reader.headers(200, [], 0);
      }
      let taken = 0;
      while (taken < 600 && readers[taken % readers.length]!.data(big, 0, big.length, 0)) taken++;
      assert.equal(taken, bodiesInFlight.limit / big.length);
      const answers = readers.map((reader) => reader.fail('cancelled', 'over', 1));
      const refused = answers.filter(({ error }) => error === 'too_large');
      assert.equal(refused.length, 1);
      assert.match(refused[0]?.errorMessage ?? '', /those in flight hold the 536870912 bytes .* given up after 44040192 bytes/);
      // Nothing is held once they are over.
      assert.equal(bodiesInFlight.resize(0, bodiesInFlight.limit), true);
      bodiesInFlight.resize(bodiesInFlight.limit, 0);
    }
  });
}

for (const [name, create] of kinds) {
  test(`${name} that is too large by itself is told so`, () => {
    const reader = create();
    reader.begin(null, true);
    reader.headers(200, [], 0);
    const piece = Buffer.alloc(1 << 20, 34);
    piece[0] = 123;
    for (let i = 0; i < 64; i++) assert.ok(reader.data(piece, 0, piece.length, 0));
    assert.equal(reader.data(piece, 0, 1, 0), false);
    const { error, errorMessage } = reader.fail('cancelled', 'over', 1);
    assert.deepEqual([error, errorMessage], ['too_large', "the answer's body is longer than 67108864 bytes"]);
  });
}
