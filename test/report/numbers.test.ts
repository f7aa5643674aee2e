import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { metricName, shortSeriesName } from '../../src/report/names.ts';
import {
  formatChange,
  formatCount,
  formatDuration,
  formatInterval,
  formatLimitPercent,
  formatNumber,
  formatPercent,
  formatValue,
  percentInWords,
  plural,
} from '../../src/report/numbers.ts';

test('three significant digits, every digit of the integer part, thousands separated', () => {
  const expected: [number, string][] = [
    [0, '0'],
    [0.0123, '0.0123'],
    [1.234, '1.23'],
    [9.996, '10.0'],
    [99.96, '100'],
    [182.4, '182'],
    [999.6, '1,000'],
    [1204.4, '1,204'],
    [1_234_567, '1,234,567'],
    [-5.555, '−5.56'],
    [-0, '0'],
    [0.00001, '1.00e−5'],
    [Number.NaN, '—'],
  ];
  for (const [value, text] of expected) assert.equal(formatNumber(value), text);
});

test('a formatted number is the number, to three digits', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), (value) => {
      const read = Number(formatNumber(value).replaceAll(',', '').replaceAll('−', '-'));
      assert.ok(Math.abs(read - value) <= Math.max(5.001e-3 * Math.abs(value), 5e-7), `${value} -> ${read}`);
    }),
  );
});

test('units: times between µs, ms and s, one for both values of a row', () => {
  assert.equal(formatValue(182.4, 'ms'), '182 ms');
  assert.equal(formatValue(0.239, 's'), '239 ms');
  assert.equal(formatValue(1350, 'ms'), '1.35 s');
  assert.equal(formatValue(0.05, 'ms'), '50.0 µs');
  assert.equal(formatValue(0, 's'), '0 ms');
  assert.equal(formatValue(900, 'ms', { like: 1100 }), '0.900 s');
  assert.equal(formatValue(2.1, '%'), '2.10 %');
  assert.equal(formatValue(2.1, 'percent'), '2.10 %');
  assert.equal(formatValue(1204.4, 'tokens/s'), '1,204 tokens/s');
  assert.equal(formatValue(1204.4, 'tokens/s', { namedUnit: true }), '1,204');
  assert.equal(formatValue(3_000_000, 'bytes'), '2.86 MiB');
  assert.equal(formatValue(12, 'tokens'), '12.0');
  assert.equal(formatValue(7, 'widgets'), '7.00 widgets');
  assert.equal(formatValue(500, 'ms', { exact: true, like: 612 }), '500 ms');
  assert.equal(formatValue(1, '%', { exact: true }), '1 %');
  assert.equal(formatValue(null, 'ms'), '—');
});

test('changes carry a sign, a real minus among them', () => {
  assert.deepEqual([31.34, -6.1, 1250, 99.97, 0.01, -0.01, 0, null].map(formatChange), [
    '+31.3 %',
    '−6.1 %',
    '+1,250 %',
    '+100 %',
    '+0.0 %',
    '−0.0 %',
    '±0 %',
    '—',
  ]);
  assert.equal(formatInterval([27.2, 35.4]), '(27 … 35)');
  assert.equal(formatInterval([-8, -4]), '(−8 … −4)');
  assert.equal(formatInterval([-0.4, 2.1]), '(−0.4 … 2.1)');
  assert.equal(formatInterval(null), '');
  assert.equal(formatPercent(2.1), '2.1 %');
  assert.equal(formatLimitPercent(7.5), '7.5 %');
});

test('a percentage in words never rounds onto its limit or over it', () => {
  assert.equal(percentInWords(31.3, 20), '31%');
  assert.equal(percentInWords(20.4, 20), '20.4%');
  assert.equal(percentInWords(20.004, 20), '20.004%');
  assert.equal(percentInWords(19.6, 20), '19.6%');
  assert.equal(percentInWords(-16.2, 15), '16%');
  assert.equal(percentInWords(8.12), '8.1%');
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1e4, noNaN: true }), fc.integer({ min: 0, max: 200 }), (percent, limit) => {
      fc.pre(Math.abs(percent - limit) > 1e-3);
      const read = Number(percentInWords(percent, limit).replaceAll(/[,%]/g, ''));
      assert.equal(read > limit, percent > limit);
    }),
  );
});

test('spans and counts', () => {
  assert.deepEqual([0.851, 4.23, 42.4, 59.6, 190, 3900, 7200, null].map(formatDuration), [
    '0.85 s',
    '4.2 s',
    '42 s',
    '1 min',
    '3 min 10 s',
    '1 h 5 min',
    '2 h',
    '—',
  ]);
  assert.equal(plural(1, 'metric'), '1 metric');
  assert.equal(plural(1200, 'metric'), '1,200 metrics');
  assert.equal(formatCount(null), '—');
});

test('metrics have the names that people use; unknown ones are spelled out', () => {
  const expected: Record<string, string> = {
    'ttft_ms.p95': 'TTFT p95',
    'latency_s.p999': 'Latency p99.9',
    tokens_per_sec: 'Output tokens/s',
    error_rate: 'Error rate',
    kv_cache_percent: 'KV cache',
    'queue_wait_ms.stddev': 'Queue wait std dev',
    __proto__: 'Proto',
    'constructor.p50': 'Constructor p50',
    '': '(unnamed)',
  };
  for (const key of Object.keys(expected)) assert.equal(metricName(key), expected[key]);
  assert.equal(metricName('__proto__'), 'Proto');
  assert.equal(shortSeriesName('latency/prompt_tokens=128', 'latency'), 'prompt_tokens=128');
  assert.equal(shortSeriesName('latency', 'latency'), 'latency');
});
