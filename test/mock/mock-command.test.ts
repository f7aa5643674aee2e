import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { engineOf, type Json, until } from './helpers.ts';

const script = new URL('./run-mock.ts', import.meta.url).pathname;

interface Run extends AsyncDisposable {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  exited: Promise<number | null>;
}

function run(parameters: string[], env: Record<string, string> = {}): Run {
  const { PORT: _, ...rest } = process.env;
  const child = spawn(process.execPath, [script, 'mock', ...parameters], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...rest, ...env } });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    out: () => out,
    err: () => err,
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function urlOf(started: Run): Promise<string> {
  await until('the first line', () => started.out().includes('\n') || started.child.exitCode !== null);
  const match = /^llm-bench mock: listening on (http:\/\/127\.0\.0\.1:\d+)\n/.exec(started.out());
  assert.ok(match, started.out() + started.err());
  return match[1]!;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`serves with the options of its flags until ${signal}, then exits 0, even with a stream open`, async () => {
    await using started = run([
      '--port',
      '0',
      '--model',
      'alpha',
      'beta',
      '--no-prefix-cache',
      '--natural-tokens',
      '5',
      '--fault',
      '500=0',
      'slow@2=0',
      '--log-every',
      '1',
    ]);
    const url = await urlOf(started);
    const models = (await (await fetch(`${url}/v1/models`)).json()) as Json;
    assert.deepEqual(
      models.data.map((model: Json) => model.id),
      ['alpha', 'beta'],
    );
    const body = JSON.stringify({ prompt: 'x'.repeat(500) });
    const answer = async () => (await fetch(`${url}/v1/completions`, { method: 'POST', body })).json() as Promise<Json>;
    await answer();
    const { usage } = await answer();
    assert.deepEqual([usage.completion_tokens, usage.prompt_tokens_details.cached_tokens], [5, 0]);
    await until('a line for each request', () => started.out().split('\n').length === 4);

    const goes = new AbortController();
    const stalled = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      body: '{"prompt":"x","stream":true}',
      headers: { 'x-mock-fault': 'stall' },
      signal: goes.signal,
    });
    started.child.kill(signal);
    assert.equal(await started.exited, 0);
    await assert.rejects(stalled.text());
    assert.equal(started.err(), '');
  });
}

test('PORT is used where --port is not given, and the key comes from its variable', async () => {
  // A port that was free a moment ago.
  const port = await (async () => {
    await using engine = await engineOf();
    return engine.port;
  })();
  await using started = run([], { PORT: String(port), LLM_BENCH_MOCK_API_KEY: 'k1' });
  const url = await urlOf(started);
  assert.equal(url, `http://127.0.0.1:${port}`);
  assert.equal((await fetch(`${url}/v1/models`)).status, 401);
  assert.equal((await fetch(`${url}/v1/models`, { headers: { 'x-api-key': 'k1' } })).status, 200);
});

test('an empty environment variable is one that is not set', async () => {
  await using started = run([], { PORT: '', LLM_BENCH_MOCK_API_KEY: '' });
  assert.equal((await fetch(`${await urlOf(started)}/v1/models`)).status, 200);
});

test('every bad option is named, and it exits 2', async () => {
  await using started = run(
    ['--decode-step-ms', 'fast', '--max-batch', '0', '--usage', 'never', '--fault', 'boom=0.1', '500', '--overload-status', '500', '--seed', '1.5'],
    { PORT: '99999' },
  );
  assert.equal(await started.exited, 2);
  const lines = started.err().trim().split('\n');
  for (const line of [
    'environment variable PORT: expected a whole number from 0 to 65535, found 99999',
    '--decode-step-ms: expected a number from 0 to 10000000, found "fast"',
    '--max-batch: expected a whole number from 1 to 100000, found 0',
    '--overload-status: expected one of 503, 429, found "500"',
    '--seed: expected a whole number from 0 to 4294967295, found 1.5',
    '--usage: expected one of last, content, none, found "never"',
    '--fault: expected a rate from 0 to 1 for 500, found nothing',
  ]) {
    assert.ok(lines.includes(line), `${line}\nnot in:\n${lines.join('\n')}`);
  }
  assert.ok(lines.some((line) => line.startsWith('--fault: expected one of 400, 429') && line.endsWith('found "boom"')));
  assert.equal(lines.length, 8);
  assert.equal(started.out(), '');
});

test('a port that is taken exits 4', async () => {
  await using engine = await engineOf();
  await using started = run(['--port', String(engine.port)]);
  assert.equal(await started.exited, 4);
  assert.match(started.err(), /something else listens there/);
});

test('--help names every flag with its default and unit', async () => {
  await using started = run(['--help']);
  assert.equal(await started.exited, 0);
  for (const flag of [
    '--decode-step-ms <number>',
    '--no-prefix-cache',
    '--model, --models <names...>',
    '--fault <name=rate...>',
    '--api-key <text>',
    '--slow-factor <number>',
  ]) {
    assert.ok(started.out().includes(flag), flag);
  }
  assert.match(started.out().replace(/\s+/g, ' '), /base time of one engine step, ms \(default: 0\.6\)/);
});
