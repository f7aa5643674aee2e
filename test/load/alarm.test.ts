import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Alarm, ahead, createAlarm, spinMs } from '../../src/load/alarm.ts';
import type { OpenPacer } from '../../src/load/executor.ts';
import { OpenDriver } from '../../src/load/open-driver.ts';

const entry = new URL('../../src/entry.ts', import.meta.url);

async function alarmOf(t: TestContext): Promise<Alarm> {
  const alarm = createAlarm(entry);
  t.after(() => alarm.close());
  await alarm.ready;
  return alarm;
}

/** Far longer than anything takes: it only keeps a hung test from hanging the others, as the alarm's thread keeps no process alive. */
function within<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('waited in vain')), 60_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const pacerOf = (offsets: Iterable<number>): OpenPacer => {
  const iterator = offsets[Symbol.iterator]();
  return {
    kind: 'open',
    maxInFlight: 1e6,
    next: () => {
      const { value, done } = iterator.next();
      return done ? null : value;
    },
  };
};

test('it rings for every time that was set ahead, never much too early', async (t) => {
  const alarm = await alarmOf(t);
  const startMs = performance.now();
  const dues = [5, 9, 9.2, 14, 30].map((offset) => startMs + offset);
  const heard: number[] = [];
  await within(
    new Promise<void>((resolve) => {
      alarm.onDue = () => {
        heard.push(performance.now());
        if (performance.now() >= (dues.at(-1) as number) - spinMs) resolve();
      };
      for (const due of dues) assert.equal(alarm.add(due), true);
    }),
  );
  assert.ok(heard.length >= 1 && heard.length <= dues.length);
  for (const at of heard)
    assert.ok(
      dues.some((due) => at >= due - spinMs),
      `rang at ${at - startMs}`,
    );
});

test('it takes so many times ahead and no more, and forgets them when it is told to', async (t) => {
  const alarm = await alarmOf(t);
  let rang = 0;
  alarm.onDue = () => rang++;
  const farMs = performance.now() + 3_600_000;
  for (let i = 0; i < ahead; i++) assert.equal(alarm.add(farMs + i), true);
  assert.equal(alarm.add(farMs + ahead), false);
  alarm.cancel();
  await within(
    new Promise<void>((resolve) => {
      alarm.onDue = resolve;
      assert.equal(alarm.add(performance.now() + 5), true);
    }),
  );
  assert.equal(rang, 0);
});

test('a schedule longer than the alarm looks ahead is sent whole and in order, however far behind the alarm is', async (t) => {
  const alarm = await alarmOf(t);
  const count = 20 * ahead;
  const sent: number[] = [];
  const reason = await within(
    new Promise((resolve) => {
      const driver = new OpenDriver(
        pacerOf(Array.from({ length: count }, (_, i) => i * 0.05)),
        { requests: null, durationMs: null, startMs: performance.now(), share: { first: 0, of: 1 }, firstIndex: 0, alarm },
        {
          send: (_, index, intendedMs) => {
            assert.ok(performance.now() >= intendedMs);
            sent.push(index);
            // A sender that is held up now and then is behind its alarm, and its alarm behind it.
            if (index % 100 === 50) for (const until = performance.now() + 5; performance.now() < until; );
          },
          takeIndex: () => null,
          inFlight: () => 0,
          done: resolve,
        },
      );
      driver.begin();
    }),
  );
  assert.equal(reason, 'completed');
  assert.deepEqual(
    sent,
    Array.from({ length: count }, (_, i) => i),
  );
});

test('an alarm without any room still lets nothing be lost that is due', async () => {
  const rooms = [1, 0, 0, 0, 0];
  let rings = 0;
  const alarm: Alarm = {
    onDue: () => {},
    ready: Promise.resolve(),
    add: () => (rooms.shift() ?? 1) === 1,
    woke: () => rings++,
    cancel: () => {},
    close: async () => {},
  };
  const sent: number[] = [];
  const startMs = performance.now() - 1000;
  const driver = new OpenDriver(
    pacerOf([0, 1, 2, 3, 2000]),
    { requests: null, durationMs: null, startMs, share: { first: 0, of: 1 }, firstIndex: 0, alarm },
    { send: (_, index) => void sent.push(index), takeIndex: () => null, inFlight: () => 0, done: () => {} },
  );
  driver.begin();
  assert.deepEqual(sent, [0, 1, 2, 3]);
  driver.endSending('interrupted');
  alarm.onDue();
  assert.deepEqual(sent, [0, 1, 2, 3]);
});
