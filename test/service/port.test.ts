import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { UserError } from '../../src/config/errors.ts';
import { accepts, freePort, planPort, resolveBaseUrl } from '../../src/service/port.ts';
import { target } from './support.ts';

const lookup = (name: string): string | undefined => (name === 'HOST' ? 'example.test' : undefined);
const plan = (config: Record<string, unknown>, override?: number) => planPort(target({ command: 'x', ...config }), lookup, override);

test('which port a target gets', () => {
  assert.deepEqual(plan({}), { kind: 'auto' });
  assert.deepEqual(plan({ port: 'auto' }), { kind: 'auto' });
  assert.deepEqual(plan({ port: 8000 }), { kind: 'fixed', port: 8000 });
  assert.deepEqual(plan({ base_url: 'http://127.0.0.1:${PORT}' }), { kind: 'auto' });
  assert.deepEqual(plan({ base_url: 'http://127.0.0.1:3000' }), { kind: 'fixed', port: 3000 });
  assert.deepEqual(plan({ base_url: 'http://${HOST}' }), { kind: 'fixed', port: 80 });
  assert.deepEqual(plan({ base_url: 'https://${HOST}/v1' }), { kind: 'fixed', port: 443 });
  assert.deepEqual(plan({ port: 8000 }, 9), { kind: 'fixed', port: 9 });
  assert.deepEqual(plan({ port: 8000, base_url: 'http://127.0.0.1:8000' }, 9), { kind: 'fixed', port: 9 });
  assert.throws(() => plan({ port: 'auto', base_url: 'http://127.0.0.1:3000' }), UserError);
  assert.throws(() => plan({ base_url: 'http://127.0.0.1:3000' }, 9), UserError);
});

test('where requests go', () => {
  const url = (config: Record<string, unknown>, port: number | null): string => resolveBaseUrl(target(config), port, lookup);
  assert.equal(url({ command: 'x' }, 81), 'http://127.0.0.1:81');
  assert.equal(url({ base_url: 'http://localhost:${PORT}/v1//' }, 81), 'http://localhost:81/v1');
  assert.equal(url({ base_url: 'https://${HOST}/' }, null), 'https://example.test');
  assert.equal(url({ port: 8000, base_url: 'http://localhost:8000/v1' }, 9), 'http://localhost:9/v1');
  assert.equal(url({ port: 8000, base_url: 'http://localhost:7000' }, 9), 'http://localhost:7000');
});

test('free ports are free and differ', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  assert.equal(new Set(ports).size, 20);
  const [port] = ports as [number, ...number[]];
  assert.equal(await accepts('127.0.0.1', port, 1000), false);
  const server = net.createServer().listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  assert.equal(await accepts('127.0.0.1', port, 1000), true);
  server.close();
});
