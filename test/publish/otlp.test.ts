import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { parsePrometheus } from '../../src/observe/prometheus-text.ts';
import { serveMetrics } from '../../src/publish/metrics-server.ts';
import { addressOf, pushOtlp } from '../../src/publish/otlp.ts';
import type { Family } from '../../src/report/exposition/exposition.ts';

const families: Family[] = [
  { name: 'llm_bench_requests', type: 'counter', help: 'requests', values: [{ labels: { series: 'a' }, value: 7 }] },
  { name: 'llm_bench_requests_in_flight', type: 'gauge', help: 'in flight', values: [{ labels: {}, value: 2 }] },
  {
    name: 'llm_bench_request_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'latency',
    histograms: [{ labels: { series: 'a' }, bounds: [0.1, 1], counts: [3, 2, 1], sum: 4.5, count: 6 }],
  },
];

interface Point {
  asDouble?: number;
  asInt?: number;
  attributes: { key: string; value: { stringValue?: string } }[];
  bucketCounts?: number[];
  explicitBounds?: number[];
  sum?: number;
  count?: number;
}
interface Pushed {
  resourceMetrics: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeMetrics: {
      metrics: {
        name: string;
        unit: string;
        sum?: { isMonotonic: boolean; aggregationTemporality: number; dataPoints: Point[] };
        gauge?: { dataPoints: Point[] };
        histogram?: { dataPoints: Point[] };
      }[];
    }[];
  }[];
}

/** A collector that keeps what it is sent. */
async function collector(status = 200) {
  const pushed: { path: string; body: Pushed }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    pushed.push({ path: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString()) as Pushed });
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pushed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('a collector is sent counters, gauges and histograms, under the name of this program', async () => {
  await using there = await collector();
  const pusher = pushOtlp(there.url, '1.2.3', () => families);
  assert.equal(await pusher.close(), null);
  const last = there.pushed.at(-1);
  assert.equal(last?.path, '/v1/metrics');
  const [resource] = last?.body.resourceMetrics ?? [];
  assert.equal(resource?.resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue, 'llm-bench');
  const metrics = new Map(resource?.scopeMetrics.flatMap((scope) => scope.metrics).map((one) => [one.name, one]));
  const sum = metrics.get('llm_bench_requests')?.sum;
  assert.deepEqual([sum?.isMonotonic, sum?.aggregationTemporality, sum?.dataPoints[0]?.asDouble], [true, 2, 7]);
  assert.deepEqual(sum?.dataPoints[0]?.attributes, [{ key: 'series', value: { stringValue: 'a' } }]);
  assert.equal(metrics.get('llm_bench_requests_in_flight')?.gauge?.dataPoints[0]?.asDouble, 2);
  const times = metrics.get('llm_bench_request_duration_seconds');
  assert.equal(times?.unit, 's');
  const [point] = times?.histogram?.dataPoints ?? [];
  assert.deepEqual([point?.explicitBounds, point?.bucketCounts?.map(Number), point?.sum, Number(point?.count)], [[0.1, 1], [3, 2, 1], 4.5, 6]);
});

test('a collector that refuses is told of once, and nothing is thrown', async () => {
  await using there = await collector(400);
  const said = await pushOtlp(`${there.url}/own/path`, '1', () => families).close();
  assert.equal(there.pushed[0]?.path, '/own/path');
  assert.match(said ?? '', /^OTLP: \d+ of \d+ pushes failed: ./);
});

test('the path of a collector is its own where it has one', () => {
  assert.equal(addressOf('http://host:4318'), 'http://host:4318/v1/metrics');
  assert.equal(addressOf('https://host/otlp/v1/metrics'), 'https://host/otlp/v1/metrics');
});

test('live metrics are served at /metrics, and nowhere else', async () => {
  let reads = 0;
  const server = await serveMetrics(0, () => `a_total ${++reads}\n`);
  try {
    const response = await fetch(server.url);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.deepEqual(parsePrometheus(await response.text()), [{ name: 'a_total', labels: {}, value: 1 }]);
    assert.deepEqual(parsePrometheus(await (await fetch(server.url)).text())[0]?.value, 2);
    assert.equal((await fetch(new URL('/', server.url))).status, 404);
    assert.equal((await fetch(server.url, { method: 'POST' })).status, 405);
    const { port } = new URL(server.url);
    await assert.rejects(
      serveMetrics(Number(port), () => ''),
      /something else listens there/,
    );
  } finally {
    await server.close();
  }
  await assert.rejects(fetch(server.url));
});
