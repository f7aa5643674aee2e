import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Dispatch, type DispatchCounts } from '../../src/measure/dispatch.ts';
import type { RequestRecord } from '../../src/measure/record.ts';
import { addDispatch, firstAttemptRate, replicaSkew, routingAccuracy, routingAffinity } from '../../src/result/dispatch.ts';
import { recordOf } from './records.ts';

const counted = (records: readonly (Partial<RequestRecord> & { prefix?: number })[]): DispatchCounts => {
  const dispatch = new Dispatch();
  for (const { prefix, ...record } of records) dispatch.record(recordOf(record), prefix ?? null);
  return dispatch.counts;
};

test('who answered, at which attempt; failures count as requests alone', () => {
  const counts = counted([
    { model: 'a' },
    { model: 'a', attempts: 3 },
    { model: 'b', servedBy: 'r1', prefix: 4 },
    { model: null, servedBy: 'r2', prefix: 4 },
    { error: 'wrong_model', attempts: 2 },
    { error: 'http_5xx', attempts: 10, servedBy: 'r9', prefix: 1 },
  ]);
  assert.deepEqual(counts, {
    requests: 6,
    successful: 4,
    first_attempt: 3,
    attempts: 18,
    most_attempts: 10,
    wrong_model: 1,
    answered_by: { a: 2, b: 1 },
    replicas: { r1: 1, r2: 1 },
    prefixes: { 4: { r1: 1, r2: 1 } },
  });
  assert.equal(routingAccuracy({ asked: 'a', ...counts }), 50, 'two of three named ones, and one made a failure');
  assert.equal(routingAccuracy({ asked: 'toString', ...counts }), 0);
  assert.equal(routingAccuracy({ asked: null, ...counts }), null);
  assert.equal(routingAccuracy({ asked: 'a', ...counted([{ model: null }]) }), null);
  assert.deepEqual([firstAttemptRate(counts), firstAttemptRate(counted([]))], [50, null]);
});

test('skew and affinity', () => {
  assert.deepEqual([replicaSkew({}), replicaSkew({ a: 5 }), replicaSkew({ a: 5, b: 5 }), replicaSkew({ a: 9, b: 0, c: 0 })], [null, null, 1, 3]);
  assert.equal(routingAffinity({}), null);
  assert.equal(routingAffinity({ 0: { a: 1 } }), null, 'one request says nothing');
  assert.equal(routingAffinity({ 0: { a: 4 }, 1: { b: 2 }, 2: { c: 1 } }), 100);
  assert.equal(routingAffinity({ 0: { a: 2, b: 2 }, 1: { a: 4 } }), 75);
});

test('a server that makes up names does not fill the memory', () => {
  const counts = counted(Array.from({ length: 3000 }, (_, index) => ({ model: `m${index}`, servedBy: `r${index}`, prefix: index })));
  assert.equal(Object.keys(counts.answered_by).length, 1001);
  assert.equal(counts.answered_by['(others)'], 2000);
  assert.ok(Object.keys(counts.prefixes).length <= 1001);
});

test('counts of parts add up to the counts of the whole, in whatever parts', () => {
  const record = fc.record({
    model: fc.constantFrom('a', 'b', '__proto__', null),
    attempts: fc.integer({ min: 1, max: 5 }),
    error: fc.constantFrom(null, null, 'wrong_model' as const, 'reset' as const),
    servedBy: fc.constantFrom('r1', 'r2', null),
    prefix: fc.integer({ min: 0, max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(fc.array(record, { maxLength: 6 }), { minLength: 1, maxLength: 4 }), (parts) => {
      const whole = addDispatch(parts.map((part) => ({ asked: 'a', ...counted(part) })));
      const { asked, ...counts } = whole ?? { asked: null };
      assert.equal(asked, 'a');
      const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
      assert.deepEqual(plain(counts), plain(counted(parts.flat())));
    }),
  );
  assert.equal(addDispatch([{ asked: 'a', ...counted([]) }, undefined]), null);
  assert.equal(
    addDispatch([
      { asked: 'a', ...counted([]) },
      { asked: 'b', ...counted([]) },
    ])?.asked,
    null,
  );
});
