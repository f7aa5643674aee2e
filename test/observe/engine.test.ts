import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEngine } from '../../src/observe/engine.ts';
import { listen, sendJson } from '../fakes/http.ts';

async function engine(status: number, body: unknown, headers: Record<string, string> = {}, path = '/v1'): Promise<string | null> {
  const seen: string[] = [];
  const server = await listen(async (request, response) => {
    seen.push(`${request.url} ${request.headers.authorization}`);
    sendJson(response, status, body, headers);
  });
  try {
    const found = await readEngine(server.url + path, { authorization: 'Bearer x' });
    assert.deepEqual(seen, ['/version Bearer x'], 'one request');
    return found;
  } finally {
    await server.close();
  }
}

test('the version that it tells, with the name of its server where that says anything', async () => {
  assert.equal(await engine(200, { version: '0.11.2' }, { server: 'uvicorn' }), '0.11.2');
  assert.equal(await engine(200, { version: '1.0' }, { server: 'llama.cpp' }), 'llama.cpp 1.0');
  assert.equal(await engine(404, { error: 'not found' }, { server: 'llama.cpp' }), 'llama.cpp');
});

test('nothing where it tells nothing, or nonsense', async () => {
  for (const [status, body] of [
    [404, {}],
    [500, {}],
    [200, []],
    [200, null],
    [200, 'x'],
    [200, { version: 5 }],
    [200, { version: 'a b' }],
    [200, { version: 'x'.repeat(100) }],
    [200, { version: '1', padding: 'x'.repeat(100_000) }],
  ] as const)
    assert.equal(await engine(status, body, { server: 'nginx/1.2' }), null, JSON.stringify(body)?.slice(0, 40));
});

test('no server, no address: null, not an error', async () => {
  const server = await listen(async () => undefined);
  await server.close();
  assert.equal(await readEngine(server.url), null);
  assert.equal(await readEngine('no address'), null);
});

test('a redirect is not followed: the key would go elsewhere', async () => {
  assert.equal(await engine(302, {}, { location: 'http://127.0.0.1:1/' }), null);
});

test('one that never answers is given up', async () => {
  const server = await listen(() => new Promise(() => undefined));
  try {
    assert.equal(await readEngine(server.url), null);
  } finally {
    await server.close();
  }
});
