import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fleet } from '../../src/load/fleet.ts';

const entry = new URL('../../src/entry.ts', import.meta.url);

test('threads that were given no plan, because something failed before, end when the fleet is closed', async () => {
  const fleet = new Fleet(2, entry, { onRecords: () => {} });
  const closed = await Promise.race([fleet.close(), new Promise<'hangs'>((resolve) => setTimeout(() => resolve('hangs'), 30_000).unref())]);
  assert.deepEqual(closed, []);
});
