import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Monitor } from '../../src/observe/monitor.ts';
import type { Sampler } from '../../src/observe/sampler.ts';

const nowMs = () => performance.timeOrigin + performance.now();

function counting(over: Partial<Sampler> = {}): Sampler & { samples: number; stopped: number } {
  const sampler: Sampler & { samples: number; stopped: number } = {
    name: 'counting',
    intervalMs: 5,
    gauges: [{ name: 'ticks', unit: 'count', better: 'neither' }],
    samples: 0,
    stopped: 0,
    start: async () => null,
    sample: () => [++sampler.samples],
    stop: () => {
      sampler.stopped++;
    },
    ...over,
  };
  return sampler;
}

test('samples at its interval, keeps what it read, and stops', async () => {
  const startMs = nowMs();
  const sampler = counting();
  const monitor = await Monitor.start([sampler]);
  while (sampler.samples < 4) await sleep(2);
  await monitor.stop();
  const { samples } = sampler;
  await sleep(20);
  assert.equal(sampler.samples, samples, 'nothing is sampled after the stop');
  assert.equal(sampler.stopped, 1);
  const [ticks] = monitor.between(startMs, nowMs());
  assert.equal(ticks?.name, 'ticks');
  assert.equal(ticks !== undefined && 'summary' in ticks ? ticks.summary.max : null, samples);
  assert.equal(monitor.latest().get('ticks')?.value, samples);
});

test('a sampler that has nothing to read is named with its reason, and the others go on', async () => {
  const monitor = await Monitor.start([
    counting({ name: 'none', start: async () => 'there is no such sensor' }),
    counting({
      name: 'broken',
      start: async () => {
        throw new Error('broken at start');
      },
    }),
    counting({
      name: 'failing',
      sample: () => {
        throw new Error('failed on the way');
      },
    }),
    counting(),
  ]);
  await monitor.sampleNow();
  await monitor.stop();
  assert.deepEqual(monitor.absent, [
    { sampler: 'none', reason: 'there is no such sensor' },
    { sampler: 'broken', reason: 'broken at start' },
    { sampler: 'failing', reason: 'failed on the way' },
  ]);
  assert.equal(monitor.between(0, nowMs() + 1).length, 1);
});

test('a slow sampler is never asked twice at once', async () => {
  let [inside, most] = [0, 0];
  const monitor = await Monitor.start([
    counting({
      intervalMs: 1,
      sample: async () => {
        most = Math.max(most, ++inside);
        await sleep(10);
        inside--;
        return [1];
      },
    }),
  ]);
  await sleep(50);
  await monitor.stop();
  assert.equal(most, 1);
});

function burn(ms: number): void {
  const startMs = performance.now();
  while (performance.now() - startMs < ms);
}

test('what is costly to read is read less often, the rest as it was, and the end of a window always', async () => {
  const startedMs = performance.now();
  const heavy = counting({
    name: 'heavy',
    sample: () => {
      burn(10);
      return [++heavy.samples];
    },
  });
  const light = counting();
  const monitor = await Monitor.start([heavy, light]);
  while (light.samples < 60) await sleep(5);
  // The first two say what it takes; 10 ms are 0.1% of 10 s.
  assert.ok(heavy.samples <= 3 + (performance.now() - startedMs) / 5000, `${heavy.samples} readings of 10 ms`);
  assert.ok(monitor.costPercent() > 0);
  const before = heavy.samples;
  await monitor.sampleNow();
  assert.equal(heavy.samples, before + 1);
  await monitor.stop();
});

test('what a sampler does after waiting is part of what watching costs', async () => {
  const later = counting({ laterMs: 1e6 });
  const monitor = await Monitor.start([later]);
  assert.ok(monitor.costPercent() > 100);
  await monitor.stop();
});
