import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuTimes, loadPerCoreNow, throttledMs, watchNoise } from '../../src/observe/machine-noise.ts';

const stat = (user: number, idle: number, steal: number) => `cpu  ${user} 0 10 ${idle} 5 0 2 ${steal} 7 0\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1\n`;

test('the first line of /proc/stat: guest time is not counted twice', () => {
  assert.deepEqual(cpuTimes(stat(100, 300, 8)), { total: 425, steal: 8 });
  assert.equal(cpuTimes(null), null);
  assert.equal(cpuTimes('cpu 1 2 3'), null);
  assert.equal(cpuTimes('cpu0 1 2 3 4 5 6 7 8\n'), null);
});

test('the throttled time is found under version 2 and version 1, in the group itself or at the top of a container', () => {
  const files = (known: Record<string, string>) => (path: string) => known[path] ?? null;
  assert.equal(
    throttledMs(files({ '/proc/self/cgroup': '0::/user.slice/a\n', '/sys/fs/cgroup/user.slice/a/cpu.stat': 'usage_usec 5\nthrottled_usec 2500\n' })),
    2.5,
  );
  assert.equal(throttledMs(files({ '/proc/self/cgroup': '0::/host/path\n', '/sys/fs/cgroup/cpu.stat': 'throttled_usec 1000\n' })), 1);
  assert.equal(
    throttledMs(
      files({
        '/proc/self/cgroup': '4:memory:/x\n3:cpu,cpuacct:/job\n',
        '/sys/fs/cgroup/cpu,cpuacct/job/cpu.stat': 'nr_periods 1\nthrottled_time 7000000\n',
      }),
    ),
    7,
  );
  assert.equal(throttledMs(files({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.stat': 'usage_usec 5\n' })), null);
  assert.equal(throttledMs(files({})), null);
});

test('shares are of the time since the watch began', () => {
  let files: Record<string, string> = {
    '/proc/stat': stat(100, 300, 8),
    '/proc/self/cgroup': '0::/\n',
    '/sys/fs/cgroup/cpu.stat': 'throttled_usec 0\n',
  };
  let nowMs = 1000;
  const watch = watchNoise(
    0.3,
    (path) => files[path] ?? null,
    () => nowMs,
  );
  files = { ...files, '/proc/stat': stat(140, 340, 28), '/sys/fs/cgroup/cpu.stat': 'throttled_usec 500000\n' };
  nowMs = 3000;
  assert.deepEqual(watch.figures(), { loadPerCore: 0.3, stealShare: 0.2, throttledShare: 0.25 });
});

test('where the system tells nothing, nothing is claimed', () => {
  const watch = watchNoise(null, () => null);
  assert.deepEqual(watch.figures(), { loadPerCore: null, stealShare: null, throttledShare: null });
});

test('this machine can be asked', () => {
  const watch = watchNoise(loadPerCoreNow());
  const { stealShare, throttledShare, loadPerCore } = watch.figures();
  for (const share of [stealShare, throttledShare]) assert.ok(share === null || (share >= 0 && share <= 1));
  assert.ok(loadPerCore === null || loadPerCore >= 0);
});
