import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { UserError } from '../../src/config/errors.ts';
import { runningTimeoutSeconds } from '../../src/service/ready.ts';
import { crashError, ServiceError, startService } from '../../src/service/start.ts';
import { node, pidFrom, place, runs, scratch, serve, started, target } from './support.ts';

async function failure(promise: Promise<unknown>): Promise<UserError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof UserError, `not a UserError: ${error}`);
    return error;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

test('starts a command on a free port and stops it', async (t) => {
  const options = place(t);
  const service = await started(t, { command: `${serve}; true`, port: 'auto', base_url: 'http://127.0.0.1:${PORT}/' }, options);
  assert.match(service.baseUrl, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.ok(service.startSeconds !== null && service.startSeconds > 0);
  assert.ok(service.pid !== null && runs(service.pid));
  const pid = Number(await (await fetch(`${service.baseUrl}/pid`)).text());
  assert.notEqual(pid, 0);
  await service.stop();
  await service.stop();
  assert.equal(runs(pid), false);
  assert.equal(runs(service.pid), false);
  const port = new URL(service.baseUrl).port;
  assert.match(readFileSync(path.join(options.logDirectory, 'service.log'), 'utf8'), new RegExp(`listening on ${port}`));
  assert.deepEqual(await service.lastLogLines(1), [`listening on ${port}`]);
});

test('two copies run side by side', async (t) => {
  const config = { command: serve, port: 'auto' };
  const [one, two] = await Promise.all([started(t, config, place(t)), started(t, config, place(t))]);
  assert.notEqual(one.baseUrl, two.baseUrl);
  await one.stop();
  assert.equal((await fetch(`${two.baseUrl}/health`)).status, 200);
});

test('an overriding port moves a second copy of a fixed target', async (t) => {
  const config = { command: serve, port: 1, base_url: 'http://127.0.0.1:1' };
  const probe = await started(t, { command: serve, port: 'auto' }, place(t));
  await probe.stop();
  const port = Number(new URL(probe.baseUrl).port);
  const service = await started(t, config, place(t, { overridePort: port }));
  assert.equal(service.baseUrl, `http://127.0.0.1:${port}`);
});

test('the environment is scrubbed, then env_file, then env, then PORT', async (t) => {
  const options = place(t, {
    env: {
      GITHUB_TOKEN: 'ghs_1',
      ACTIONS_RUNTIME_TOKEN: 'x',
      ACTIONS_RESULTS_URL: 'x',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x',
      'INPUT_BASE-URL': 'x',
      INPUT_KEPT: 'kept',
      GITHUB_OUTPUT: 'x',
      RUNNER_TRACKING_ID: 'tracked',
      GITHUB_SHA: 'abc',
      FROM_OUTSIDE: 'outside',
      MODEL: 'outside',
    },
  });
  writeFileSync(path.join(options.root, '.env'), 'MODEL="from file"\nQUOTED=\'a b\'\n');
  mkdirSync(path.join(options.root, 'app'));
  const dump = path.join(options.root, 'dump.json');
  const env = { SERVER_DUMP: dump, SIZE: 3, NESTED: '${FROM_OUTSIDE}-${QUOTED}', SELF: 'http://localhost:${PORT}', TEXT: '$${PORT}' };
  const config = { command: serve, port: 'auto', env, env_file: '.env', pass_env: ['INPUT_KEPT'], working_directory: 'app' };
  const service = await started(t, config, options);
  const seen = JSON.parse(readFileSync(dump, 'utf8')) as { env: Record<string, string>; cwd: string };
  const port = new URL(service.baseUrl).port;
  assert.ok(seen.cwd.endsWith('/app'));
  for (const name of [
    'GITHUB_TOKEN',
    'ACTIONS_RUNTIME_TOKEN',
    'ACTIONS_RESULTS_URL',
    'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
    'INPUT_BASE-URL',
    'GITHUB_OUTPUT',
  ]) {
    assert.equal(seen.env[name], undefined, name);
  }
  const { MODEL, QUOTED, SIZE, NESTED, SELF, TEXT, PORT, INPUT_KEPT, RUNNER_TRACKING_ID, GITHUB_SHA } = seen.env;
  assert.deepEqual(
    { MODEL, QUOTED, SIZE, NESTED, SELF, TEXT, PORT, INPUT_KEPT, RUNNER_TRACKING_ID, GITHUB_SHA },
    {
      ...{ MODEL: 'from file', QUOTED: 'a b', SIZE: '3', NESTED: 'outside-a b', SELF: `http://localhost:${port}`, TEXT: '${PORT}', PORT: port },
      ...{ INPUT_KEPT: 'kept', RUNNER_TRACKING_ID: 'tracked', GITHUB_SHA: 'abc' },
    },
  );
  assert.match(seen.env['LLM_BENCH_SERVICE_ID'] ?? '', /^[0-9a-f-]{36}-1$/);
});

test('${PORT} is put into the command even where a shell would not', async (t) => {
  const service = await started(t, { command: `PORT=0 SERVER_DUMP= ; export PORT; PORT='\${PORT}' ${serve}`, port: 'auto' }, place(t));
  assert.equal((await fetch(`${service.baseUrl}/health`)).status, 200);
});

test('waits while /health answers 503', async (t) => {
  const options = place(t);
  const seen = path.join(options.root, 'seen');
  await started(t, { command: serve, env: { SERVER_HEALTH: '503,503,200', SERVER_SEEN: seen } }, options);
  assert.equal(readFileSync(seen, 'utf8').trim().split('\n').length, 3);
});

test('a service without /health is ready when it answers', async (t) => {
  await started(t, { command: serve, env: { SERVER_HEALTH: '404' } }, place(t));
});

test('a log line and a port make it ready', async (t) => {
  const command = `echo warming up; sleep 0.2; echo "model LOADED in 3 s"; exec ${serve}`;
  const service = await started(t, { command, ready: { log: 'LOADED in \\d+ s', port: '${PORT}' } }, place(t));
  assert.deepEqual((await service.lastLogLines(50)).slice(0, 2), ['warming up', 'model LOADED in 3 s']);
});

test('never ready: exit 4, the reason, the last 50 lines; nothing is left', async (t) => {
  const options = place(t);
  const pidFile = path.join(options.root, 'pid');
  const command = `echo $$ > ${pidFile}; i=1; while [ $i -le 60 ]; do echo "line $i"; i=$((i+1)); done; sleep 1000`;
  const error = await failure(startService(target({ command, ready: { timeout_seconds: 1 } }), options));
  assert.ok(error instanceof ServiceError);
  assert.equal(error.exitCode, 4);
  assert.match(error.message, /not ready within 1 s/);
  assert.match(error.message, /connection refused/);
  assert.equal(error.logLines.length, 50);
  assert.match(error.message, / {2}\| line 11\n/);
  assert.doesNotMatch(error.message, /\| line 10\n/);
  assert.match(error.message, / {2}\| line 60$/);
  assert.equal(runs(await pidFrom(pidFile)), false);
});

test('answering 503 for ever is told apart from nothing listening', async (t) => {
  const error = await failure(startService(target({ command: serve, env: { SERVER_HEALTH: '503' }, ready: { timeout_seconds: 2 } }), place(t)));
  assert.equal(error.exitCode, 4);
  assert.match(error.message, /answers 503/);
  assert.doesNotMatch(error.message, /refused/);
});

test('a process that dies before it is ready ends the wait at once', async (t) => {
  const error = await failure(
    startService(target({ command: 'echo loading; echo "no such model" >&2; exit 3', ready: { timeout_seconds: 600 } }), place(t)),
  );
  assert.equal(error.exitCode, 4);
  assert.match(error.message, /exit status 3/);
  assert.match(error.message, /\| loading/);
  assert.match(error.message, /\| no such model/);
});

test('a command that does not exist', async (t) => {
  const error = await failure(startService(target({ command: 'no-such-program-here --port ${PORT}' }), place(t)));
  assert.equal(error.exitCode, 4);
  assert.match(error.message, /exit status 127/);
  assert.match(error.message, /no-such-program-here/);
});

test('a crash during the run settles crashed, with its last words', async (t) => {
  const service = await started(t, { command: serve }, place(t));
  await fetch(`${service.baseUrl}/crash`);
  const crash = await service.crashed;
  assert.deepEqual(crash, { exitCode: 7, signal: null });
  const error = crashError('svc', crash, await service.lastLogLines(50));
  assert.equal(error.exitCode, 4);
  assert.match(error.message, /exit status 7/);
  assert.match(error.message, /\| about to crash/);
});

test('stopping is no crash', async (t) => {
  const service = await started(t, { command: serve }, place(t));
  let crashed = false;
  void service.crashed.then(() => {
    crashed = true;
  });
  await service.stop();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(crashed, false);
});

test('a daemon outlives its starter, and its death is a crash', async (t) => {
  const service = await started(t, { command: `${serve} & exit 0` }, place(t));
  const pid = Number(await (await fetch(`${service.baseUrl}/pid`)).text());
  let crashed = false;
  void service.crashed.then(() => {
    crashed = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(crashed, false);
  process.kill(pid, 'SIGKILL');
  await service.crashed;
});

test('a port that another program holds is an error, not a measurement of that program', async (t) => {
  const other = await started(t, { command: serve }, place(t));
  const error = await failure(startService(target({ command: serve, port: Number(new URL(other.baseUrl).port) }), place(t)));
  assert.equal(error.exitCode, 4);
  assert.match(error.message, /already listens on port/);
});

test('a chosen port that is lost to another program is chosen again', async (t) => {
  const options = place(t);
  const once = path.join(options.root, 'once');
  const lines: string[] = [];
  const command = `if [ ! -e ${once} ]; then touch ${once}; echo "Error: listen EADDRINUSE: address already in use" >&2; exit 1; fi; exec ${serve}`;
  await started(t, { command, port: 'auto', setup: ['sleep 300 &'] }, { ...options, onProgress: (line) => lines.push(line) });
  assert.equal(lines.filter((line) => line.startsWith('starting svc')).length, 2);
});

test('abort while waiting stops everything and rejects with the reason', async (t) => {
  const abort = new AbortController();
  const options = place(t, { signal: abort.signal });
  const pidFile = path.join(options.root, 'pid');
  const promise = startService(target({ command: `sleep 1000 & echo $! > ${pidFile}; wait` }), options);
  const pid = await pidFrom(pidFile);
  const reason = new Error('Ctrl-C');
  abort.abort(reason);
  await assert.rejects(promise, reason);
  assert.equal(runs(pid), false);
});

test('an aborted signal starts nothing', async (t) => {
  const options = place(t, { signal: AbortSignal.abort() });
  const touched = path.join(options.root, 'touched');
  await assert.rejects(startService(target({ setup: [`touch ${touched}`], command: serve }), options));
  assert.equal(existsSync(touched), false);
});

test('secrets are masked in the log, in errors and in progress', async (t) => {
  const progress: string[] = [];
  const options = place(t, { env: { MY_KEY: 'sk-very-secret' }, onProgress: (line) => progress.push(line) });
  writeFileSync(path.join(options.root, '.env'), 'DB_PASSWORD=hunter2hunter2\nMAX_TOKENS=4096\n');
  const config = { command: 'echo "key sk-very-secret password $DB_PASSWORD tokens 4096"; exit 1', env_file: '.env', api_key_env: 'MY_KEY' };
  const error = await failure(startService(target(config), options));
  assert.match(error.message, /key \*\*\* password \*\*\* tokens 4096/);
  const log = readFileSync(path.join(options.logDirectory, 'service.log'), 'utf8');
  for (const text of [error.message, log, progress.join('\n')]) assert.doesNotMatch(text, /sk-very-secret|hunter2/);
});

test('what cannot work is refused before anything is started', async (t) => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ command: serve, env: { A: '${NOT_SET_ANYWHERE}' } }, /env\.A uses \$\{NOT_SET_ANYWHERE\}/],
    [{ command: serve, base_url: 'http://${NOT_SET_HOST}:1' }, /base_url uses \$\{NOT_SET_HOST\}/],
    [{ command: serve, headers: { 'X-A': '${NOT_SET_HEADER}' } }, /headers\.X-A uses \$\{NOT_SET_HEADER\}/],
    [{ command: serve, env_file: 'missing.env' }, /missing\.env cannot be read \(ENOENT\)/],
    [{ command: serve, api_key_env: 'NOT_SET_KEY' }, /api_key_env names NOT_SET_KEY/],
    [{ command: serve, port: 'auto', base_url: 'http://127.0.0.1:8000' }, /port: auto/],
    [{ command: serve, ready: { port: '${PORT}0000000' } }, /ready\.port must be a port/],
    [{ command: serve, base_url: 'http://${BAD_HOST}:1' }, /base_url must be an http/],
    [{ image: 'x', ports: ['80:80:80'] }, /ports must hold/],
    [{ base_url: 'http://127.0.0.1:1', ready: { log: 'x' } }, /logs_command/],
    [{}, /nothing to start and nothing to reach/],
  ];
  for (const [config, message] of cases) {
    const options = place(t, { env: { BAD_HOST: 'not a host' } });
    const touched = path.join(options.root, 'touched');
    const error = await failure(startService(target({ setup: [`touch ${touched}`], ...config }), options));
    assert.equal(error.exitCode, 2, error.message);
    assert.match(error.message, message);
    assert.equal(existsSync(touched), false, error.message);
  }
});

test('a working directory that does not exist is named', async (t) => {
  const error = await failure(startService(target({ command: serve, working_directory: 'nowhere' }), place(t)));
  assert.equal(error.exitCode, 2);
  assert.match(error.message, /nowhere, which is not a directory/);
});

test('another checkout is run with the env_file of the root', async (t) => {
  const options = place(t);
  const base = scratch(t);
  writeFileSync(path.join(options.root, '.env'), 'A=from-root\n');
  mkdirSync(path.join(base, 'app'));
  mkdirSync(path.join(options.root, 'app'));
  const config = {
    setup: ['echo built > built.txt'],
    command: serve,
    working_directory: path.join(options.root, 'app'),
    env_file: '.env',
    env: { SERVER_DUMP: path.join(base, 'dump') },
  };
  await started(t, config, { ...options, workingDirectory: base });
  const seen = JSON.parse(readFileSync(path.join(base, 'dump'), 'utf8')) as { env: Record<string, string>; cwd: string };
  assert.equal(seen.env['A'], 'from-root');
  assert.ok(seen.cwd.endsWith(`${path.basename(base)}/app`));
  assert.equal(readFileSync(path.join(base, 'app/built.txt'), 'utf8'), 'built\n');
});

test('a running target is waited for, and its log comes from logs_command', async (t) => {
  const statuses = [503, 200];
  const server = http.createServer((_request, response) => response.writeHead(statuses.length > 1 ? (statuses.shift() ?? 200) : 200).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service = await started(
    t,
    { base_url: `${baseUrl}/`, logs_command: 'i=1; while [ $i -le 60 ]; do echo "pod line $i"; i=$((i+1)); done' },
    place(t),
  );
  assert.equal(service.baseUrl, baseUrl);
  assert.equal(service.pid, null);
  assert.equal(service.startSeconds, null);
  const lines = await service.lastLogLines(50);
  assert.deepEqual([lines.length, lines[0], lines.at(-1)], [50, 'pod line 11', 'pod line 60']);
  await service.stop();
  assert.equal((await fetch(baseUrl)).status, 200);
});

test('an unreachable running target: exit 4, refused, its log', async (t) => {
  const gone = await started(t, { command: serve }, place(t));
  await gone.stop();
  const config = { base_url: gone.baseUrl, logs_command: 'echo evicted; exit 5', ready: { timeout_seconds: 0.5 } };
  const error = await failure(startService(target(config), place(t)));
  assert.equal(error.exitCode, 4);
  assert.match(error.message, /connection refused/);
  assert.match(error.message, /\| evicted/);
  assert.match(error.message, /logs_command .*exit status 5/);
});

test('where nothing listens and nothing says how long to wait, that is told long before the time for a busy service is up', async (t) => {
  const gone = await started(t, { command: serve }, place(t));
  await gone.stop();
  const error = await failure(startService(target({ base_url: gone.baseUrl }), place(t)));
  assert.equal(error.exitCode, 4);
  const [, attempts, seconds] = /(\d+) attempts in ([\d.]+) s, .*connection refused/.exec(error.message) ?? assert.fail(error.message);
  assert.ok(Number(attempts) >= 2 && Number(seconds) < runningTimeoutSeconds, error.message);
  assert.match(error.hint ?? '', /--wait/);
});

test('a running target can be waited for by a line of its logs_command', async (t) => {
  const options = place(t);
  const config = {
    base_url: 'http://127.0.0.1:9',
    logs_command: 'echo x >> count; [ $(wc -l < count) -ge 3 ] && echo "compiled in 151 s"; true',
    ready: { log: '^compiled' },
  };
  const service = await started(t, config, options);
  assert.equal(service.baseUrl, 'http://127.0.0.1:9');
  assert.equal(readFileSync(path.join(options.root, 'count'), 'utf8'), 'x\nx\nx\n');
});

test('the API key goes to the origin of base_url and to no other', async (t) => {
  const received: string[] = [];
  const other = http.createServer((request, response) => {
    received.push(String(request.headers['x-api-key']), String(request.headers['x-extra']));
    response.writeHead(200).end();
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}/ok`;
  const options = place(t, { env: { KEY: 'sk-123456' } });
  const seen = path.join(options.root, 'seen');
  const config = {
    ...{ command: serve, api_key_env: 'KEY', api_key_header: 'X-API-Key', headers: { 'X-Extra': 'mine' } },
    ...{ env: { SERVER_SEEN: seen, SERVER_REDIRECT: elsewhere }, ready: { url: '/redirect' } },
  };
  await started(t, config, options);
  const first = JSON.parse(readFileSync(seen, 'utf8').split('\n')[0] ?? '') as { headers: Record<string, string> };
  assert.equal(first.headers['x-api-key'], 'sk-123456');
  assert.equal(first.headers['x-extra'], 'mine');
  assert.deepEqual(received, ['undefined', 'undefined']);
  await started(t, { ...config, ready: { url: elsewhere } }, options);
  assert.ok(received.length >= 4 && received.every((value) => value === 'undefined'));
});

test('ready.url must answer 2xx', async (t) => {
  const error = await failure(startService(target({ command: serve, ready: { url: '/nothing', timeout_seconds: 1 } }), place(t)));
  assert.match(error.message, /answers 404/);
});

test('a service on ::1 alone gets a hint', async (t) => {
  const script = `require('node:http').createServer((q, r) => r.end()).listen(Number(process.env.PORT), '::1', () => console.log('up')).on('error', () => setInterval(() => {}, 1000))`;
  const error = await failure(startService(target({ command: `${node} -e "${script}"`, ready: { timeout_seconds: 3 } }), place(t)));
  assert.ok(error instanceof ServiceError);
  assert.equal(error.exitCode, 4);
  // Without IPv6 on the machine, or when it did not even start in time, the ordinary hint is right.
  assert.match(error.hint ?? '', error.logLines.includes('up') ? /listens on ::1 but not on 127\.0\.0\.1/ : /ready\.timeout_seconds/);
});

test('the state is told before and after the start', async (t) => {
  const states: unknown[] = [];
  const service = await started(t, { command: serve }, place(t, { onState: (state) => states.push(state) }));
  const marker = (states[0] as { marker: string }).marker;
  assert.deepEqual(states, [
    { pgid: null, marker, cidfile: null },
    { pgid: service.pid, marker, cidfile: null },
  ]);
});

test('a certificate that nobody vouches for: the hint says how it is trusted', async (t) => {
  const fixture = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');
  const server = https.createServer({ cert: fixture('cert.pem'), key: fixture('key.pem') }, (_, response) => response.end()).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await assert.rejects(
    startService(target({ base_url: `https://127.0.0.1:${port}`, ready: { url: '/', timeout_seconds: 0.2 } }), place(t)),
    (error) => {
      assert.ok(error instanceof ServiceError);
      assert.match(error.message, /certificate/);
      assert.match(error.hint ?? '', /NODE_EXTRA_CA_CERTS/);
      return true;
    },
  );
});
