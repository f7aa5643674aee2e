import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { ServiceError } from '../../src/service/service-error.ts';
import { type ServiceState, type StartOptions, serviceState, startService, stopFromState } from '../../src/service/start.ts';
import { place, runs, started, target, until } from './support.ts';

interface Call {
  args: string[];
  env: Record<string, string>;
}

/** A place whose PATH begins with the stand-in docker. */
function dockerPlace(t: TestContext, env: Record<string, string> = {}, more: Partial<StartOptions> = {}) {
  const options = place(t, more);
  const bin = path.join(options.root, 'bin');
  const state = path.join(options.root, 'docker');
  const temp = path.join(options.root, 'temp');
  for (const directory of [bin, state, temp]) mkdirSync(directory);
  const script = path.resolve(import.meta.dirname, '../fixtures/service/docker.mjs');
  // The dashes keep node from reading docker's --env-file as an option of its own.
  writeFileSync(path.join(bin, 'docker'), `#!/bin/sh\nexec '${process.execPath}' -- '${script}' "$@"\n`);
  chmodSync(path.join(bin, 'docker'), 0o755);
  options.env = { ...options.env, PATH: `${bin}:${options.env['PATH']}`, FAKE_DOCKER_DIR: state, RUNNER_TEMP: temp, ...env };
  const calls = (): Call[] =>
    existsSync(path.join(state, 'calls.jsonl'))
      ? readFileSync(path.join(state, 'calls.jsonl'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Call)
      : [];
  return {
    options,
    calls,
    call: (name: string): Call | undefined => calls().find((call) => call.args[0] === name),
    /** What is left of containers, and of our own temporary files. */
    left: (): string[] => [...readdirSync(state).filter((name) => name.endsWith('.pid')), ...readdirSync(temp)],
    pids: (): number[] =>
      readdirSync(state)
        .filter((name) => name.endsWith('.pid'))
        .map((name) => Number(readFileSync(path.join(state, name), 'utf8'))),
  };
}

const value = (args: readonly string[] | undefined, flag: string): string | undefined => args?.[args.indexOf(flag) + 1];

test('builds, runs, reads the log of and removes a container', async (t) => {
  const docker = dockerPlace(t, { GITHUB_TOKEN: 'ghs_secret', OUTSIDE: 'out' });
  const { root } = docker.options;
  mkdirSync(path.join(root, 'app'));
  writeFileSync(path.join(root, 'app/Dockerfile.gpu'), 'FROM scratch\n');
  writeFileSync(path.join(root, '.env'), 'DB_PASSWORD="hunter2 hunter2"\n');
  const dump = path.join(root, 'dump');
  const config = {
    ...{ image: 'my/app:test', build: { context: 'app', dockerfile: 'Dockerfile.gpu', args: { VERSION: '${OUTSIDE}' } }, ports: ['8000', '9000'] },
    ...{ env_file: '.env', env: { SERVER_DUMP: dump, SELF: 'http://localhost:${PORT}', LINES: 'a\nb' }, command: "--model 'a b' --port ${PORT}" },
  };
  const service = await started(t, config, docker.options);
  const build = docker.call('build');
  assert.deepEqual(build?.args, [
    'build',
    '-t',
    'my/app:test',
    '-f',
    path.join(root, 'app/Dockerfile.gpu'),
    '--build-arg',
    'VERSION',
    path.join(root, 'app'),
  ]);
  assert.equal(build?.env['VERSION'], 'out');
  assert.equal(build?.env['GITHUB_TOKEN'], undefined);

  const run = docker.call('run')?.args;
  const port = new URL(service.baseUrl).port;
  assert.equal(value(run, '-p'), `127.0.0.1:${port}:8000`);
  assert.ok(run?.includes(':9000') || run?.includes('127.0.0.1::9000'));
  assert.deepEqual(run?.slice(run.indexOf('my/app:test')), ['my/app:test', '--model', 'a b', '--port', '8000']);
  assert.equal(existsSync(value(run, '--cidfile') ?? ''), true);
  assert.equal(existsSync(value(run, '--env-file') ?? ''), false, 'the file of variables must not stay');
  assert.doesNotMatch(JSON.stringify(docker.calls().map((call) => call.args)), /hunter2|ghs_secret/);
  const { env } = JSON.parse(readFileSync(dump, 'utf8')) as { env: Record<string, string> };
  assert.deepEqual(
    [env['DB_PASSWORD'], env['SELF'], env['LINES'], env['PORT_INSIDE'], env['GITHUB_TOKEN'], env['OUTSIDE']],
    ['hunter2 hunter2', 'http://localhost:8000', 'a\nb', '8000', undefined, undefined],
  );

  assert.equal(service.pid, null);
  assert.ok((service.startSeconds ?? 0) > 0);
  assert.deepEqual(await service.lastLogLines(50), [`listening on ${port}`]);
  assert.ok(docker.calls().some((call) => call.args.join(' ').startsWith('logs --tail 50 ')));
  const log = path.join(docker.options.logDirectory, 'service.log');
  await until(() => readFileSync(log, 'utf8').includes(`listening on ${port}`), 'the log to be followed');
  assert.match(readFileSync(log, 'utf8'), /^step 1: FROM scratch\n/);
  const pids = docker.pids();
  assert.equal(pids.length, 1);
  await service.stop();
  await service.stop();
  assert.deepEqual(docker.left(), []);
  for (const pid of pids) assert.equal(runs(pid), false);
  const id = docker.call('wait')?.args[1] ?? '';
  assert.deepEqual(docker.call('stop')?.args, ['stop', '-t', '5', id]);
  assert.deepEqual(docker.call('rm')?.args, ['rm', '-f', '-v', id]);
  assert.equal((await service.lastLogLines(50))[0], `listening on ${port}`);
});

test('a fixed mapping is kept as it is written; without ports PORT is the same on both sides', async (t) => {
  const probe = dockerPlace(t);
  const first = await started(t, { image: 'x' }, probe.options);
  const port = new URL(first.baseUrl).port;
  assert.equal(value(probe.call('run')?.args, '-p'), `127.0.0.1:${port}:${port}`);
  await first.stop();
  const docker = dockerPlace(t);
  const service = await started(t, { image: 'x', ports: [`${port}:8000`] }, docker.options);
  assert.equal(service.baseUrl, `http://127.0.0.1:${port}`);
  assert.equal(value(docker.call('run')?.args, '-p'), `${port}:8000`);
});

test('two containers of one target run side by side', async (t) => {
  const docker = dockerPlace(t);
  const config = { image: 'x', ports: ['8000'], port: 'auto' };
  const services = await Promise.all([started(t, config, docker.options), started(t, config, docker.options)]);
  assert.equal(new Set(services.map((service) => service.baseUrl)).size, 2);
  await Promise.all(services.map((service) => service.stop()));
  assert.deepEqual(docker.left(), []);
});

test('a crash of the container settles crashed', async (t) => {
  const docker = dockerPlace(t);
  const service = await started(t, { image: 'x', ports: ['8000'] }, docker.options);
  await fetch(`${service.baseUrl}/crash`);
  assert.deepEqual(await service.crashed, { exitCode: 7, signal: null });
  assert.ok((await service.lastLogLines(50)).includes('about to crash'));
  await service.stop();
  assert.deepEqual(docker.left(), []);
});

test('a failing build: exit 4 with its output', async (t) => {
  const docker = dockerPlace(t, { FAKE_DOCKER_BUILD_FAILS: '1' });
  const promise = startService(target({ build: '.', ports: ['8000'] }), docker.options);
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof ServiceError);
    assert.equal(error.exitCode, 4);
    assert.match(error.message, /docker build failed with exit status 1[\s\S]*\| COPY failed/);
    return true;
  });
  assert.equal(docker.call('run'), undefined);
  assert.deepEqual(docker.left(), []);
});

test('never ready and dead on arrival: exit 4 with the log, and no container is left', async (t) => {
  const late = dockerPlace(t);
  const config = { image: 'x', ports: ['8000'], env: { SERVER_HEALTH: '503' }, ready: { timeout_seconds: 2 } };
  await assert.rejects(startService(target(config), late.options), /not ready within 2 s[\s\S]*answers 503[\s\S]*\| listening on/);
  assert.deepEqual(late.left(), []);
  const dead = dockerPlace(t);
  await assert.rejects(
    startService(target({ image: 'x', ports: ['8000'], env: { NODE_OPTIONS: '--no-such-option' } }), dead.options),
    /ended before it was ready: exit status 9[\s\S]*no-such-option/,
  );
  assert.deepEqual(dead.left(), []);
});

test('cancelled during docker run, the container is found by its cidfile or by its name', async (t) => {
  for (const withoutCid of [{}, { FAKE_DOCKER_NO_CID: '1' }]) {
    const abort = new AbortController();
    const docker = dockerPlace(t, { FAKE_DOCKER_RUN_MS: '60000', ...withoutCid }, { signal: abort.signal });
    const promise = startService(target({ image: 'x', ports: ['8000'] }), docker.options);
    promise.catch(() => undefined);
    await until(() => docker.pids().length === 1 && docker.left().length === 2, 'the container');
    const pids = docker.pids();
    const reason = new Error('cancelled');
    abort.abort(reason);
    await assert.rejects(promise, reason);
    assert.deepEqual(docker.left(), []);
    for (const pid of pids) assert.equal(runs(pid), false);
  }
});

test('cancelled while the image is pulled, nothing is left', async (t) => {
  const abort = new AbortController();
  const docker = dockerPlace(t, { FAKE_DOCKER_PULL_MS: '60000' }, { signal: abort.signal });
  const promise = startService(target({ image: 'x', ports: ['8000'] }), docker.options);
  promise.catch(() => undefined);
  await until(() => docker.call('run') !== undefined, 'docker run');
  abort.abort(new Error('cancelled'));
  await assert.rejects(promise, /cancelled/);
  assert.deepEqual(docker.left(), []);
});

test('a kept state removes the container from another process, twice over', async (t) => {
  const states: ServiceState[] = [];
  const docker = dockerPlace(t, {}, { onState: (state) => states.push(state) });
  const service = await started(t, { image: 'x', ports: ['8000'] }, docker.options);
  const state = serviceState(service);
  assert.deepEqual(states.at(-1), state);
  const pids = docker.pids();
  assert.ok(state !== null);
  await stopFromState(JSON.parse(JSON.stringify(state)) as ServiceState, { env: docker.options.env });
  assert.deepEqual(docker.left(), []);
  for (const pid of pids) assert.equal(runs(pid), false);
  await stopFromState(state, { env: docker.options.env });
});

test('no docker command: said so', async (t) => {
  const options = place(t);
  options.env = { PATH: options.root };
  await assert.rejects(startService(target({ image: 'x', ports: ['8000'] }), options), /no docker command on PATH/);
});
