import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RowReader, RowWriter } from '../../src/load/rows.ts';
import type { RequestRecord } from '../../src/measure/record.ts';
import { errorKinds } from '../../src/protocol/error-kind.ts';
import { failureOf, recordOf } from '../measure/records.ts';

const ms = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }));
const count = fc.option(fc.nat());
const text = fc.option(fc.string());
const common = {
  index: fc.nat(),
  series: fc.constantFrom('chat', 'chat/concurrency=5', ''),
  intendedMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  sentMs: ms,
  attempts: fc.integer({ min: 1, max: 10 }),
  lastAttemptMs: ms,
  connectMs: ms,
  tlsMs: ms,
  headersMs: ms,
  firstChunkMs: ms,
  lastChunkMs: ms,
  firstOutputMs: ms,
  lastOutputMs: ms,
  endMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  outputChunks: fc.nat(),
  inputTokens: count,
  outputTokens: count,
  cachedTokens: count,
  reasoningTokens: count,
  responseBytes: fc.nat(),
  streamed: fc.boolean(),
  status: fc.option(fc.integer({ min: 100, max: 599 })),
  servedBy: text,
  resent: fc.boolean(),
  recall: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  hit: fc.option(fc.boolean()),
  hitExpected: fc.option(fc.boolean()),
};
/** Only of several attempts the first is another than the last. */
const firstSent = (attempts: number, firstSentMs: number | null) => (attempts > 1 ? { firstSentMs } : {});
const succeeded = fc
  .record({ ...common, finishReason: text, model: text })
  .chain((record) => ms.map((first) => ({ ...record, ...firstSent(record.attempts, first) })))
  .map((record): RequestRecord => recordOf({ ...record, error: null, errorMessage: null }));
const failed = fc
  .record({ ...common, error: fc.constantFrom(...errorKinds), errorMessage: text })
  .chain((record) => ms.map((first) => ({ ...record, ...firstSent(record.attempts, first) })))
  .map((record): RequestRecord => failureOf({ ...record, finishReason: null, model: null }));

test('records come out of the rows as they went in, in any number of batches', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.oneof(succeeded, failed), { maxLength: 90 }), { maxLength: 4 }), (batches) => {
      const writer = new RowWriter();
      const reader = new RowReader();
      for (const records of batches) {
        for (const record of records) writer.add(record);
        const batch = writer.take();
        assert.deepEqual(batch === null ? [] : [...reader.read(structuredClone(batch))], records);
      }
    }),
    { numRuns: 60 },
  );
});

test('of more texts than are kept the later ones are left out, a series never', () => {
  const writer = new RowWriter();
  const reader = new RowReader();
  for (let i = 0; i < 5000; i++) writer.add(failureOf({ series: `series ${i}`, errorMessage: `message ${i}` }));
  const records = [...reader.read(writer.take()!)];
  assert.deepEqual([records[0]!.errorMessage, records[4999]!.errorMessage, records[4999]!.series], ['message 0', null, 'series 4999']);
});

test('messages that each hold an id leave names that come later their room', () => {
  const writer = new RowWriter();
  for (let i = 0; i < 10_000; i++) writer.add(failureOf({ errorMessage: `request ${i} failed` }));
  writer.add(recordOf({ model: 'late', servedBy: 'replica-b', finishReason: 'length' }));
  const batch = writer.take();
  assert.ok(batch !== null && batch.texts.length < 5000, 'memory is bounded all the same');
  const last = [...new RowReader().read(batch)].at(-1);
  assert.deepEqual([last?.model, last?.servedBy, last?.finishReason], ['late', 'replica-b', 'length']);
});
