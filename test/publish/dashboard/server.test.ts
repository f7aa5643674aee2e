import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DashboardServer, type LoadOrder, parseOrder } from '../../../src/publish/dashboard/server.ts';
import { MonitoringStore } from '../../../src/publish/dashboard/store.ts';
import { until } from '../../cli/harness.ts';

const token = 'a-token-of-some-length';

async function open(t: TestContext, changes: { token?: string; folder?: string } = {}): Promise<{ server: DashboardServer; orders: LoadOrder[] }> {
  const orders: LoadOrder[] = [];
  const server = await DashboardServer.open({
    host: '127.0.0.1',
    port: 0,
    token: changes.token ?? null,
    source: {
      state: () => ({ secret: 'figures' }),
      trend: async () => ({ results: [] }),
      monitoringFolder: changes.folder ?? null,
      order(order) {
        orders.push(order);
        return null;
      },
    },
  });
  t.after(() => server.close());
  return { server, orders };
}

/** fetch may set neither Host nor Origin. */
function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<IncomingMessage & { text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: options.method ?? 'GET', headers: options.headers ?? {} }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(Object.assign(response, { text })));
    });
    asked.on('error', reject);
    asked.end(options.body);
  });
}

test('the page asks nothing of others, and runs nothing but what it came with', async (t) => {
  const { server } = await open(t);
  const { headers, text, statusCode } = await ask(server.url, {});
  assert.equal(statusCode, 200);
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.doesNotMatch(text, /(?:src|href)="https?:/);
  assert.equal(headers['access-control-allow-origin'], undefined);
  assert.equal(headers['x-content-type-options'], 'nosniff');
});

test('a name that was bound anew to this machine is refused; so are orders of other sites', async (t) => {
  const { server, orders } = await open(t);
  const { host } = new URL(server.url);
  const port = host.split(':')[1];
  const statusOf = async (path: string, options: Parameters<typeof ask>[1]) => (await ask(`${server.url}${path}`, options)).statusCode;
  assert.equal(await statusOf('api/state', { headers: { host: 'evil.example' } }), 421);
  assert.equal(await statusOf('api/state', { headers: { host: `localhost:${port}` } }), 200);
  const body = JSON.stringify({ action: 'start', users: 3 });
  assert.equal(await statusOf('api/load', { method: 'POST', body }), 403, 'a form of another site');
  const own = { 'x-llm-bench': '1' };
  assert.equal(await statusOf('api/load', { method: 'POST', body, headers: { ...own, origin: 'http://evil.example' } }), 403);
  assert.equal(
    await statusOf('api/load', { method: 'POST', body, headers: { ...own, origin: `http://127.0.0.1:1` } }),
    403,
    'another port is another site',
  );
  assert.equal(await statusOf('api/load', { method: 'POST', body, headers: { ...own, 'sec-fetch-site': 'cross-site' } }), 403);
  assert.equal(await statusOf('api/load', { method: 'OPTIONS', headers: { origin: 'http://evil.example' } }), 403);
  assert.deepEqual(orders, []);
  assert.equal(await statusOf('api/load', { method: 'POST', body, headers: { ...own, origin: `http://${host}` } }), 200);
  assert.equal(await statusOf('api/load', { method: 'POST', body: 'x'.repeat(5000), headers: own }), 400);
  assert.deepEqual(orders, [{ action: 'start', users: 3, spawn_rate: null }]);
});

test('where a token is needed, nothing is told without it', async (t) => {
  const { server } = await open(t, { token });
  const statusOf = async (path: string, headers: Record<string, string> = {}) => (await ask(`${server.url}${path}`, { headers })).statusCode;
  for (const path of ['', 'events', 'api/state', 'api/trend', 'api/export', `?token=${token}x`, 'api/state?token=x'])
    assert.equal(await statusOf(path), 401, path);
  assert.equal(await statusOf('api/state', { authorization: `Bearer ${token}x` }), 401);
  assert.equal(await statusOf('api/state', { authorization: `Bearer ${token}` }), 200);
  const entered = await ask(server.link, {});
  assert.equal(entered.statusCode, 303);
  const cookie = String(entered.headers['set-cookie']);
  assert.match(cookie, /HttpOnly; SameSite=Strict/);
  assert.equal(await statusOf('', { cookie: cookie.split(';')[0] as string }), 200);
  await assert.rejects(DashboardServer.open({ host: '0.0.0.0', port: 0, token: null, source: {} as never }), /needs a token/);
});

test('a port that is taken is told with what to do', async (t) => {
  const { server } = await open(t);
  const port = Number(new URL(server.url).port);
  await assert.rejects(DashboardServer.open({ host: '127.0.0.1', port, token: null, source: {} as never }), { name: 'UserError', hint: /--port/ });
});

test('a viewer who does not read is skipped, told so, and holds nobody up', async (t) => {
  const { server } = await open(t);
  const read: string[] = [];
  const viewer = (reads: boolean) =>
    new Promise<IncomingMessage>((resolve) => {
      request(`${server.url}events`, (response) => {
        if (reads) response.setEncoding('utf8').on('data', (text: string) => read.push(text));
        else response.pause();
        resolve(response);
      })
        .on('error', () => {})
        .end();
    });
  await viewer(true);
  const slow = await viewer(false);
  const text = 'x'.repeat(50_000);
  for (let sent = 0; sent < 400; sent++) {
    server.viewers.send('sample', { sent, text });
    if (sent % 4 === 0) await new Promise((wake) => setImmediate(wake));
  }
  server.viewers.send('sample', 'last');
  await until('the last update', () => read.join('').includes('"last"'));
  let late = '';
  slow.setEncoding('utf8').on('data', (part: string) => {
    late += part;
  });
  slow.resume();
  await until('word of what was skipped', () => {
    server.viewers.send('sample', 'more');
    return /event: skipped\ndata: [1-9]/.test(late);
  });
  assert.ok(late.length < 400 * text.length, 'not everything was kept for it');
});

test('what was kept is exported in bounded files, whatever else lies there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-monitoring-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const store = await MonitoringStore.open(folder, { fileBytes: 2000, files: 3 });
  for (let t = 0; t < 400; t++) {
    store.add({ kind: 'sample', t: t * 1000, values: { cpu: t, ...(t > 200 ? { gpu: 1 } : {}) } });
    if (t % 20 === 0) await new Promise((wake) => setTimeout(wake, 5));
  }
  await store.close();
  assert.equal(store.dropped, 0);
  const { readdir, appendFile, writeFile } = await import('node:fs/promises');
  const names = (await readdir(folder)).sort();
  assert.equal(names.length, 3);
  await appendFile(join(folder, names[2] as string), '{"kind":"sample","t":1,"val');
  await writeFile(join(folder, 'notes.txt'), 'mine');
  const { server } = await open(t, { folder });
  const csv = (await ask(`${server.url}api/export`, {})).text.trim().split('\r\n');
  assert.equal(csv[0], 'time,cpu,gpu');
  assert.equal(csv.at(-1), '1970-01-01T00:06:39.000Z,399,1');
  assert.ok(csv.length < 400, 'the oldest went');
  const json = JSON.parse((await ask(`${server.url}api/export?format=json`, {})).text) as { samples: unknown[] };
  assert.equal(json.samples.length, csv.length - 1);
  assert.equal((await ask(`${server.url}api/export?format=exe`, {})).statusCode, 400);
});

test('orders are read strictly', () => {
  assert.deepEqual(parseOrder('{"action":"users","users":5,"spawn_rate":0.5}'), { action: 'users', users: 5, spawn_rate: 0.5 });
  assert.deepEqual(parseOrder('{"action":"stop"}'), { action: 'stop' });
  for (const text of [
    '',
    'null',
    '[]',
    '{}',
    '{"action":"x"}',
    '{"action":"start","users":1.5}',
    '{"action":"start","users":"5"}',
    '{"action":"start","users":1,"spawn_rate":0}',
  ])
    assert.equal(typeof parseOrder(text), 'string', text);
});
