import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { OpenPacer } from '../../src/load/executor.ts';
import { poisson } from '../../src/load/executors/poisson.ts';
import { InFlightLimit } from '../../src/load/in-flight-limit.ts';
import { OpenDriver } from '../../src/load/open-driver.ts';
import { ClosedShare, ownArrivals, type Place, partOf, shareOf } from '../../src/load/share.ts';

/** Every thread of every machine; machines may have different numbers of them. */
const threadsOf = (workers: readonly number[]): { machine: Place; thread: Place }[] =>
  workers.flatMap((count, index) =>
    Array.from({ length: count }, (_, thread) => ({ machine: { index, count: workers.length }, thread: { index: thread, count } })),
  );
const machines = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });

test('the parts of machines and of their threads add up to the whole, and differ by no more than one', () => {
  fc.assert(
    fc.property(machines, fc.nat(10_000), (workers, total) => {
      const parts = threadsOf(workers).map(({ machine, thread }) => partOf(total, machine, thread));
      assert.equal(
        parts.reduce((sum, part) => sum + part, 0),
        total,
      );
      const ofMachines = workers.map((_, index) => shareOf(total, index, workers.length));
      assert.ok(Math.max(...ofMachines) - Math.min(...ofMachines) <= 1);
    }),
  );
});

test('machines that share a closed load send each index once together, each in proportion to its users', () => {
  const some = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), some, fc.nat(200), (count, users, requests) => {
      const sent = Array.from({ length: count }, (_, index) => {
        const share = new ClosedShare({ index, count }, users);
        const own = Array.from({ length: share.of(requests) }, (__, n) => share.nth(n));
        const ownUsers = shareOf(users, index, count);
        assert.ok(Math.abs(own.length - (requests * ownUsers) / users) <= ownUsers, `${own.length} of ${requests}, ${ownUsers} of ${users} users`);
        assert.deepEqual(
          own.toSorted((a, b) => a - b),
          own,
        );
        return own;
      });
      assert.deepEqual(
        sent.flat().toSorted((a, b) => a - b),
        Array.from({ length: requests }, (_, index) => index),
      );
    }),
  );
});

/** What one thread sends of a schedule that is due all at once, and when each was due. */
async function sentBy(pacer: OpenPacer, requests: number, place: { machine: Place; thread: Place }): Promise<Map<number, number>> {
  const sent = new Map<number, number>();
  const startMs = performance.now() - 1e9;
  const { promise: ended, resolve: done } = Promise.withResolvers<unknown>();
  const driver = new OpenDriver(
    pacer,
    {
      requests,
      durationMs: null,
      startMs,
      share: ownArrivals(place.machine, place.thread),
      firstIndex: 0,
      room: new InFlightLimit(Number.POSITIVE_INFINITY),
      alarm: {
        onDue: () => {},
        ready: Promise.resolve(),
        add: () => true,
        woke: () => {},
        pending: () => 0,
        cancel: () => {},
        close: async () => {},
      },
    },
    {
      send: (_, index, intendedMs) => void sent.set(index, intendedMs - startMs),
      takeIndex: () => null,
      exhausted: () => true,
      inFlight: () => 0,
      done,
    },
  );
  driver.begin();
  await ended;
  return sent;
}

test('the arrivals of all shards are those of the undivided schedule: each once, at its own time', async () => {
  await fc.assert(
    fc.asyncProperty(machines, fc.integer({ min: 1, max: 300 }), fc.nat(1000), async (workers, requests, seed) => {
      const schedule = () => {
        const options = poisson.schema.parse({ rate: 50, requests });
        return poisson.phases(options as never, seed, []).next(undefined as never).value!.pacer as OpenPacer;
      };
      const whole = await sentBy(schedule(), requests, { machine: { index: 0, count: 1 }, thread: { index: 0, count: 1 } });
      assert.equal(whole.size, requests);
      const united = new Map<number, number>();
      for (const place of threadsOf(workers)) {
        for (const [index, dueMs] of await sentBy(schedule(), requests, place)) {
          assert.ok(!united.has(index), `request ${index} is sent twice`);
          united.set(index, dueMs);
        }
      }
      assert.equal(united.size, requests);
      for (const [index, dueMs] of whole) assert.ok(Math.abs((united.get(index) as number) - dueMs) < 1e-3);
    }),
    { numRuns: 40 },
  );
});
