import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Fleet } from '../../src/load/fleet.ts';
import { giveBack, takeThread } from '../../src/load/threads.ts';

const entry = new URL('../../src/entry.ts', import.meta.url);

test('threads that were given no plan, because something failed before, end when the fleet is closed', async () => {
  const fleet = new Fleet(2, entry, { onRecords: () => {} });
  const closed = await Promise.race([fleet.close(), new Promise<'hangs'>((resolve) => setTimeout(() => resolve('hangs'), 30_000).unref())]);
  assert.deepEqual(closed, []);
});

test('a thread that was given back is taken again, one that has died is not', async (t) => {
  const [first, second] = [takeThread(entry), takeThread(entry)];
  t.after(() => Promise.all([first, second].map((thread) => thread.terminate())));
  assert.notEqual(first, second);
  giveBack(first);
  assert.equal(takeThread(entry), first);
  giveBack(first);
  const gone = once(first, 'exit');
  await first.terminate();
  await gone;
  giveBack(first);
  const third = takeThread(entry);
  t.after(() => third.terminate());
  assert.notEqual(third, first);
});
