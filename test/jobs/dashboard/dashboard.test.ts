import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type DashboardOptions, dashboard } from '../../../src/jobs/dashboard/dashboard.ts';
import type { DashboardState } from '../../../src/publish/dashboard/state.ts';
import { until } from '../../cli/harness.ts';
import { Projects } from '../project.ts';

const projects = new Projects();
after(() => projects.close());

const quiet = 'observe: { gpu: false, energy: false }\n';

/** A dashboard on a free port, in this process, as long as `during` takes. */
async function serving(
  files: Record<string, string>,
  changes: Partial<DashboardOptions>,
  during: (url: string, root: string) => Promise<void>,
): Promise<{ code: number; out: string }> {
  const stop = new AbortController();
  const measured = await projects.open({ 'llm-bench.yaml': quiet, ...files }, []);
  let out = '';
  const going = dashboard({
    ...measured,
    signal: stop.signal,
    selftest: false,
    place: { host: '127.0.0.1', port: 0, token: null },
    intervalMs: 100,
    baselineFile: null,
    resultsFolder: 'results',
    monitorOnly: null,
    users: 2,
    spawnRate: null,
    maxUsers: 50,
    print: {
      out(text) {
        out += text;
      },
      err: () => {},
    },
    ...changes,
  });
  try {
    await Promise.race([until('the address', () => out.includes('http://')), going]);
    await during(/http:\/\/\S+/.exec(out)?.[0] ?? '', measured.config.root);
  } finally {
    stop.abort('interrupted');
  }
  return { code: await going, out };
}

const stateOf = async (url: string): Promise<DashboardState> => (await (await fetch(`${url}api/state`)).json()) as DashboardState;

async function order(
  url: string,
  body: unknown,
  headers: Record<string, string> = { 'x-llm-bench': '1' },
): Promise<{ status: number; error?: string }> {
  const response = await fetch(`${url}api/load`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, ...((await response.json()) as { error?: string }) };
}

const lastOf = (state: DashboardState, key: string): number | null => state.columns.values[key]?.at(-1) ?? null;

test('a load is started, changed and stopped from the page, and its result is kept', async () => {
  const { code } = await serving({}, {}, async (url, root) => {
    await until('ready', async () => (await stateOf(url)).head.phase === 'ready');
    assert.match((await order(url, { action: 'users', users: 3 })).error ?? '', /no load is running/);
    assert.match((await order(url, { action: 'start', users: 51 })).error ?? '', /at most 50/);
    assert.equal((await order(url, { action: 'start', users: 2 })).status, 200);
    await until('requests', async () => (lastOf(await stateOf(url), 'requests_per_sec') ?? 0) > 0);
    assert.match((await order(url, { action: 'start', users: 2 })).error ?? '', /a load is running/);
    assert.equal((await order(url, { action: 'users', users: 7, spawn_rate: 20 })).status, 200);
    await until('seven in flight', async () => lastOf(await stateOf(url), 'in_flight') === 7);
    const { head, metrics, columns } = await stateOf(url);
    assert.deepEqual(head.control, { users: 7, wanted: 7, spawn_rate: 20, max_users: 50 });
    assert.equal(metrics['service_memory_mb']?.unit, 'MB');
    assert.ok((columns.values['tokens_per_sec']?.at(-1) ?? 0) > 0 && (columns.values['ttft_ms.p50']?.at(-1) ?? 0) > 0);
    assert.equal((await order(url, { action: 'stop' })).status, 200);
    await until('ended', async () => (await stateOf(url)).head.phase === 'ended');
    const results = (await readdir(join(root, 'results'))).filter((name) => name.endsWith('.json'));
    assert.equal(results.length, 1);
    const trend = (await (await fetch(`${url}api/trend`)).json()) as { results: unknown[] };
    assert.equal(trend.results.length, 1);
    assert.equal((await order(url, { action: 'start', users: 1 })).status, 200, 'another load');
  });
  assert.equal(code, 0);
});

test('a service is watched under no load, with a request now and then', async () => {
  await serving({}, { monitorOnly: { probeIntervalMs: 100 } }, async (url) => {
    await until('probes', async () => (lastOf(await stateOf(url), 'ttft_ms.p95') ?? 0) > 0);
    const state = await stateOf(url);
    assert.equal(state.head.mode, 'monitor');
    assert.equal(state.head.control, null);
    assert.equal(lastOf(state, 'error_rate'), 0);
    assert.ok('server_requests_running' in state.columns.values);
    assert.equal((await order(url, { action: 'start', users: 1 })).status, 409);
  });
});

test('samples outlive the dashboard, and are exported while it runs', async () => {
  const folder = await projects.open({ 'llm-bench.yaml': quiet }, []);
  const within = { config: folder.config } as Partial<DashboardOptions>;
  await serving({}, within, async (url) => until('samples', async () => (await stateOf(url)).columns.t.length > 3));
  await serving({}, within, async (url) => {
    const state = await stateOf(url);
    assert.ok(state.columns.t.length > 3, 'those of before');
    const csv = await fetch(`${url}api/export?format=csv`);
    assert.match(csv.headers.get('content-disposition') ?? '', /attachment/);
    assert.match(await csv.text(), /^time,requests_per_sec,/);
    const json = (await (await fetch(`${url}api/export?format=json`)).json()) as { samples: { time: string }[]; alerts: unknown[] };
    assert.ok(json.samples.length > 3 && !Number.isNaN(Date.parse(json.samples[0]?.time ?? '')));
  });
});

test('a service that ends by itself is an alert, and the exit code says so', async () => {
  const command = `node -e "const s=require('http').createServer((q,r)=>r.end('ok')).listen(process.env.PORT);setTimeout(()=>process.exit(3),1500)"`;
  const yaml = `${quiet}target: { name: short, command: ${JSON.stringify(command)}, ready: { url: / }, base_url: "http://127.0.0.1:\${PORT}" }\n`;
  const { code } = await serving({ 'llm-bench.yaml': yaml }, {}, async (url) => {
    await until('crash', async () => (await stateOf(url)).head.phase === 'crashed');
    await until('alert', async () => (await stateOf(url)).alerts.length > 0);
    const [alert] = (await stateOf(url)).alerts;
    assert.equal(alert?.category, 'stability');
    assert.equal(alert.title, 'the service is down');
    assert.match((await order(url, { action: 'start', users: 1 })).error ?? '', /down/);
  });
  assert.equal(code, 4);
});
