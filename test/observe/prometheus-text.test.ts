import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type KnownSeries, parsePrometheus } from '../../src/observe/prometheus-text.ts';

test('names, labels with escapes, values, timestamps, exemplars and comments', () => {
  const page = [
    '# HELP a_total Help with {braces} and "quotes".',
    '# TYPE a_total counter',
    'a_total 3',
    'b{} 1.5e3 1700000000000',
    'vllm:c{model_name="a \\"b\\" \\\\ \\n",engine="0",} +Inf',
    'd_bucket{le="0.5"} 7 # {trace_id="x"} 0.4 1700000000.1',
    'e NaN',
    '# EOF',
    '',
  ].join('\r\n');
  assert.deepEqual(parsePrometheus(page), [
    { name: 'a_total', labels: {}, value: 3 },
    { name: 'b', labels: {}, value: 1500 },
    { name: 'vllm:c', labels: { model_name: 'a "b" \\ \n', engine: '0' }, value: Number.POSITIVE_INFINITY },
    { name: 'd_bucket', labels: { le: '0.5' }, value: 7 },
    { name: 'e', labels: {}, value: Number.NaN },
  ]);
});

test('what is no metrics page is told with its line', () => {
  assert.throws(() => parsePrometheus('a 1\n<!doctype html>'), /line 2: expected a series such as .*found "<!doctype html>"/);
  assert.throws(() => parsePrometheus('a{b="c} 1'), /line 1/);
  assert.throws(() => parsePrometheus('a{b=c} 1'), /line 1/);
  assert.throws(() => parsePrometheus('a one'), /line 1/);
  assert.throws(() => parsePrometheus('{"a": 1}'), /line 1/);
});

test('what is written is read again', () => {
  const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z_:][a-z0-9_:]*$/),
      fc.dictionary(
        fc.stringMatching(/^[a-z]\w*$/),
        // Line ends other than \n would be two lines.
        fc.string().filter((text) => !text.includes('\r')),
      ),
      fc.double({ noNaN: true }),
      (name, labels, value) => {
        const inside = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
        const number = Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
        const [sample] = parsePrometheus(`${name}{${inside.join(',')}} ${number}`);
        assert.deepEqual(
          { ...sample, labels: { ...sample?.labels } },
          { name, labels: { ...labels }, value: Number(number.replace('Inf', 'Infinity')) },
        );
      },
    ),
  );
});

test('any text is read or refused, and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '{', '}', '"', '=', '\\', ' ', '1', '\n', ',', '#') }), (text) => {
      try {
        parsePrometheus(text);
      } catch (error) {
        assert.match((error as Error).message, /^line \d+: /);
      }
    }),
  );
});

test('a page that is read again says the same as if it were read for the first time', () => {
  const known: KnownSeries = new Map();
  const page = (value: number) => `a{x="1 2",y="\\"q\\""} ${value}\nb ${value}\nc{z="1"} ${value} 1700000000\nd{le="+Inf"} NaN\ne  ${value}\n`;
  for (const value of [1, 2.5, 1e9]) assert.deepEqual(parsePrometheus(page(value), known), parsePrometheus(page(value)));
  assert.throws(() => parsePrometheus('a{x="1 2",y="\\"q\\""} nothing\n', known), /line 1/);
});
