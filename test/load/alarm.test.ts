import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Alarm, ahead, createAlarm, spinMs } from '../../src/load/alarm.ts';
import type { OpenPacer } from '../../src/load/executor.ts';
import { InFlightLimit } from '../../src/load/in-flight-limit.ts';
import { OpenDriver } from '../../src/load/open-driver.ts';
import { seeded } from '../random.ts';

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
        {
          requests: null,
          durationMs: null,
          startMs: performance.now(),
          share: { first: 0, of: 1 },
          firstIndex: 0,
          alarm,
          room: new InFlightLimit(Number.POSITIVE_INFINITY),
        },
        {
          send: (_, index, intendedMs) => {
            assert.ok(performance.now() >= intendedMs);
            sent.push(index);
            // A sender that is held up now and then is behind its alarm, and its alarm behind it.
            if (index % 100 === 50) for (const until = performance.now() + 5; performance.now() < until; );
          },
          takeIndex: () => null,
          exhausted: () => true,
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
    pending: () => 1,
    cancel: () => {},
    close: async () => {},
  };
  const sent: number[] = [];
  const startMs = performance.now() - 1000;
  const driver = new OpenDriver(
    pacerOf([0, 1, 2, 3, 2000]),
    {
      requests: null,
      durationMs: null,
      startMs,
      share: { first: 0, of: 1 },
      firstIndex: 0,
      alarm,
      room: new InFlightLimit(Number.POSITIVE_INFINITY),
    },
    { send: (_, index) => void sent.push(index), takeIndex: () => null, exhausted: () => true, inFlight: () => 0, done: () => {} },
  );
  driver.begin();
  assert.deepEqual(sent, [0, 1, 2, 3]);
  driver.endSending('interrupted');
  alarm.onDue();
  assert.deepEqual(sent, [0, 1, 2, 3]);
});

function busy(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** Drives a schedule to its end, or until it hangs; when each arrival was sent, after its time, ms. */
async function latenessOf(alarm: Alarm, offsets: readonly number[], durationMs: number | null = null, sendMs = 0): Promise<number[]> {
  const late: number[] = [];
  await within(
    new Promise((resolve) => {
      const driver = new OpenDriver(
        pacerOf(offsets),
        {
          requests: null,
          durationMs,
          startMs: performance.now() + 5,
          share: { first: 0, of: 1 },
          firstIndex: 0,
          alarm,
          room: new InFlightLimit(Number.POSITIVE_INFINITY),
        },
        {
          // As long as making a request takes: it makes the alarm ring earlier.
          prepare: () => busy(0.1),
          send: (_, __, intendedMs) => {
            late.push(performance.now() - intendedMs);
            busy(sendMs);
          },
          takeIndex: () => null,
          exhausted: () => true,
          inFlight: () => 0,
          done: resolve,
        },
      );
      driver.begin();
    }),
  );
  return late;
}

test('arrivals so close that one ring is for several are each sent in time, and the last one ends the schedule', async (t) => {
  const alarm = await alarmOf(t);
  const between = 30;
  for (const apart of [0.05, 0.15, 0.3]) {
    const offsets = Array.from({ length: 100 }, (_, i) => Math.floor(i / 2) * between + (i % 2) * apart);
    const late = await latenessOf(alarm, offsets);
    assert.equal(late.length, offsets.length);
    // An arrival that nothing rang for would go out with the next pair.
    const stranded = late.filter((ms, i) => i % 2 === 1 && ms > between - 2 * apart).length;
    assert.ok(stranded <= 10, `${stranded} of 50 with the next pair`);
  }
});

test('a Poisson schedule is sent whole, however its arrivals lie', async (t) => {
  const alarm = await alarmOf(t);
  const random = seeded(13);
  for (let run = 0; run < 4; run++) {
    let at = 0;
    const offsets = Array.from({ length: 60 }, () => (at += -Math.log(1 - random()) * 8));
    assert.equal((await latenessOf(alarm, offsets)).length, 60);
    assert.equal((await latenessOf(alarm, offsets, at + 1)).length, 60);
  }
});

test('a sender that is behind at the end of the time sends what was due all the same', async (t) => {
  const alarm = await alarmOf(t);
  const slow = 3;
  const late = await latenessOf(
    alarm,
    Array.from({ length: 60 }, (_, i) => i),
    60,
    slow,
  );
  assert.equal(late.length, 60);
});

test('a sender that cannot keep up hears that it is to end', async (t) => {
  const alarm = await alarmOf(t);
  let sent = 0;
  const reason = await within(
    new Promise((resolve) => {
      const driver = new OpenDriver(
        pacerOf(Array.from({ length: 2_000_000 }, (_, i) => i * 0.001)),
        {
          requests: null,
          durationMs: null,
          startMs: performance.now(),
          share: { first: 0, of: 1 },
          firstIndex: 0,
          alarm,
          room: new InFlightLimit(Number.POSITIVE_INFINITY),
        },
        {
          send: () => {
            sent++;
            busy(0.05);
          },
          takeIndex: () => null,
          exhausted: () => true,
          inFlight: () => 0,
          done: resolve,
        },
      );
      setTimeout(() => driver.endSending('interrupted'), 20);
      driver.begin();
    }),
  );
  assert.equal(reason, 'interrupted');
  assert.ok(sent < 2_000_000);
});
