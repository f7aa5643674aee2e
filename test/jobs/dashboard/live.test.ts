import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scenario } from '../../../src/config/scenario/scenario.ts';
import { Live, type LiveOptions } from '../../../src/jobs/dashboard/live.ts';
import type { DashboardState } from '../../../src/publish/dashboard/state.ts';
import type { ResultDocument } from '../../../src/result/document.ts';

const part = (label: string, targets: Scenario['targets'], request = {}) =>
  ({ name: `group/part=${label}`, part: { of: 'group', labels: { part: label } }, targets, request }) as unknown as Scenario;

const series = (id: string, p95: number) => ({
  id,
  labels: { scenario: 'group' },
  metrics: { latency_s: { unit: 's', better: 'lower', count: 99, mean: p95, min: p95, p50: p95, p90: p95, p95, p99: p95, max: p95, stddev: 0 } },
});

test('of a scenario of several parts the page shows the targets, and the baseline, of the part that runs', async () => {
  const live = await Live.open({
    config: {
      thresholds: { series: {} },
      alerts: { webhook_env: null, categories: [], cool_down: 60, sustained: 10 },
      scenarios: [part('chat', { ttft_ms: 5, memory_percent: 90 }), part('search', { retrieval_ms: 20, memory_percent: 90 }, { retrieval: {} })],
    } as unknown as LiveOptions['config'],
    env: {},
    place: { host: '127.0.0.1', port: 0, token: null },
    mode: 'run',
    target: 'service',
    scenario: 'group',
    intervalMs: 3_600_000,
    windowMs: 10_000,
    monitoringFolder: null,
    resultsFolder: '/nowhere',
    baseline: {
      name: 'before.json',
      document: { series: [series('group/part=chat/concurrency=2', 4), series('group/part=other', 9)], results: {} } as unknown as ResultDocument,
    },
    order: null,
    warn: assert.fail,
  });
  const shown = async () => {
    live.record({ latencyMs: 8, ttftMs: 2, outputTokens: 3, error: null });
    live.tick(Date.now());
    const { status } = (await (await fetch(`${live.link}api/state`)).json()) as DashboardState;
    return {
      targets: Object.fromEntries(status.flatMap(({ key, lines }) => lines.filter(({ kind }) => kind === 'target').map(({ value }) => [key, value]))),
      latency: status.find(({ key }) => key === 'latency_s.p95')?.baseline ?? null,
    };
  };
  try {
    assert.deepEqual((await shown()).targets, { 'ttft_ms.p50': 5 }, 'before it began: of the part that comes first');
    live.begin('group/part=chat', 2);
    assert.deepEqual(await shown(), { targets: { 'ttft_ms.p50': 5 }, latency: 4 });
    live.begin('group/part=search', 2);
    assert.deepEqual(await shown(), { targets: { 'latency_s.p95': 0.02 }, latency: null }, 'a search is not held against chats');
  } finally {
    await live.close();
  }
});
