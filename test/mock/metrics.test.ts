import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineMetrics } from '../../src/mock/metrics.ts';
import { ask, askJson, engineOf, sampleOf, samplesOf, until } from './helpers.ts';

const idle = { running: 0, waiting: 0, kvCacheUsage: 0, prefixQueries: 0, prefixHits: 0 };

test('the page is well-formed: every family has its help, type and samples, buckets count up to the count', () => {
  const metrics = new EngineMetrics();
  for (const value of [0.001, 0.0011, 0.3, 9999]) metrics.observe('vllm:time_to_first_token_seconds', value);
  const page = metrics.render('a "quoted\\" name\n', { ...idle, running: 3, kvCacheUsage: 0.25 });
  const samples = samplesOf(page);
  const labels = 'model_name="a \\"quoted\\\\\\" name\\n",engine="0"';
  assert.equal(samples.get(`vllm:num_requests_running{${labels}}`), 3);
  assert.equal(samples.get(`vllm:kv_cache_usage_perc{${labels}}`), 0.25);
  const name = 'vllm:time_to_first_token_seconds';
  const bucket = (bound: string) => samples.get(`${name}_bucket{${labels},le="${bound}"}`);
  assert.deepEqual([bucket('0.001'), bucket('0.005'), bucket('0.5'), bucket('2560'), bucket('+Inf')], [1, 2, 3, 3, 4]);
  assert.equal(samples.get(`${name}_count{${labels}}`), 4);
  const families = [...page.matchAll(/^# TYPE (\S+) (gauge|counter|histogram)$/gm)];
  for (const [, family, type] of families) {
    assert.ok(page.includes(`# HELP ${family} `));
    assert.ok(
      [...samples.keys()].some((key) => key.startsWith(`${family}${type === 'histogram' ? '_bucket' : ''}{`)),
      family,
    );
    if (type === 'counter') assert.match(family!, /_total$/);
  }
  assert.equal(new Set(families.map(([, family]) => family)).size, families.length);
});

test('the counts and times are those of what was served', async () => {
  await using engine = await engineOf({ decodeStepMs: 1, decodeStepMsPerSequence: 0, prefillTokensPerSecond: 1000 });
  const messages = [{ role: 'user', content: 'x'.repeat(200) }];
  const first = await askJson(engine, { messages });
  const second = await askJson(engine, { messages, max_tokens: 4 });
  const value = (name: string, label = '') => sampleOf(engine, `vllm:${name}`, label);
  assert.equal(await value('prompt_tokens_total'), 2 * first.usage.prompt_tokens);
  assert.equal(await value('generation_tokens_total'), 16);
  assert.equal(await value('request_success_total', '"stop"'), 1);
  assert.equal(await value('request_success_total', '"length"'), 1);
  assert.equal(await value('prefix_cache_queries_total'), 2 * first.usage.prompt_tokens);
  assert.equal(await value('prefix_cache_hits_total'), second.usage.prompt_tokens_details.cached_tokens);
  assert.ok((await value('prefix_cache_hits_total')) > 0);
  for (const name of [
    'time_to_first_token',
    'e2e_request_latency',
    'request_queue_time',
    'request_prefill_time',
    'request_decode_time',
    'request_inference_time',
  ]) {
    assert.equal(await value(`${name}_seconds_count`), 2);
  }
  assert.equal(await value('inter_token_latency_seconds_count'), 14);
  assert.equal(await value('time_per_output_token_seconds_count'), 14);
  assert.ok(Math.abs((await value('inter_token_latency_seconds_sum')) - 0.014) < 1e-9);
  // A token of prefill each ms, less what the cache knew, and a step of 1 ms for the first token.
  const computed = 2 * first.usage.prompt_tokens - second.usage.prompt_tokens_details.cached_tokens;
  assert.ok(Math.abs((await value('time_to_first_token_seconds_sum')) - (computed + 2) / 1000) < 1e-9);
  assert.equal(await value('request_queue_time_seconds_sum'), 0);
  const parts = (await value('request_prefill_time_seconds_sum')) + (await value('request_decode_time_seconds_sum'));
  assert.ok(Math.abs((await value('e2e_request_latency_seconds_sum')) - parts) < 1e-9);
});

test('the gauges show who runs and waits, and how full the cache is', async () => {
  await using engine = await engineOf({ decodeStepMs: 3_600_000, maxBatch: 2, kvCacheTokens: 1600, maxModelLen: 200 });
  const goes = new AbortController();
  const asked = Array.from({ length: 5 }, () => ask(engine, { max_tokens: 150, ignore_eos: true, stream: true }, { signal: goes.signal }));
  await until('one in the first step, four waiting for the next', async () => {
    const [running, waiting] = [await sampleOf(engine, 'vllm:num_requests_running'), await sampleOf(engine, 'vllm:num_requests_waiting')];
    return running === 1 && waiting === 4;
  });
  // 157 tokens are 10 blocks of the 100 that there are.
  assert.equal(await sampleOf(engine, 'vllm:kv_cache_usage_perc'), 0.1);
  const responses = await Promise.all(asked);
  goes.abort();
  await Promise.allSettled(responses.map((response) => response.text()));
  await until('nobody left', async () => (await sampleOf(engine, 'vllm:num_requests_running')) === 0);
  assert.equal(await sampleOf(engine, 'vllm:request_success_total', '"abort"'), 5);
});
