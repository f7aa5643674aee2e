import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplicaSampler } from '../../src/observe/replica-sampler.ts';
import { serve } from './metrics-server.ts';

const counter = 'vllm:request_success_total';
const sampler = (urls: string[], of = counter) =>
  new ReplicaSampler({ pages: urls.map((url) => ({ url, headers: {} })), intervalMs: 1000, counter: of, label: 'pod' });

test('one page for all replicas: each counts by its label, over reasons and restarts; who answered nothing is left out', async () => {
  const page = (a: number, b: number, idle: number) =>
    `${counter}{pod="a",finished_reason="stop"} ${a}\n${counter}{pod="a",finished_reason="length"} 1\n${counter}{pod="b"} ${b}\n${counter}{pod="c"} ${idle}\n`;
  await using server = await serve([page(5, 7, 3), page(5, 7, 3), page(15, 2, 3), page(20, 4, 3)]);
  const one = sampler([server.url]);
  assert.equal(await one.start(), null);
  for (const at of [0, 1000, 2000]) await one.sample(at);
  assert.deepEqual(one.tally(0, 2000), { a: 15, b: 4 });
  assert.deepEqual(one.tally(1000, 2000), { a: 5, b: 2 });
});

test('a page for each replica, without the label: named by the host; a counter that comes later counts from zero', async () => {
  await using first = await serve(['other 1\n', 'other 1\n', `${counter} 9\n`]);
  await using second = await serve([`${counter} 4\n`, `${counter} 4\n`, `${counter} 6\n`]);
  const one = sampler([first.url, second.url]);
  assert.equal(await one.start(), null);
  for (const at of [0, 1000]) await one.sample(at);
  assert.deepEqual(one.tally(0, 1000), { [new URL(first.url).host]: 9, [new URL(second.url).host]: 2 });
});

test('a page that cannot be read is a reason', async () => {
  await using server = await serve([503]);
  assert.match((await sampler([server.url]).start()) ?? '', /status 503/);
  assert.throws(() => sampler([server.url], 'rate(x)'), /expected a counter by its name/);
});
