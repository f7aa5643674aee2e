import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { parseCompat, parseCost, parseShard, parseStartAt, parseTokens, parseWorkers, shapeOf } from '../../src/cli/run-shape.ts';
import { plainShape } from '../../src/jobs/measure/shape.ts';

const refuses = (parse: (text: string) => unknown, texts: string[]) => {
  for (const text of texts) assert.throws(() => parse(text), InvalidArgumentError, text);
};

test('--shard counts from 1 on the command line and from 0 inside', () => {
  assert.deepEqual(parseShard('1/1'), { index: 0, count: 1 });
  assert.deepEqual(parseShard(' 3/3 '), { index: 2, count: 3 });
  refuses(parseShard, ['0/3', '4/3', '1', '1/0', 'a/b', '1/3/5', '-1/3', '1.5/3', '']);
});

test('--start-at takes an ISO time, seconds since 1970, or a duration from now', () => {
  assert.equal(parseStartAt('2026-01-31T12:00:00Z'), Date.UTC(2026, 0, 31, 12));
  assert.equal(parseStartAt('2026-01-31T12:00:00+02:00'), Date.UTC(2026, 0, 31, 10));
  assert.equal(parseStartAt('1767225600'), 1_767_225_600_000);
  assert.equal(parseStartAt('1767225600.25'), 1_767_225_600_250);
  assert.equal(parseStartAt('+5s', 1000), 6000);
  assert.equal(parseStartAt('+1m30s', 0), 90_000);
  refuses((text) => parseStartAt(text), ['5s', '12:00', 'tomorrow', '+', '+x', '2026-13-40T99:00', '123', '']);
});

test('numbers of threads, tokens and money', () => {
  assert.deepEqual([parseWorkers('auto'), parseWorkers('4')], ['auto', 4]);
  refuses(parseWorkers, ['0', '-1', '1.5', '1000', 'many', '']);
  assert.deepEqual([parseTokens('1000'), parseTokens('1_000_000')], [1000, 1_000_000]);
  refuses(parseTokens, ['0', '-5', '1.5', '', 'x', ' ']);
  assert.deepEqual([parseCost('2.50'), parseCost('0.001')], [2.5, 0.001]);
  refuses(parseCost, ['0', '-1', '', 'five', 'Infinity', '1e9']);
  assert.equal(parseCompat('inference-perf'), 'inference-perf');
  refuses(parseCompat, ['vLLM', '', 'locust']);
});

test('without flags nothing is shaped', () => {
  assert.deepEqual(shapeOf({}), plainShape);
});
