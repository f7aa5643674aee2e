import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { addBenchOptions, overridesOf } from '../../src/cli/bench-options.ts';
import { UserError } from '../../src/config/errors.ts';

async function overrides(...words: string[]) {
  const command = addBenchOptions(new Command('run'))
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.parse(words, { from: 'user' });
  return (await overridesOf(command)).map(({ key, value, origin }) => [key, value, origin]);
}

test('flags of the load stand for settings', async () => {
  assert.deepEqual(await overrides('--rate', '5', '--arrival', 'poisson', '--max-in-flight', '9'), [
    ['load.rate', '5', 'flag --rate'],
    ['load.max_in_flight', '9', 'flag --max-in-flight'],
    ['load.executor', 'poisson', 'flag --arrival'],
  ]);
  assert.deepEqual(await overrides('--users', '5', '--spawn-rate', '2', '--run-time', '10m', '--think-time', '1s'), [
    ['load.users', '5', 'flag --users'],
    ['load.spawn_rate', '2', 'flag --spawn-rate'],
    ['load.think_time', '1s', 'flag --think-time'],
    ['load.duration', '10m', 'flag --run-time'],
  ]);
  assert.deepEqual(await overrides('--arrival', 'constant'), [['load.executor', 'constant_rate', 'flag --arrival']]);
  assert.deepEqual(await overrides('--trace', 'x.csv', '--speed', '2'), [
    ['load.file', 'x.csv', 'flag --trace'],
    ['load.speed', '2', 'flag --speed'],
  ]);
});

test('--retries is the preset, a number of further attempts, or none', async () => {
  assert.deepEqual(await overrides('--retries'), [['retry', true, 'flag --retries']]);
  assert.deepEqual(await overrides('--retries', '3'), [['retry', { max_attempts: 4 }, 'flag --retries']]);
  assert.deepEqual(await overrides('--retries', '0'), [['retry', false, 'flag --retries']]);
  for (const wrong of ['x', '1.5', '1000']) await assert.rejects(overrides('--retries', wrong), /--retries: expected a whole number from 0 to 99/);
});

test('two flags that contradict each other are refused; the same said twice is not', async () => {
  await assert.rejects(overrides('--duration', '1m', '--run-time', '2m'), (error) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /--duration \(1m\) and --run-time \(2m\) set the same thing, load\.duration/);
    return true;
  });
  await assert.rejects(overrides('--executor', 'closed', '--arrival', 'gamma'), /--executor \(closed\) and --arrival \(gamma\)/);
  assert.equal((await overrides('--duration', '1m', '--run-time', '1m')).length, 2);
  await assert.rejects(overrides('--arrival', 'uniform'), /constant, poisson, gamma/);
});

test('--load sets any option of the executor; one that is given twice with other values is refused', async () => {
  assert.deepEqual(await overrides('--executor', 'steps', '--load', 'levels=1,5', '--load', 'unit=rate'), [
    ['load.executor', 'steps', 'flag --executor'],
    ['load.levels', [1, 5], 'flag --load levels'],
    ['load.unit', 'rate', 'flag --load unit'],
  ]);
  await assert.rejects(overrides('--load', 'max'), /expected OPTION=VALUE, found "max"/);
  await assert.rejects(overrides('--load', 'max=1', '--load', 'max=2'), /--load max \(1\) and --load max \(2\) set the same thing/);
});

test('--wait is how long readiness may take', async () => {
  assert.deepEqual(await overrides('--wait', '90s'), [['target.ready', { timeout_seconds: '90s' }, 'flag --wait']]);
});
