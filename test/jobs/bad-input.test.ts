import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { metricKeyFault } from '../../src/config/thresholds/metric-names.ts';
import type { MetricLimits } from '../../src/config/thresholds/thresholds.ts';
import { compareFiles } from '../../src/jobs/compare.ts';
import { renderText } from '../../src/report/text.ts';
import { withoutFindings } from '../../src/result/merge-whole.ts';
import { sampleResult } from '../report/sample.ts';

/** Figures that no method can use, as another tool may write them: each has its word, and none is a silent ok. */

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llm-bench-bad-input-'));
});
after(() => rm(folder, { recursive: true, force: true }));

interface Entry {
  name: string;
  unit: string;
  value: unknown;
}

test('a result whose values are no numbers says so, and what it lacks is missing, not of too few samples', async () => {
  const { jobMembers, resultText } = await import('../baseline/documents.ts');
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const good = resultText(jobMembers(1));
  const base = await write('good.json', good);
  // As another language writes them: the median of the whole and of its run.
  const odd = await write('odd.json', good.replaceAll(/("p50"|"ttft_ms\.p50"):[\d.]+/g, '$1:NaN'));
  const compared = (current: string, baseline: string) =>
    compareFiles({ current, baselines: [baseline], mode: 'rules', thresholds: { series: { '*': {} } } });
  const { verdict, current } = await compared(odd, base);
  const ttft = verdict.series.find(({ metric }) => metric === 'ttft_ms.p50');
  assert.deepEqual([verdict.verdict, ttft?.verdict], ['missing', 'missing']);
  assert.match(current.validity.checks.map(({ detail }) => detail).join(), /\d values are NaN or infinite, and count as not measured/);
  const { verdict: other } = await compared(base, odd);
  assert.match(other.notes.join('\n'), /the baseline .*odd\.json: \d values are NaN or infinite/);
});

let files = 0;
async function file(content: readonly Entry[] | string): Promise<string> {
  const path = join(folder, `${++files}.json`);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const steady: Entry = { name: 'B', unit: 'ms', value: 20 };
const a = (value: unknown, unit = 'ms'): Entry[] => [{ name: 'A', unit, value }, steady];
const pool = () => Promise.all([10.1, 10.2, 10.3, 10.4, 10.5].map((value) => file(a(value))));

/** The verdict, what decided A, and the report. */
async function compared(current: readonly Entry[], baselines: readonly string[]) {
  const comparison = await compareFiles({ current: await file(current), baselines, mode: 'auto', thresholds: { series: {} } });
  const { verdict } = comparison;
  const text = renderText(verdict, comparison.current, comparison.baseline, { color: false });
  return { verdict: verdict.verdict, row: verdict.series.find(({ series }) => series === 'A'), text, skipped: comparison.skipped };
}

const cases: Record<string, { current: Entry[]; rules: [string, RegExp]; screen: [string, RegExp] }> = {
  'a negative time': {
    current: a(-5),
    rules: ['warn', /went from 10.0 ms to −5.00 ms \(no percentage of a value below 0\)/],
    screen: ['inconclusive', /went from 10.3 ms to −5.00 ms \(the value is negative: it has no percentage\)/],
  },
  'a time of zero': {
    current: a(0),
    rules: ['warn', /went from 10.0 ms to 0 ms \(a time of zero: was it measured\?\)/],
    screen: ['inconclusive', /\(the value is zero: it has no percentage\)/],
  },
  'not a number': { current: a('NaN'), rules: ['missing', /A left out: NaN is no finite number/], screen: ['missing', /NaN is no finite number/] },
  infinite: { current: a('Infinity'), rules: ['missing', /Infinity is no finite number/], screen: ['missing', /Infinity is no finite number/] },
  null: { current: a(null), rules: ['missing', /expected a name and a number as value/], screen: ['missing', /expected a name and a number/] },
  'another unit': {
    current: a(0.01, 's'),
    rules: ['warn', /went from 10.0 ms to 0.0100 s \(units differ: ms in the baseline, s now\)/],
    screen: ['warn', /went from 10.3 ms to 0.0100 s \(units differ: ms in the baseline, s now\)/],
  },
  'a metric that vanished': { current: [steady], rules: ['missing', /missing now/], screen: ['missing', /missing now/] },
};

for (const [name, { current, rules, screen }] of Object.entries(cases)) {
  test(`${name}: against one result, and against a pool`, async () => {
    for (const [[word, sentence], baselines] of [
      [rules, [await file(a(10))]],
      [screen, await pool()],
    ] as const) {
      const { verdict, row, text } = await compared(current, baselines);
      assert.deepEqual([verdict, row?.verdict], [word, word], text);
      assert.match(text, sentence);
    }
  });
}

test('a baseline of zero or below, with one value of it to judge by', async () => {
  for (const value of [0, -5]) {
    const { verdict, text } = await compared(a(10), [await file(a(value))]);
    assert.equal(verdict, 'warn', text);
    assert.match(text, /no percentage of a baseline (of|below) 0/);
  }
});

test('a pool with members that cannot be read or used: named, and the rest is used', async () => {
  const [first, ...others] = await pool();
  const corrupt = await file('{"schema_version": 1');
  const { verdict, text, skipped } = await compared(a(10.3), [first as string, corrupt, await file(a(-5)), await file(a(0.01, 's')), ...others]);
  assert.equal(verdict, 'ok', text);
  assert.equal(skipped.length, 1);
  assert.match(skipped[0] ?? '', new RegExp(`${corrupt} is cut short`));
  assert.match(text, /1 baselines have another unit/);
  assert.match(text, /left out: negative/);
});

test('constants have a noise that is assumed, and the report says so; too few for a screen are compared by fixed percentages', async () => {
  const constant = await Promise.all([1, 2, 3, 4].map(() => file(a(10))));
  const { verdict, text } = await compared(a(10), constant);
  assert.equal(verdict, 'ok');
  assert.match(text, /the pool never varied: its noise is an assumption/);
  const few = await compared(a(10), constant.slice(0, 3));
  assert.match(few.text, /not screened: the pool holds 3 runs: at least 4 are needed/);
});

test('a direction that is stated holds for files of other tools; a limit names a metric with spaces', async () => {
  const table = async (value: number) => {
    const path = join(folder, `${++files}.csv`);
    await writeFile(path, `series,run,metric,value,unit\nA,1,queue wait (avg),${value},widgets\n`);
    return path;
  };
  const verdictOf = async (direction: 'lower' | 'higher' | null, limits: object = {}) => {
    const thresholds = { series: { '*': limits as MetricLimits } };
    const { verdict } = await compareFiles({ current: await table(15), baselines: [await table(10)], mode: 'auto', thresholds, direction });
    return verdict.series[0]?.verdict;
  };
  assert.deepEqual([await verdictOf('lower'), await verdictOf('higher'), await verdictOf(null)], ['regressed', 'improved', 'ok']);
  assert.equal(await verdictOf('lower', { 'queue wait (avg)': { max_regression_percent: 60 } }), 'ok');
  assert.equal(metricKeyFault('queue wait (avg)'), null);
  assert.equal(metricKeyFault('queue wait.p95'), null);
  assert.match(metricKeyFault('queue wait .p95') ?? '', /expected a metric/);
});

test('adding results of parts says that what the parts say together is not made anew', () => {
  const composed = sampleResult();
  composed.results['parts'] = [];
  const whole = withoutFindings(sampleResult(), [composed, composed]);
  assert.match(whole.validity.checks.at(-1)?.detail ?? '', /is not made anew/);
  assert.equal(withoutFindings(composed, [composed]), composed);
});
