import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerSampler, type ServerSource } from '../../src/observe/server-sampler.ts';
import { serve } from './metrics-server.ts';

const source = (url: string, over: Partial<ServerSource> = {}): ServerSource => ({
  url,
  headers: {},
  intervalMs: 1000,
  presets: null,
  custom: [],
  ...over,
});

const page = (at: { hits: number; queries: number; waiting: number; tokens: number; buckets: [number, number, number]; sum: number }) => `
vllm:num_requests_waiting{model_name="a"} ${at.waiting}
vllm:prefix_cache_hits_total{model_name="a"} ${at.hits}
vllm:prefix_cache_queries_total{model_name="a"} ${at.queries}
vllm:generation_tokens_total{model_name="a"} ${at.tokens}
vllm:time_to_first_token_seconds_bucket{model_name="a",le="0.1"} ${at.buckets[0]}
vllm:time_to_first_token_seconds_bucket{model_name="a",le="0.2"} ${at.buckets[1]}
vllm:time_to_first_token_seconds_bucket{model_name="a",le="+Inf"} ${at.buckets[2]}
vllm:time_to_first_token_seconds_sum{model_name="a"} ${at.sum}
vllm:time_to_first_token_seconds_count{model_name="a"} ${at.buckets[2]}
`;

test('counters are rates and shares, gauges means and extremes, histograms what came in between', async () => {
  const first = page({ hits: 100, queries: 1000, waiting: 0, tokens: 500, buckets: [1000, 1000, 1000], sum: 50 });
  const second = page({ hits: 160, queries: 1100, waiting: 6, tokens: 900, buckets: [1010, 1020, 1020], sum: 53 });
  await using server = await serve([first, first, second]);
  const sampler = new ServerSampler(source(server.url));
  assert.equal(await sampler.start(), null);
  await sampler.sample(10_000);
  await sampler.sample(14_000);
  const seen = Object.fromEntries(sampler.between(10_000, 14_000).map((one) => [one.name, one]));
  const value = (name: string) => (seen[name] !== undefined && 'value' in seen[name] ? seen[name].value : null);
  const summary = (name: string) => (seen[name] !== undefined && 'summary' in seen[name] ? seen[name].summary : null);
  assert.equal(value('server_generation_tokens_per_sec'), 100);
  assert.equal(value('server_cache_hit_percent'), 60);
  assert.equal(summary('server_requests_waiting')?.mean, 3);
  assert.equal(summary('server_requests_waiting')?.max, 6);
  const ttft = summary('server_ttft_ms');
  assert.equal(ttft?.count, 20);
  assert.equal(ttft?.mean, 150);
  assert.equal(ttft?.p50, 100);
  assert.ok(Math.abs((ttft?.p90 ?? 0) - 180) < 1e-6);
  assert.equal(ttft?.max, null, 'a histogram does not know its extremes');
});

test('a restart in between does not make a counter fall', async () => {
  await using server = await serve(['go_gc_duration_seconds_sum 5\n', 'go_gc_duration_seconds_sum 5\n', 'go_gc_duration_seconds_sum 2\n']);
  const sampler = new ServerSampler(source(server.url));
  assert.equal(await sampler.start(), null);
  await sampler.sample(0);
  await sampler.sample(1000);
  const [pause] = sampler.between(0, 1000);
  assert.equal(pause !== undefined && 'value' in pause ? pause.value : null, 2000);
});

test('a custom metric by its selector', async () => {
  await using server = await serve(['depth{queue="a"} 4\ndepth{queue="b"} 9\n']);
  const custom = [{ name: 'depth_a', unit: 'count', better: 'lower' as const, of: ['depth{queue="a"}'] }];
  const sampler = new ServerSampler(source(server.url, { custom }));
  assert.equal(await sampler.start(), null);
  assert.deepEqual(await sampler.sample(0), [4]);
  const lacking = new ServerSampler(source(server.url, { custom: [{ ...custom[0]!, of: ['width'] }] }));
  assert.match((await lacking.start()) ?? '', /the page has no depth_a \(width\)/);
});

test('no page, no metrics text and no known series are reasons', async () => {
  await using missing = await serve([404]);
  assert.match((await new ServerSampler(source(missing.url)).start()) ?? '', /status 404/);
  await using html = await serve(['<!doctype html><html></html>']);
  assert.match((await new ServerSampler(source(html.url)).start()) ?? '', /line 1: expected a series/);
  await using other = await serve(['other_total 1\n']);
  assert.match((await new ServerSampler(source(other.url)).start()) ?? '', /none of the series/);
  assert.match((await new ServerSampler(source('http://127.0.0.1:9/metrics')).start()) ?? '', /127.0.0.1:9/);
});
