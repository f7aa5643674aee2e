import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ServiceError } from '../../src/service/service-error.ts';
import { runSetup, serviceState, startService, stopFromState } from '../../src/service/start.ts';
import { pidFrom, place, runs, serve, started, target } from './support.ts';

test('steps run in order, with the environment of the target and their own', async (t) => {
  const progress: string[] = [];
  const options = place(t, { env: { GITHUB_TOKEN: 'ghs_secret', OUTSIDE: 'o' }, onProgress: (line) => progress.push(line) });
  mkdirSync(path.join(options.root, 'sub'));
  const setup = [
    'echo "one $MODEL [$GITHUB_TOKEN] [$URL]" > out',
    {
      run: 'pwd >> ../out; echo "two $MODEL $MORE"; echo "$MORE" >> ../out',
      env: { MORE: '${OUTSIDE}!', MODEL: 'big' },
      working_directory: 'sub',
      log_file: 'sub/step.log',
    },
  ];
  await runSetup(target({ setup, env: { MODEL: 'small', URL: 'http://localhost:${PORT}' } }), options);
  const [one, cwd, more] = readFileSync(path.join(options.root, 'out'), 'utf8').split('\n');
  assert.deepEqual([one, path.basename(cwd ?? ''), more], ['one small [] []', 'sub', 'o!']);
  assert.equal(readFileSync(path.join(options.root, 'sub/step.log'), 'utf8'), 'two big o!\n');
  assert.match(progress[0] ?? '', /^setup 1\/2: echo/);
});

test('a failing step names itself, its status and its last 50 lines; the next does not run', async (t) => {
  const options = place(t);
  const setup = ['echo fine', 'i=1; while [ $i -le 70 ]; do echo "build $i"; i=$((i+1)); done; exit 9', 'touch never'];
  const error = await runSetup(target({ setup }), options).then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ServiceError);
  assert.equal(error.exitCode, 4);
  assert.match(error.message, /setup 2\/3 .*exit status 9/);
  assert.deepEqual([error.logLines.length, error.logLines[0], error.logLines.at(-1)], [50, 'build 21', 'build 70']);
  assert.match(readFileSync(path.join(options.logDirectory, 'setup.log'), 'utf8'), /^fine\nbuild 1\n/);
  assert.throws(() => readFileSync(path.join(options.root, 'never')));
});

test('a step that takes too long is stopped with its children', async (t) => {
  const options = place(t);
  const file = path.join(options.root, 'pid');
  const setup = [{ run: `sleep 1000 & echo $! > ${file}; echo waiting; wait`, timeout_seconds: 0.5 }];
  await assert.rejects(startService(target({ setup, command: serve }), options), /setup 1\/1 .*took longer than 0\.5 s[\s\S]*\| waiting/);
  assert.equal(runs(await pidFrom(file)), false);
});

test('abort during setup stops the step', async (t) => {
  const abort = new AbortController();
  const options = place(t, { signal: abort.signal });
  const file = path.join(options.root, 'pid');
  const promise = startService(target({ setup: [`sleep 1000 & echo $! > ${file}; wait`], command: serve }), options);
  const pid = await pidFrom(file);
  const reason = new Error('cancelled');
  abort.abort(reason);
  await assert.rejects(promise, reason);
  assert.equal(runs(pid), false);
});

test('what a step leaves in the background lives as long as the service', async (t) => {
  const options = place(t);
  const file = path.join(options.root, 'pid');
  const service = await started(t, { setup: [`sleep 1000 & echo $! > ${file}`], command: serve }, options);
  const pid = await pidFrom(file);
  assert.equal(runs(pid), true);
  await service.stop();
  assert.equal(runs(pid), false);
});

test('setup alone: its state stops what it left; a failing step does too', async (t) => {
  const options = place(t);
  const file = path.join(options.root, 'pid');
  const state = await runSetup(target({ setup: [`sleep 1000 & echo $! > ${file}`] }), options);
  const pid = await pidFrom(file);
  assert.equal(runs(pid), true);
  await stopFromState(state);
  assert.equal(runs(pid), false);
  const second = path.join(options.root, 'pid2');
  await assert.rejects(runSetup(target({ setup: [`sleep 1000 & echo $! > ${second}`, 'exit 1'] }), options));
  assert.equal(runs(await pidFrom(second)), false);
});

test('a running target may have setup too; skipSetup leaves it out', async (t) => {
  const other = await started(t, { command: serve }, place(t));
  const options = place(t);
  const config = { setup: ['echo x >> count'], base_url: other.baseUrl };
  const service = await started(t, config, options);
  await started(t, config, { ...options, skipSetup: true });
  assert.equal(readFileSync(path.join(options.root, 'count'), 'utf8'), 'x\n');
  assert.notEqual(serviceState(service), null);
});
