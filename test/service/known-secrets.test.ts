import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BenchConfig } from '../../src/config/bench-config.ts';
import { knownSecrets } from '../../src/service/known-secrets.ts';

test('the key, the password in the address and headers that look like secrets are known; a model and a place are none', () => {
  const config = {
    root: '/nowhere',
    target: {
      name: 'gateway',
      base_url: 'https://bench:pa%24sword@example.com/v1',
      model: 'small-model',
      api_key_env: 'GATEWAY_KEY',
      headers: { 'X-Tenant-Token': '${TENANT}', 'X-Region': 'eu-central' },
      env: { DATABASE_PASSWORD: 'hunter2hunter2' },
    },
    scenarios: [{ request: { headers: { Authorization: 'Bearer of-the-scenario' } } }],
  } as unknown as BenchConfig;
  const known = knownSecrets(config, { GATEWAY_KEY: 'sk-of-the-gateway', TENANT: 'of-the-tenant' });
  for (const secret of ['sk-of-the-gateway', 'pa$sword', 'pa%24sword', 'of-the-tenant', 'hunter2hunter2', 'of-the-scenario'])
    assert.ok(known.includes(secret), secret);
  assert.ok(!known.some((secret) => ['small-model', 'eu-central', 'gateway'].includes(secret)));
});
