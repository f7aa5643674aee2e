import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Distribution } from '../../../src/measure/distribution.ts';

import { renderCsv } from '../../../src/report/csv.ts';
import { distributionCharts } from '../../../src/report/html/distribution-charts.ts';
import { renderHtml } from '../../../src/report/html/html.ts';
import { lineChart } from '../../../src/report/html/svg.ts';
import { trendChart } from '../../../src/report/trend.ts';
import type { DistributionMetric } from '../../../src/result/document.ts';
import { sampleResult, sampleRow, sampleVerdict, slowTtft } from '../sample.ts';

function measured(values: readonly number[]): DistributionMetric {
  const distribution = new Distribution(1000);
  for (const value of values) distribution.record(value);
  return {
    unit: 'ms',
    better: 'lower',
    count: values.length,
    sum: values.reduce((a, b) => a + b, 0),
    ...distribution.summary(),
    hdr: distribution.encode(),
  };
}

test('the page holds the figures, the verdict, the timeline and the configuration, and nothing from elsewhere', () => {
  const page = renderHtml(sampleResult(), sampleVerdict('regressed', [slowTtft]), sampleResult());
  for (const part of [
    'TTFT p95 regressed by 31% (limit 20%)',
    '<h2>Percentiles</h2>',
    '<h2>Over time</h2>',
    '503 Service Unavailable',
    '&#34;sha256&#34;',
    '1,204 tokens/s',
  ])
    assert.ok(page.includes(part), part);
  assert.match(page, /prefers-color-scheme: dark/);
  assert.match(page, /name="viewport"/);
  const own = page.replace(/<script>.*?<\/script>/s, '');
  assert.doesNotMatch(own, /(src|href)\s*=|url\(|@import/i);
  assert.equal(own.match(/<script/g)?.length, 1, 'the figures of the charts alone');
  assert.equal(page.match(/<svg /g)?.length, 5);
  const [, policy = ''] = /Content-Security-Policy" content="([^"]+)"/.exec(page) ?? [];
  for (const element of ['script', 'style']) {
    const [, content = ''] = new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(page) ?? [];
    assert.ok(content.length > 1000);
    assert.ok(policy.includes(`${element}-src 'sha256-${createHash('sha256').update(content).digest('base64')}'`), element);
  }
});

test('without a verdict it shows every series; empty results make an empty but whole page', () => {
  assert.match(renderHtml(sampleResult(), null), /<h2>Series<\/h2>/);
  const { results } = sampleResult();
  const empty = sampleResult({
    series: [],
    timeline: [],
    errors: [],
    slowest: [],
    results: { ...results, ttft_ms: null, tpot_ms: null, latency_s: null },
    validity: { valid: true, checks: [] },
  });
  const page = renderHtml(empty, null);
  assert.doesNotMatch(page, /<h2>(Percentiles|Over time|Distribution|Errors|Series|Validity)<\/h2>|NaN|undefined/);
  assert.ok(page.trimEnd().endsWith('</html>'));
});

test('many rows of which nothing is to be said are folded, and what changed stays open', () => {
  const rows = (count: number, verdict: 'new' | 'ok' | 'regressed') =>
    Array.from({ length: count }, (_, index) => sampleRow({ verdict, metric: `metric_${verdict}_${index}` }));
  const page = (series: Parameters<typeof sampleVerdict>[1]) => renderHtml(sampleResult(), sampleVerdict('ok', series));
  const [head = ''] = page(rows(200, 'new')).split('<h2>Summary');
  assert.match(head, /<details><summary>200 metrics: 200 measured for the first time<\/summary>/);
  const mixed = page([...rows(2, 'regressed'), ...rows(40, 'ok')]).split('<details>')[0] ?? '';
  assert.equal([...mixed.matchAll(/<tr class="regressed">/g)].length, 2);
  assert.doesNotMatch(mixed, /<tr class="ok">/);
  assert.match(page(rows(5, 'new')).split('<details>')[0] ?? '', /<tr class="new">/, 'a few are read at once');
});

test('a chart puts values where they belong, and what is missing as a gap', () => {
  const svg = lineChart({
    title: 't',
    yUnit: 'ms',
    ticks: [],
    lines: [
      {
        name: 'a',
        points: [
          { x: 0, y: 0 },
          { x: 1, y: 100 },
          { x: 2, y: null },
          { x: 3, y: 50 },
        ],
      },
    ],
  });
  const [path] = [...svg.matchAll(/ d="([^"]+)"/g)].map((match) => match[1]);
  assert.equal(path, 'M56 192h0L241.3 12M612 102h0');
  assert.equal(lineChart({ title: 't', yUnit: '', ticks: [], lines: [{ name: 'a', points: [{ x: 0, y: null }] }] }), '');
});

test('the distribution is drawn from the histogram: its ends are the exact minimum and the tail', () => {
  const ttft = measured(Array.from({ length: 1000 }, (_, index) => 100 + index / 10));
  const result = sampleResult({ series: [{ id: 'latency_benchmark', labels: {}, metrics: { ttft_ms: ttft } }] });
  const [shares, byPercentile, ...others] = distributionCharts(result);
  assert.deepEqual(others, []);
  assert.ok(Math.round((shares?.lines[0]?.points ?? []).reduce((sum, { y }) => sum + (y ?? 0), 0)) >= 99);
  const chart = byPercentile ? lineChart(byPercentile) : '';
  assert.match(chart, /TTFT by percentile/);
  assert.deepEqual(
    [...chart.matchAll(/>([\d.]+ %)</g)].map((match) => match[1]),
    ['0 %', '50 %', '90 %', '99 %', '99.9 %'],
  );
  const points = [...(/ class="line line0" d="([^"]+)"/.exec(chart)?.[1] ?? '').matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map((match) => [
    Number(match[1]),
    Number(match[2]),
  ]);
  // The axis reaches to 200: 100 is at half of the height, 199.9 at its top.
  assert.equal(points.length, 121);
  assert.deepEqual(points[0], [56, 102]);
  assert.ok(Math.abs((points.at(-1)?.[1] ?? 0) - 12) < 1);
});

test('a damaged histogram leaves out its chart, not the page', () => {
  const ttft = { ...measured([1, 2, 3]), hdr: 'bm90IGEgaGlzdG9ncmFt' };
  const result = sampleResult({ series: [{ id: 's', labels: {}, metrics: { ttft_ms: ttft } }] });
  assert.deepEqual(distributionCharts(result), []);
  assert.match(renderHtml(result, null), /<\/html>/);
});

test('CSV: one line per figure, quoted where it must be, every digit kept', () => {
  const result = sampleResult({
    series: [
      {
        id: 'a,"b"\nc',
        labels: {},
        metrics: { error_rate: { unit: '%', better: 'lower', value: 0.123456789 }, gone: { unit: 'ms', better: 'lower', value: null } },
      },
      { id: 'd', labels: {}, metrics: { ttft_ms: measured([5]) } },
    ],
  });
  const lines = renderCsv([result]).split('\r\n');
  assert.deepEqual(lines.slice(0, 3), [
    'series,metric,stat,unit,value',
    '"a,""b""\nc",error_rate,value,%,0.123456789',
    '"a,""b""\nc",gone,value,ms,',
  ]);
  assert.deepEqual(lines.slice(3, 7), ['d,ttft_ms,count,,1', 'd,ttft_ms,sum,ms,5', 'd,ttft_ms,mean,ms,5', 'd,ttft_ms,min,ms,5']);
  assert.equal(lines.length, 3 + 11 + 1);
  assert.match(renderCsv([result, result], ['one.json', 'two.json']), /^two\.json:d,ttft_ms,p50,ms,5\r$/m);
});

test('a trend needs two points, and its numbers have no exponents', () => {
  const trend = (values: (number | null)[]) => trendChart({ metric: 'error_rate', unit: '%', points: values.map((value) => ({ sha: null, value })) });
  assert.equal(trend([1]), null);
  assert.equal(trend([null, 1, null]), null);
  assert.match(trend([1e-7, 2e-7]) ?? '', /line \[0\.0000001, 0\.0000002\]/);
  assert.match(trend([5, 5]) ?? '', /y-axis 4\.5 --> 5\.5/);
});
