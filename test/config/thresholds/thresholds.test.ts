import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { limitedMetrics, limitsFor } from '../../../src/config/thresholds/limits-for.ts';
import { metricKeyFault } from '../../../src/config/thresholds/metric-names.ts';
import { expandShorthands, shorthandNames } from '../../../src/config/thresholds/shorthands.ts';
import { builtinRoot, flag, project } from '../project.ts';

async function resolved(thresholds: string, files: Record<string, string> = {}) {
  await using here = await project({ 'llm-bench.yaml': `target: embedded\nthresholds: ${thresholds}\n`, ...files });
  return (await here.load()).thresholds;
}

test('shorthands: units converted, p95 where no statistic is named', () => {
  assert.deepEqual(expandShorthands({ max_p95_latency_ms: 100 }), { 'latency_s.p95': { max: 0.1 } });
  assert.deepEqual(expandShorthands({ max_p99_latency_ms: 7.1 }), { 'latency_s.p99': { max: 0.0071 } });
  assert.deepEqual(expandShorthands({ max_ttft_ms: 500, max_p50_tpot_ms: 20, max_mean_itl_ms: 3 }), {
    'ttft_ms.p95': { max: 500 },
    'tpot_ms.p50': { max: 20 },
    'itl_ms.mean': { max: 3 },
  });
  assert.deepEqual(
    expandShorthands({ min_tokens_per_sec: 50, max_error_rate: 1, min_success_rate: 99, min_hit_rate: 80, max_regression_percent: 20 }),
    {
      tokens_per_sec: { min: 50 },
      error_rate: { max: 1 },
      success_rate: { min: 99 },
      hit_rate: { min: 80 },
      '*': { max_regression_percent: 20 },
    },
  );
});

test('each shorthand names a metric that is accepted', () => {
  for (const name of shorthandNames) {
    const [metric] = Object.keys(expandShorthands({ [name]: 1 }));
    if (metric !== '*') assert.equal(metricKeyFault(metric!), null, name);
  }
});

test('milliseconds become the seconds that a person would write', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000_000 }),
      (ms) => Number(expandShorthands({ max_p95_latency_ms: ms })['latency_s.p95']!.max) === ms / 1000,
    ),
  );
});

test('metric names: known ones need their form, slips are refused, others are allowed', () => {
  for (const key of [
    'ttft_ms.p95',
    'latency_s.p999',
    'error_rate',
    'input_tokens',
    'output_tokens.mean',
    'hit_rate',
    'ns/op',
    'B/op',
    'p95-ms',
    'a b',
    'io_ms',
    'recall_percent',
    'search_ms.p95',
  ]) {
    assert.equal(metricKeyFault(key), null, key);
  }
  assert.match(metricKeyFault('ttft_ms')!, /is a distribution: name a statistic, such as ttft_ms\.p95/);
  assert.match(metricKeyFault('error_rate.p95')!, /single value: write "error_rate"/);
  assert.match(metricKeyFault('latency_ms.p95')!, /did you mean "latency_s\.p95"/);
  assert.match(metricKeyFault('token_per_sec')!, /did you mean "tokens_per_sec"/);
  assert.match(metricKeyFault('ttft_ms.p96')!, /unknown statistic "p96", expected one of mean/);
  assert.match(metricKeyFault('search_ms.p59')!, /unknown statistic/);
  assert.match(metricKeyFault('a b ')!, /expected a metric/);
});

test('limitsFor: a star holds for every series, a name for the series below it', () => {
  const thresholds = {
    series: { '*': { error_rate: { max: 1 } }, lat: { 'latency_s.p95': { max: 2 } }, 'lat/prompt_tokens=*': { 'latency_s.p95': { warn_max: 1 } } },
  };
  assert.deepEqual(limitsFor(thresholds, 'other/model=google/gemma', 'error_rate'), { max: 1 });
  assert.deepEqual(limitsFor(thresholds, 'lat', 'latency_s.p95'), { max: 2 });
  assert.deepEqual(limitsFor(thresholds, 'lat/prompt_tokens=5', 'latency_s.p95'), { max: 2, warn_max: 1 });
  assert.equal(limitsFor(thresholds, 'latency', 'latency_s.p95'), null);
  assert.equal(limitsFor(thresholds, 'lat', 'ttft_ms.p95'), null);
  assert.deepEqual(limitedMetrics(thresholds, 'lat/x').toSorted(), ['error_rate', 'latency_s.p95']);
});

test('limitsFor: the later entry wins, limit by limit, and the thresholds stay as they are', () => {
  const thresholds = {
    series: { '*': { error_rate: { max: 1, warn_max: 0.5 } }, 's*': { error_rate: { max: 3 } }, stress: { error_rate: { warn_max: 2 } } },
  };
  const before = structuredClone(thresholds);
  assert.deepEqual(limitsFor(thresholds, 'stress', 'error_rate'), { max: 3, warn_max: 2 });
  assert.deepEqual(limitsFor(thresholds, 'other', 'error_rate'), { max: 1, warn_max: 0.5 });
  assert.deepEqual(thresholds, before);
});

test('limitsFor: `*` reaches the gating metrics alone', () => {
  const thresholds = {
    series: { '*': { 'latency_s.p50': { max_regression_percent: 30 }, error_rate: { max: 1 } }, mine: { '*': { max_regression_percent: 10 } } },
  };
  for (const key of ['latency_s.p95', 'ttft_ms.p95', 'tokens_per_sec', 'requests_per_sec', 'ns/op', 'search_ms.p95']) {
    assert.deepEqual(limitsFor(thresholds, 'mine', key), { max_regression_percent: 10 }, key);
  }
  assert.deepEqual(limitsFor(thresholds, 'mine', 'latency_s.p50'), { max_regression_percent: 10 });
  assert.deepEqual(limitsFor(thresholds, 'mine', 'error_rate'), { max: 1 });
  assert.equal(limitsFor(thresholds, 'mine', 'ttft_ms.max'), null);
  assert.equal(limitsFor(thresholds, 'mine', 'search_ms.stddev'), null);
  const named = { series: { mine: { 'latency_s.p95': { max_regression_percent: 5 }, '*': { max_regression_percent: 10 } } } };
  assert.deepEqual(limitsFor(named, 'mine', 'latency_s.p95'), { max_regression_percent: 5 });
});

test('any series id is matched by the star and by its own name', () => {
  const id = fc.stringMatching(/^[\w.=()[\]{}+!@ -]{1,12}(\/[\w.=()[\]{}+!@ -]{1,12}){0,3}$/);
  fc.assert(
    fc.property(id, (series) => {
      assert.deepEqual(limitsFor({ series: { '*': { error_rate: { max: 1 } } } }, series, 'error_rate'), { max: 1 });
      assert.deepEqual(limitsFor({ series: { [series]: { error_rate: { max: 2 } } } }, series, 'error_rate'), { max: 2 });
    }),
  );
});

test('the shipped thresholds', async () => {
  const thresholds = await resolved('{ extends: default }');
  assert.deepEqual(limitsFor(thresholds, 'any', 'latency_s.p95'), { max_regression_percent: 20, warn_regression_percent: 10 });
  for (const key of ['latency_s.p50', 'requests_per_sec', 'tokens_per_sec'])
    assert.deepEqual(limitsFor(thresholds, 'any', key), { warn_change_percent: 15 });
  assert.deepEqual(limitsFor(thresholds, 'any', 'error_rate'), { max: 1 });
  assert.deepEqual(limitsFor(thresholds, 'embedded', 'latency_s.p95'), { max_regression_percent: 20, warn_regression_percent: 10, max: 0.1 });
  assert.deepEqual(limitsFor(thresholds, 'embedded', 'requests_per_sec'), { warn_change_percent: 15, min: 50 });
});

test('a shipped limit gives way to what the user says of every metric', async () => {
  const thresholds = await resolved('{ max_regression_percent: 8 }');
  assert.deepEqual(limitsFor(thresholds, 'any', 'latency_s.p95'), { max_regression_percent: 8, warn_regression_percent: 10 });
  assert.deepEqual(limitsFor(thresholds, 'any', 'allocs/op'), { max_regression_percent: 1 });
  const own = await resolved('limits/a.yaml', {
    'limits/a.yaml': 'extends: limits/b.yaml\nmax_regression_percent: 8\n',
    'limits/b.yaml': 'series: { "*": { ttft_ms.p99: { max_regression_percent: 50 } } }\n',
  });
  assert.deepEqual(limitsFor(own, 'any', 'ttft_ms.p99'), { max_regression_percent: 50 }, 'the user has said that of this metric');
});

test('extends: default where left out, none, another file, a circle', async () => {
  assert.equal(limitsFor(await resolved('{ max_error_rate: 5 }'), 's', 'latency_s.p95')!.max_regression_percent, 20);
  assert.deepEqual(await resolved('{ extends: none, max_error_rate: 5 }'), { series: { '*': { error_rate: { max: 5 } } } });
  const chained = await resolved('limits/a.yaml', {
    'limits/a.yaml': 'extends: limits/b.yaml\nmax_error_rate: 2\n',
    'limits/b.yaml': 'extends: none\nmax_error_rate: 9\nmin_tokens_per_sec: 4\n',
  });
  assert.deepEqual(chained, { series: { '*': { error_rate: { max: 2 }, tokens_per_sec: { min: 4 } } } });
  await using circle = await project({ 'llm-bench.yaml': 'thresholds: a.yaml\n', 'a.yaml': 'extends: b.yaml\n', 'b.yaml': 'extends: a.yaml\n' });
  assert.match((await circle.faults()).join(), /circle: a\.yaml -> b\.yaml -> a\.yaml/);
  await using missing = await project({ 'llm-bench.yaml': 'thresholds: { extends: nix.yaml }\n' });
  assert.deepEqual(await missing.faults(), ['llm-bench.yaml:1:24: thresholds file nix.yaml not found']);
});

test("the user's config/thresholds.yaml holds where no other is named, a flag's file before all", async () => {
  await using here = await project({
    'config/thresholds.yaml': 'extends: none\nmax_error_rate: 7\n',
    'other.yaml': 'extends: none\nmax_error_rate: 8\n',
  });
  assert.deepEqual((await here.load()).thresholds, { series: { '*': { error_rate: { max: 7 } } } });
  const flagged = await here.load({ overrides: [flag('thresholds', 'thresholds', 'other.yaml')] });
  assert.deepEqual(flagged.thresholds, { series: { '*': { error_rate: { max: 8 } } } });
  assert.equal(flagged.origins['thresholds.series.*.error_rate.max'], 'other.yaml:2:17');
});

test('components nest to any depth, and an outer limit holds for all below', async () => {
  const thresholds = await resolved(
    '{ extends: none, component_benchmarks: { classification: { max_regression_percent: 15, batch_size_1: { max_p95_latency_ms: 10.0, max_regression_percent: 10 }, deep: { deeper: { min_hit_rate: 80 } } } } }',
  );
  assert.deepEqual(thresholds.series['classification/batch_size_1'], { 'latency_s.p95': { max: 0.01 }, '*': { max_regression_percent: 10 } });
  assert.deepEqual(limitsFor(thresholds, 'classification/batch_size_1', 'ns/op'), { max_regression_percent: 10 });
  assert.deepEqual(limitsFor(thresholds, 'classification/batch_size_50', 'ns/op'), { max_regression_percent: 15 });
  assert.deepEqual(limitsFor(thresholds, 'classification/deep/deeper', 'hit_rate'), { max_regression_percent: 15, min: 80 });
});

test("a scenario's own limits: before a matching glob, behind an entry of its name", async () => {
  const scenario = 'thresholds: { max_error_rate: 5, ttft_ms.p95: { max: 300 }, max_p95_latency_ms: 900 }\n';
  const thresholds = async (own: string) => {
    await using here = await project({ 'config/scenarios/s.yaml': scenario, 'llm-bench.yaml': `scenario: s\nthresholds: ${own}\n` });
    return (await here.load()).thresholds;
  };
  const starred = await thresholds('{ series: { "*": { error_rate: { max: 2 } } } }');
  assert.deepEqual(limitsFor(starred, 's', 'error_rate'), { max: 5 });
  assert.deepEqual(limitsFor(starred, 's/prompt_tokens=5', 'ttft_ms.p95'), { max: 300 });
  assert.deepEqual(limitsFor(starred, 'other', 'error_rate'), { max: 2 });
  const exact = await thresholds('{ series: { s: { error_rate: { max: 2 } }, s/cell=1: { ttft_ms.p95: { max: 100 } } } }');
  assert.deepEqual(limitsFor(exact, 's', 'error_rate'), { max: 2 });
  assert.equal(limitsFor(exact, 's', 'latency_s.p95')!.max, 0.9);
  assert.deepEqual(limitsFor(exact, 's/cell=1', 'ttft_ms.p95'), { max: 100 });
  const cellFirst = await thresholds('{ series: { s/cell=1: { ttft_ms.p95: { max: 100 } } } }');
  assert.deepEqual(limitsFor(cellFirst, 's/cell=1', 'ttft_ms.p95'), { max: 100 });
  assert.deepEqual(limitsFor(cellFirst, 's/cell=2', 'ttft_ms.p95'), { max: 300 });
});

test('faults in limits: unknown ones, wrong types, impossible values', async () => {
  await using here = await project({
    'llm-bench.yaml': `thresholds:
  max_p95_latncy_ms: 5
  max_error_rate: 101
  min_tokens_per_sec: .nan
  component_benchmarks:
    a: { b: { max_p95_latency: 4, max_p95_latency_ms: -1 } }
scenario:
  thresholds: { ttft_ms.p95: { mx: 1 }, max_ttft_ms: fast, max_speed: 3 }
`,
  });
  const faults = await here.faults();
  for (const pattern of [
    /^llm-bench\.yaml:2:3: thresholds: unknown key "max_p95_latncy_ms"; did you mean "max_p95_latency_ms"\?/,
    /^llm-bench\.yaml:3:19: thresholds\.max_error_rate: expected a number of at most 100, found 101/,
    /^llm-bench\.yaml:4:23: thresholds\.min_tokens_per_sec: expected a number, found NaN/,
    /^llm-bench\.yaml:6:15: thresholds\.component_benchmarks\.a\.b\.max_p95_latency: unknown limit "max_p95_latency"; did you mean "max_p95_latency_ms"\?/,
    /^llm-bench\.yaml:6:55: thresholds\.component_benchmarks\.a\.b\.max_p95_latency_ms: expected a number of at least 0, found -1/,
    /^llm-bench\.yaml:8:32: scenario\.thresholds\."ttft_ms\.p95": unknown key "mx"/,
    /^llm-bench\.yaml:8:54: scenario\.thresholds\.max_ttft_ms: expected a number, found "fast"/,
    /^llm-bench\.yaml:8:60: scenario\.thresholds\.max_speed: unknown limit "max_speed"/,
  ]) {
    assert.ok(
      faults.some((fault) => pattern.test(fault)),
      `${pattern} not in\n${faults.join('\n')}`,
    );
  }
  assert.equal(faults.length, 8);
});

test('the examples of docs/thresholds.md load, and each shorthand is in its table', async () => {
  const text = await readFile(join(builtinRoot, 'docs/thresholds.md'), 'utf8');
  const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1]!);
  assert.equal(blocks.length, 3);
  for (const block of blocks) {
    const file = /^# (config\/\S+)/.exec(block)?.[1] ?? 'llm-bench.yaml';
    await using here = await project({ [file]: block });
    const { thresholds } = await here.load({
      overrides: file === 'llm-bench.yaml' ? [] : [flag('scenario', 'scenario', 'chat'), flag('target', 'target', 'embedded')],
    });
    assert.notDeepEqual(thresholds, await resolved('{ extends: default }'), file);
  }
  for (const name of shorthandNames.filter((each) => !/_(mean|p50|p90|p99|p999)_/.test(each))) assert.ok(text.includes(`\`${name}`), name);
});
