import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { executors } from '../../../src/load/executors/registry.ts';
import { changes, closedOf, faultsOf, optionsOf, phasesOf } from './schedule.ts';

test('users join at the spawn rate and stay', () => {
  const [phase] = phasesOf('ramping_users', { users: 5, spawn_rate: 2, duration: '10s', think_time: '100ms' });
  assert.deepEqual(changes(phase, 10_000), [
    [0, 1],
    [500, 2],
    [1000, 3],
    [1500, 4],
    [2000, 5],
  ]);
  const pacer = closedOf(phase);
  assert.deepEqual([pacer.maxUsers, pacer.thinkMs, phase?.durationMs, phase?.requests], [5, 100, 10_000, null]);
  assert.deepEqual([pacer.usersAt(499.999), pacer.usersAt(1e9), pacer.nextChangeMs(2000)], [1, 5, null]);
});

test('without a spawn rate all users are there at once', () => {
  assert.deepEqual(changes(phasesOf('ramping_users', { users: 5, requests: 10 })[0], 1e6), [[0, 5]]);
});

test('stages go up, hold, jump and go down', () => {
  const stages = [
    { users: 3, duration: 1 },
    { users: 3, duration: 2 },
    { users: 5, duration: 0 },
    { users: 5, duration: 1 },
    { users: 0, duration: 1 },
  ];
  const [phase] = phasesOf('ramping_users', { start_users: 1, stages });
  assert.deepEqual(changes(phase, 1e6), [
    [0, 1],
    [500, 2],
    [1000, 3],
    [3000, 5],
    [4200, 4],
    [4400, 3],
    [4600, 2],
    [4800, 1],
    [5000, 0],
  ]);
  assert.deepEqual([phase?.durationMs, closedOf(phase).maxUsers], [5000, 5]);
});

test('the number of users changes when it was said to change, and only then', () => {
  const stage = fc.record({ users: fc.integer({ min: 0, max: 60 }), duration: fc.integer({ min: 0, max: 30_000 }).map((ms) => ms / 1000) });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), fc.array(stage, { minLength: 1, maxLength: 5 }), (start_users, stages) => {
      fc.pre(stages.some(({ duration }) => duration > 0) && (start_users > 0 || stages.some(({ users }) => users > 0)));
      const [phase] = phasesOf('ramping_users', { start_users, stages });
      const pacer = closedOf(phase);
      const totalMs = (phase?.durationMs ?? 0) + 1;
      let atMs = 0;
      let users = pacer.usersAt(0);
      for (let next = pacer.nextChangeMs(atMs); next !== null && next < totalMs; next = pacer.nextChangeMs(atMs)) {
        assert.ok(next > atMs, `${next} after ${atMs}`);
        assert.equal(pacer.usersAt((atMs + next) / 2), users);
        assert.notEqual(pacer.usersAt(next), users);
        atMs = next;
        users = pacer.usersAt(next);
        assert.ok(users >= 0 && users <= pacer.maxUsers);
      }
      assert.equal(pacer.usersAt(totalMs), stages.at(-1)?.users);
      // Half way through every stage the ramp is where a straight line is, to one user.
      let [from, startMs] = [start_users, 0];
      for (const { users: to, duration } of stages) {
        if (duration > 0) assert.ok(Math.abs(pacer.usersAt(startMs + duration * 500) - (from + to) / 2) <= 1);
        startMs += duration * 1000;
        from = to;
      }
    }),
  );
});

test('the answers of a schedule do not depend on the order of the questions', () => {
  const options = { base: 1, height: 9, width: 0.3, period: 1.7, duration: 60 };
  const asked = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(asked, (times) => {
      const shared = closedOf(phasesOf('spike', options)[0]);
      for (const atMs of times) {
        const fresh = closedOf(phasesOf('spike', options)[0]);
        assert.deepEqual([shared.usersAt(atMs), shared.nextChangeMs(atMs)], [fresh.usersAt(atMs), fresh.nextChangeMs(atMs)]);
        const intoPeriodMs = atMs % 1700;
        if (Math.abs(Math.abs(intoPeriodMs - 850) - 150) > 1e-6) assert.equal(shared.usersAt(atMs), Math.abs(intoPeriodMs - 850) < 150 ? 9 : 1);
      }
    }),
  );
});

test('a spike lies in the middle of its period, again and again', () => {
  const [phase] = phasesOf('spike', { base: 2, height: 20, width: '2s', period: '10s', duration: '1m' });
  assert.deepEqual(changes(phase, 25_000), [
    [0, 2],
    [4000, 20],
    [6000, 2],
    [14_000, 20],
    [16_000, 2],
    [24_000, 20],
  ]);
  assert.equal(closedOf(phase).maxUsers, 20);
});

test('steps are phases of their own, labelled by their load', () => {
  const phases = phasesOf('steps', { levels: [1, 5, 10], duration: '30s', requests: 100 });
  assert.deepEqual(
    phases.map(({ label, requests, durationMs }) => [label, requests, durationMs]),
    [
      [{ concurrency: 1 }, 100, 30_000],
      [{ concurrency: 5 }, 100, 30_000],
      [{ concurrency: 10 }, 100, 30_000],
    ],
  );
  assert.deepEqual(
    phases.map((phase) => changes(phase, 1e6)),
    [[[0, 1]], [[0, 5]], [[0, 10]]],
  );
  const rates = phasesOf('steps', { levels: [2.5, 5], unit: 'rate', duration: 1 });
  assert.deepEqual(
    rates.map(({ label, pacer }) => [label, pacer.kind]),
    [
      [{ rate: 2.5 }, 'open'],
      [{ rate: 5 }, 'open'],
    ],
  );
});

test('a total is shared over the levels to the last request', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 8, max: 5000 }),
      (levels, total) => {
        const shares = phasesOf('steps', { levels, total_requests: total }).map((phase) => phase.requests ?? 0);
        assert.equal(
          shares.reduce((sum, share) => sum + share, 0),
          total,
        );
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
      },
    ),
  );
});

test('users of the next step join those of the one before', () => {
  const phases = phasesOf('steps', { levels: [2, 4, 3], requests: 50, spawn_rate: 2 });
  assert.deepEqual(
    phases.map((phase) => changes(phase, 1e6)),
    [
      [
        [0, 1],
        [500, 2],
      ],
      [
        [0, 2],
        [500, 3],
        [1000, 4],
      ],
      [[0, 3]],
    ],
  );
});

test('a soak holds its users for its whole duration', () => {
  const [phase, ...more] = phasesOf('soak', { users: 7, duration: '2h' });
  assert.deepEqual(changes(phase, 1e9), [[0, 7]]);
  assert.deepEqual([phase?.label, phase?.durationMs, phase?.requests, more.length], [{}, 7_200_000, null, 0]);
});

test('what a run comes to in all, for those who wait for it', () => {
  const size = (name: string, options: Record<string, unknown>) => executors.get(name)?.size?.(optionsOf(name, options));
  assert.deepEqual(size('steps', { levels: [1, 2, 3], requests: 50 }), { requests: 150, durationMs: null });
  assert.deepEqual(size('steps', { levels: [1, 2, 3], total_requests: 50 }), { requests: 50, durationMs: null });
  assert.deepEqual(size('steps', { levels: [1, 2], duration: 3 }), { requests: null, durationMs: 6000 });
  assert.deepEqual(
    size('ramping_users', {
      stages: [
        { users: 3, duration: 1 },
        { users: 0, duration: '2s' },
      ],
    }),
    { requests: null, durationMs: 3000 },
  );
});

test('every executor has a name of its own and says how much may be in flight', () => {
  const options: Record<string, Record<string, unknown>> = {
    closed: { requests: 1, concurrency: 3 },
    constant_rate: { rate: 1, requests: 1 },
    poisson: { rate: 1, requests: 1 },
    gamma: { rate: 1, requests: 1 },
    ramping_users: { users: 3, requests: 1 },
    ramping_rate: { stages: [{ rate: 1, duration: 1 }] },
    steps: { levels: [1, 3, 2], requests: 1 },
    spike: { base: 1, height: 3, width: 1, period: 2, duration: 1 },
    soak: { users: 3, duration: 1 },
    search: { max: 3, requests: 1 },
    trace: { file: 'x' },
    conversation: { concurrency: 3 },
    interactive: { max_users: 3 },
  };
  assert.deepEqual([...executors.keys()].toSorted(), Object.keys(options).toSorted());
  for (const [name, executor] of executors) {
    const parsed = optionsOf(name, options[name] ?? {});
    const concurrency = executor.concurrency(parsed);
    assert.ok(concurrency === 3 || concurrency === 10_000, name);
    const ahead = executor.connectionsAhead?.(parsed) ?? concurrency;
    assert.ok(ahead >= 1 && ahead <= concurrency, name);
  }
});

test('loads of users that cannot be are refused', () => {
  const refused = (name: string, options: Record<string, unknown>, reason: RegExp) => {
    const faults = faultsOf(name, options);
    assert.ok(
      faults.some((fault) => reason.test(fault)),
      `${name} ${JSON.stringify(options)}: ${faults.join(' | ')}`,
    );
  };
  const stages = [{ users: 3, duration: 1 }];
  refused('ramping_users', { requests: 1 }, /neither/);
  refused('ramping_users', { users: 5 }, /never end/);
  refused('ramping_users', { users: 0, requests: 1 }, /users/);
  refused('ramping_users', { users: 2.5, requests: 1 }, /users/);
  refused('ramping_users', { users: 2, start_users: 3, requests: 1 }, /at most 2/);
  refused('ramping_users', { users: 2, spawn_rate: 0, requests: 1 }, /spawn_rate/);
  refused('ramping_users', { users: 2, stages }, /^users: .*leave this out/);
  refused('ramping_users', { duration: 2, stages }, /^duration: .*leave this out/);
  refused('ramping_users', { stages: [] }, /stages/);
  refused('ramping_users', { stages: [{ users: 3, duration: 0 }] }, /a duration/);
  refused('ramping_users', { start_users: 0, stages: [{ users: 0, duration: 1 }] }, /with users/);
  refused('steps', { levels: [], requests: 1 }, /levels/);
  refused('steps', { levels: [0, 1], requests: 1 }, /levels.0/);
  refused('steps', { levels: [-1], requests: 1 }, /levels.0/);
  refused('steps', { levels: [Number.NaN], requests: 1 }, /levels.0/);
  refused('steps', { levels: [1.5], requests: 1 }, /whole number of users/);
  refused('steps', { levels: [1, 5, 1], requests: 1 }, /levels.2: level 1 is there twice/);
  refused('steps', { levels: [1, 5] }, /never end/);
  refused('steps', { levels: [1, 5], requests: 1, total_requests: 9 }, /found both/);
  refused('steps', { levels: [1, 5], total_requests: 1 }, /at least 2/);
  refused('steps', { levels: [1, 5], unit: 'rate', requests: 1, spawn_rate: 1 }, /is for users/);
  refused('soak', { users: 1 }, /duration/);
});
