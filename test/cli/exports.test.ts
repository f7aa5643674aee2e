import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type MetricSample, parsePrometheus } from '../../src/observe/prometheus-text.ts';
import { chatServer, told, until, Workspace } from './harness.ts';

test('a run is scraped while it goes on, written as OpenMetrics, and pushed to a collector', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({ tokens: 4, tokenMs: 20 });
  const bodies: string[] = [];
  const collector = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(Buffer.concat(chunks).toString());
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  try {
    const otlp = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const args = ['run', '--base-url', server.url, '--model', 'm', '-n', '100000', '-c', '2', '--prometheus-port', '0', '--openmetrics', 'out/m.txt'];
    const started = workspace.start([...args, '--otlp', otlp]);
    let url: string | undefined;
    await until('the address is told', () => {
      url = /Prometheus metrics at (\S+)/.exec(started.stderr())?.[1];
      return url !== undefined;
    });
    let page: MetricSample[] = [];
    const got = (name: string) => page.find((one) => one.name === name)?.value ?? 0;
    await until('answers are counted', async () => {
      page = parsePrometheus(await (await fetch(url as string)).text());
      return got('llm_bench_request_duration_seconds_count') > 5;
    });
    assert.ok(got('llm_bench_requests_total') > 5);
    assert.equal(got('llm_bench_output_tokens_total') % 4, 0);
    assert.ok(got('llm_bench_time_to_first_token_seconds_count') > 5);
    assert.ok(page.some(({ name }) => name === 'llm_bench_machine_cpu_percent' || name.startsWith('llm_bench_client_')));
    started.child.kill('SIGINT');
    const finished = await started.done;
    assert.equal(finished.code, 130, told(finished));
    const document = await workspace.result();
    const written = parsePrometheus(await readFile(workspace.file('out', 'm.txt'), 'utf8'));
    const p95 = written.find(({ name, labels }) => name === 'llm_bench_result_latency_seconds' && labels['stat'] === 'p95');
    assert.equal(p95?.value, document.results.latency_s?.p95);
    const last = bodies.at(-1) ?? '';
    assert.match(last, /"llm_bench_request_duration_seconds"/);
    assert.match(last, /"llm_bench_result_latency_seconds"/);
  } finally {
    collector.closeAllConnections();
    collector.close();
  }
});

test('exports that cannot be are refused before anything is sent', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  const run = ['run', '--base-url', server.url, '-n', '1'];
  const port = new URL(server.url).port;
  for (const [args, words] of [
    [['--prometheus-port', port], /something else listens there/],
    [['--prometheus-port', 'many'], /expected a port from 0 to 65535/],
    [['--otlp'], /expected the address of a collector, found none/],
    [['--otlp', 'collector:4318'], /expected an address such as http:\/\/127\.0\.0\.1:4318/],
  ] as const) {
    const finished = await workspace.run([...run, ...args]);
    assert.equal(finished.code, 2, told(finished));
    assert.match(finished.stderr, words);
  }
  assert.equal(server.seen.length, 0);
});

test('a collector that is not there costs a warning and no measurement', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  const finished = await workspace.run(['run', '--base-url', server.url, '-n', '5', '--otlp'], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  assert.equal(finished.code, 0, told(finished));
  assert.match(finished.stderr, /warning: OTLP: \d+ of \d+ pushes failed/);
  assert.equal((await workspace.result()).results.successful, 5);
});
