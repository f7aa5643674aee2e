import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../src/config/errors.ts';
import type { Distribution } from '../../src/measure/distribution.ts';
import type { DistributionMetric } from '../../src/result/document.ts';
import { distributionOf } from '../../src/result/histogram.ts';
import { mergeResults } from '../../src/result/merge.ts';
import { shardOf } from '../../src/result/merge-shards.ts';
import { documentOf, measuredMetric, measuredSeries } from './sample.ts';

/** A shard's result of ten seconds from `second`. */
function shardAt(second: number, shard: { index: number; count: number } | null, latencies: number[], extra: Record<string, unknown> = {}) {
  const { results, ...more } = extra as { results?: Record<string, unknown> };
  return documentOf({
    timestamp: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(),
    results: {
      total_requests: latencies.length,
      successful: latencies.length,
      failed: 0,
      duration_seconds: 10,
      concurrency: 2,
      throughput: { tokens_per_sec: 100, requests_per_sec: latencies.length / 10 },
      connections: { opened: 2, reused: latencies.length, failed: 0 },
      ...results,
    },
    series: [measuredSeries('chat', latencies, latencies, { requests_per_sec: latencies.length / 10 })],
    ...(shard === null ? {} : { shard }),
    ...more,
  });
}

test('shards add up to the whole exactly, whatever their clocks say, and the whole is no shard any more', () => {
  const latencies = fc.array(fc.double({ min: 0.01, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(latencies, { minLength: 2, maxLength: 5 }), fc.integer({ min: 0, max: 1000 }), (parts, apart) => {
      const shards = parts.map((values, i) => shardAt(i * apart, { index: i + 1, count: parts.length }, values));
      const merged = mergeResults(shards.toReversed());
      const whole = measuredMetric('latency_s', parts.flat()) as DistributionMetric;
      const added = merged.series[0]!.metrics['latency_s'] as DistributionMetric;
      assert.equal(added.count, whole.count);
      const [one, other] = [added, whole].map((metric) => distributionOf('latency_s', metric, 'here')!) as [Distribution, Distribution];
      for (let percent = 1; percent <= 100; percent++) assert.equal(one.percentile(percent), other.percentile(percent));
      for (const key of ['min', 'max', 'p50', 'p95'] as const) assert.ok(Math.abs(added[key]! - whole[key]!) < 1e-9);
      const { results } = merged;
      assert.deepEqual([results.total_requests, results.concurrency, merged.runs.length], [parts.flat().length, 2 * parts.length, 1]);
      assert.deepEqual(results.connections, { opened: 2 * parts.length, reused: parts.flat().length, failed: 0 });
      assert.equal(shardOf(merged), null);
      assert.equal('shard' in merged, false);
    }),
    { numRuns: 40 },
  );
});

test('a shard that is missing or came twice is named', () => {
  const shard = (index: number, second = 0) => shardAt(second, { index, count: 3 }, [index, 10 * index]);
  assert.throws(
    () => mergeResults([shard(1), shard(3)], ['a.json', 'c.json']),
    (error: UserError) => error instanceof UserError && error.message.includes('shard 2/3 is missing beside 1/3 (a.json), 3/3 (c.json)'),
  );
  assert.throws(
    () => mergeResults([shard(1), shard(1, 100), shard(2, 100)], ['a', 'b', 'c']),
    (error: UserError) => error.message.includes('shard 2/3, 3/3 is missing beside 1/3 (a), and 1/3 (b) came again'),
  );
  assert.throws(() => mergeResults([shard(2)]), /shard 1\/3, 3\/3 is missing/);
  const again = shardAt(1, { index: 1, count: 3 }, [5]);
  assert.throws(
    () => mergeResults([shard(1), shard(2), shard(3), again], ['a', 'b', 'c', 'd']),
    (error: UserError) => error.message.includes('came twice: 1/3 (a) and 1/3 (d)'),
  );
});

test('shards of unlike loads are refused, with what differs; where the same prompts lie on each machine is no difference', () => {
  const of = (index: number, { seed = 1, prompts = '/a/prompts.jsonl', rate = 10 } = {}) =>
    shardAt(0, { index, count: 2 }, [index], {
      config: {
        resolved: { scenario: { name: 'chat', seed, load: { rate, file: prompts }, request: { prompts, sharegpt: { file: prompts } } } },
        sha256: `${seed} ${prompts} ${rate}`,
      },
    });
  const merging = (other: Parameters<typeof of>[1]) => () => mergeResults([of(1), of(2, other)], ['a.json', 'b.json']);
  const says = (text: string) => (error: UserError) => error instanceof UserError && error.message.includes(text);
  assert.throws(merging({ seed: 2 }), says('1/2 (a.json) and 2/2 (b.json) are no parts of one load; what differs: config scenario.seed: 1 -> 2'));
  assert.throws(merging({ rate: 20 }), says('config scenario.load.rate: 10 -> 20'));
  assert.throws(merging({ prompts: '/a/others.jsonl' }), says('prompts.jsonl -> others.jsonl'));
  assert.equal(merging({ prompts: '/home/b/prompts.jsonl' })().results.total_requests, 2);
});

test('shards that were not measured at the same time are told, and are no baseline where the service never had the whole load', () => {
  const checked = (seconds: number) => {
    const merged = mergeResults([shardAt(0, { index: 1, count: 2 }, [1]), shardAt(seconds, { index: 2, count: 2 }, [2])], ['a.json', 'b.json']);
    const { ok, severity, detail } = merged.validity.checks.find(({ name }) => name === 'shards_together')!;
    return { ok, severity, detail, valid: merged.validity.valid, admissible: merged.admissible };
  };
  assert.deepEqual([checked(0).ok, checked(0.5).ok], [true, true]);
  const brief = (index: number, second: number, requests: number[]) =>
    shardAt(second, { index, count: 3 }, requests, { results: { total_requests: requests.length, duration_seconds: 0.01 } });
  const said = mergeResults([brief(1, 0, [1]), brief(2, 0.1, [1]), brief(3, 50, [])]).validity.checks;
  assert.deepEqual(
    said.map(({ name, ok }) => [name, ok]),
    [['shards_together', true]],
    'a few milliseconds, and a machine without requests, are no load apart',
  );
  const [late, apart] = [checked(3), checked(100)];
  assert.deepEqual([late.ok, late.severity, late.valid], [false, 'advice', true]);
  assert.deepEqual([apart.ok, apart.severity, apart.valid, apart.admissible], [false, 'advice', true, false]);
  assert.match(apart.detail, /shard 2\/2 \(b\.json\) began 100\.0 s after 1\/2 \(a\.json\): 0% /);
});

test('what the checks of the shards say names the shard, and the number of latencies is that of all', () => {
  const checks = (...found: [name: string, ok: boolean, detail: string, severity?: string][]) => ({
    validity: { valid: true, checks: found.map(([name, ok, detail, severity = 'advice']) => ({ name, ok, severity, detail })) },
  });
  const few = ['p99_samples', false, '400 latencies; a p99 of fewer than 662 is a rough one'] as const;
  const shard = (index: number, dropped: string, cpu: string) =>
    shardAt(0, { index, count: 3 }, [index], {
      results: { total_requests: 400, successful: 400 },
      ...checks(['dropped_arrivals', dropped === '', dropped === '' ? 'no arrival was dropped' : dropped], ['client_cpu', true, cpu], [...few]),
    });
  const merged = mergeResults(
    [shard(1, '3 of 9 arrivals were dropped', 'busy 5%'), shard(2, '', 'busy 5%'), shard(3, '4 of 9 arrivals were dropped', 'busy 7%')],
    ['a.json', 'b.json', 'c.json'],
  );
  const said = new Map(merged.validity.checks.map(({ name, ok, detail }) => [name, [ok, detail]]));
  assert.deepEqual(said.get('dropped_arrivals'), [false, 'a.json: 3 of 9 arrivals were dropped; c.json: 4 of 9 arrivals were dropped']);
  assert.deepEqual(said.get('client_cpu'), [true, 'a.json, b.json, each: busy 5%; c.json: busy 7%']);
  assert.deepEqual(said.get('p99_samples'), [true, '1200 latencies']);
});

test('a machine that no request fell to, or whose requests all failed, takes no figure away from the others', () => {
  const busy = { input_tokens: 30, output_tokens: 10, mean_request_tokens_per_sec: 5, spike_rate_percent: 0 };
  const none = { successful: 0, input_tokens: null, output_tokens: null, mean_request_tokens_per_sec: null, spike_rate_percent: null };
  const first = shardAt(0, { index: 1, count: 2 }, [10, 20], { results: busy, admissible: true });
  const merge = (results: Record<string, unknown>) =>
    mergeResults([first, shardAt(0, { index: 2, count: 2 }, [], { results: { ...none, ...results }, admissible: false })]);
  const idle = merge({ total_requests: 0, duration_seconds: 0, throughput: { tokens_per_sec: null, requests_per_sec: null } });
  const { total_requests, duration_seconds, throughput, input_tokens, output_tokens } = idle.results;
  assert.deepEqual([total_requests, duration_seconds, input_tokens, output_tokens], [2, 10, 30, 10]);
  assert.deepEqual([throughput.tokens_per_sec, throughput.requests_per_sec, idle.admissible], [100, 0.2, true]);
  const failing = merge({ total_requests: 4, failed: 4, throughput: { tokens_per_sec: null, requests_per_sec: 0.4 } });
  assert.deepEqual([failing.results.output_tokens, failing.results.throughput.tokens_per_sec, failing.admissible], [10, 100, false]);
  assert.ok(Math.abs((failing.results.throughput.requests_per_sec ?? 0) - 0.6) < 1e-9);
});

test('two runs of a divided load stand side by side, each of all its shards', () => {
  const run = (second: number) => [1, 2].map((index) => shardAt(second, { index, count: 2 }, [second + index, second + 2 * index]));
  const merged = mergeResults([...run(0), ...run(100)]);
  assert.deepEqual([merged.runs.length, merged.results.total_requests, merged.results.concurrency], [2, 8, 4]);
  assert.throws(() => mergeResults([...run(0), run(100)[0]!]), /shard 2\/2 is missing/);
});

test('results under unlike definitions are not added', () => {
  const vllm = { results: { compat: 'vllm' } };
  assert.throws(
    () => mergeResults([shardAt(0, null, [1], vllm), shardAt(100, null, [2])], ['a.json', 'b.json']),
    (error: UserError) => error.message.includes('a.json is by vllm, b.json by our own'),
  );
  assert.equal(mergeResults([shardAt(0, null, [1], vllm), shardAt(100, null, [2], vllm)]).results.compat, 'vllm');
});

test('what budgets of their own the machines used adds up', () => {
  const budget = (used: number) => ({
    budget: {
      max_total_tokens: 1000,
      max_cost: null,
      currency: null,
      used_tokens: used,
      used_cost: null,
      exhausted: used > 900,
      refused_tokens: used > 900 ? 70 : null,
    },
  });
  const merged = mergeResults([shardAt(0, { index: 1, count: 2 }, [1], budget(950)), shardAt(0, { index: 2, count: 2 }, [2], budget(300))]);
  assert.deepEqual(merged['budget'], {
    max_total_tokens: 2000,
    max_cost: null,
    currency: null,
    used_tokens: 1250,
    used_cost: null,
    exhausted: true,
    refused_tokens: 70,
  });
});

test('the client of several machines can take on each thread what the weakest can', () => {
  const client = (tokens: number, requests: number | null) => ({
    client: { cpu_seconds: 1, workers: 1, ceiling: { tokens_per_sec: tokens, requests_per_sec: requests } },
  });
  const merged = mergeResults([shardAt(0, { index: 1, count: 2 }, [1], client(900, 50)), shardAt(0, { index: 2, count: 2 }, [2], client(700, null))]);
  assert.deepEqual(merged.client.ceiling, { tokens_per_sec: 700, requests_per_sec: null });
  assert.deepEqual([merged.client.workers, merged.client.cpu_seconds], [2, 2]);
});

test('the error rate of shards is of all requests, also where all failed, or a shard had none', () => {
  const rate = (successful: number, failed: number) => (successful + failed === 0 ? null : (100 * failed) / (successful + failed));
  const series = (id: string, successful: number, failed: number) => ({
    id,
    requests: { successful, failed },
    metrics: { error_rate: { unit: '%', better: 'lower', value: rate(successful, failed) } },
  });
  const shard = (index: number, second: number, all: ReturnType<typeof series>[]) =>
    shardAt(second, { index, count: 2 }, [], { series: all, results: { total_requests: 0, successful: 0 } });
  const counts = fc.tuple(fc.nat(50), fc.nat(50));
  fc.assert(
    fc.property(fc.tuple(counts, counts, counts, counts), ([a, b, c, d]) => {
      const merged = mergeResults([
        shard(1, 0, [series('x/concurrency=2', ...a), series('x/concurrency=4', ...b)]),
        shard(2, 0, [series('x/concurrency=2', ...c), series('x/concurrency=4', ...d)]),
      ]);
      for (const [index, [one, other]] of [[a, c] as const, [b, d] as const].entries()) {
        const { requests, metrics } = merged.series[index]!;
        const expected = rate(one[0] + other[0], one[1] + other[1]);
        const { value, note } = metrics['error_rate'] as { value: number | null; note?: string };
        assert.deepEqual([requests, note], [{ successful: one[0] + other[0], failed: one[1] + other[1] }, undefined]);
        if (expected === null) assert.equal(value, null);
        else assert.ok(Math.abs((value ?? -1) - expected) < 1e-9, `${value}, expected ${expected}`);
      }
    }),
  );
  const alone = mergeResults([shard(1, 0, [series('x', 0, 30)]), shard(2, 0, [series('x', 0, 0)])]);
  assert.equal((alone.series[0]!.metrics['error_rate'] as { value: number | null }).value, 100);
});
