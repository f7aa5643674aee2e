import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { ProbeReport } from '../../src/jobs/probe/server.ts';
import { startMock } from '../../src/mock/server.ts';
import { told, Workspace } from './harness.ts';

const named = (report: ProbeReport) => Object.fromEntries(report.findings.map((finding) => [finding.name, finding]));

test('the embedded engine is found to be there, to complete and to stream, and told by name', async () => {
  await using workspace = await Workspace.open();
  const engine = await startMock({ logEvery: 0, models: ['some/model', 'other'] });
  try {
    const text = await workspace.run(['probe', engine.url, 'some/model']);
    assert.equal(text.code, 0, told(text));
    assert.match(text.stdout, /✓ Models: +some\/model is listed \(of 2\)/);
    assert.match(text.stdout, /✓ Streaming: +first token after \d+ ms/);
    assert.match(text.stdout, /Server: +it is the embedded engine of llm-bench/);
    const json = await workspace.run(['probe', `${engine.url}/v1`, '--model', 'none', '--json']);
    assert.equal(json.code, 0, told(json));
    const findings = named(JSON.parse(json.stdout) as ProbeReport);
    assert.equal(findings['health']?.ok, true, 'beside the API, not below it');
    assert.equal(findings['models']?.ok, false);
    assert.match(findings['models']?.detail ?? '', /none is not listed; it lists some\/model, other/);
  } finally {
    await engine.close();
  }
});

test('the key is sent, and never shown', async () => {
  await using workspace = await Workspace.open();
  const engine = await startMock({ logEvery: 0, apiKey: 'sk-very-secret' });
  try {
    const without = await workspace.run(['probe', engine.url]);
    assert.equal(without.code, 4, told(without));
    assert.match(without.stdout, /✗ Completion: +status 401/);
    const withKey = await workspace.run(['probe', engine.url, '--api-key-env', 'MY_KEY'], { MY_KEY: 'sk-very-secret' });
    assert.equal(withKey.code, 0, told(withKey));
    assert.doesNotMatch(withKey.stdout + withKey.stderr, /sk-very-secret/);
  } finally {
    await engine.close();
  }
});

test('a web server that is no engine, and nothing at all: exit 4 with what was found', async () => {
  await using workspace = await Workspace.open();
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><h1>Hello</h1>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const finished = await workspace.run(['probe', `http://127.0.0.1:${port}`]);
    assert.equal(finished.code, 4, told(finished));
    assert.match(finished.stdout, /✗ Completion: +expected \{"choices": .* found <!doctype html>/);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  const nobody = await workspace.run(['probe', `http://127.0.0.1:${port}`]);
  assert.equal(nobody.code, 4, told(nobody));
  assert.match(nobody.stdout, /connection refused: nothing listens there/);
  const nothing = await workspace.run(['probe']);
  assert.equal(nothing.code, 2, told(nothing));
});
