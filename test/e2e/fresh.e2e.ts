/** A fresh clone with its dist/ and nothing installed: what somebody has who downloads the action, or clones the repository. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { programOf, repositoryRoot, unless } from './components.ts';
import { actionFolder } from './staged.ts';
import { type Finished, readResult, type Started, scratch, start, told } from './support.ts';

interface Clone {
  folder: string;
  /** An empty folder to work in. */
  work: string;
  cli: string;
}

async function clone(t: TestContext): Promise<Clone> {
  const root = await scratch(t);
  const folder = join(root, 'llm-bench');
  await promisify(execFile)('git', ['clone', '--quiet', '--no-local', '--depth', '1', `file://${repositoryRoot}`, folder]);
  await rm(join(folder, 'dist'), { recursive: true, force: true });
  await cp(join(actionFolder, 'dist'), join(folder, 'dist'), { recursive: true });
  assert.ok(!existsSync(join(folder, 'node_modules')) && !existsSync(join(root, 'node_modules')), 'nothing is installed');
  const work = join(root, 'work');
  await mkdir(work);
  return { folder, work, cli: join(folder, 'dist', 'cli', 'index.js') };
}

const runCli = (t: TestContext, { cli, work }: Clone, ...args: string[]): Promise<Finished> =>
  start(t, process.execPath, [cli, ...args], { cwd: work }).done;

/** The line of the README: a hundred requests at any OpenAI-compatible server. */
async function measure(t: TestContext, at: Clone, url: string, model: string): Promise<Finished> {
  const ran = await runCli(t, at, 'run', '--base-url', url, '--model', model, '-n', '100', '-c', '8', '--max-tokens', '64', '-o', 'out.json');
  assert.equal(ran.code, 0, told(ran));
  const { results, errors, model: asked, client, partial } = await readResult(at.work, 'out.json');
  assert.deepEqual([results.total_requests, results.successful, results.concurrency, errors, partial], [100, 100, 8, [], false], told(ran));
  assert.equal(asked, model);
  assert.ok(client, told(ran));
  assert.match(ran.stdout, /Successful: +100\n/);
  return ran;
}

/** The address that a server says it listens on. */
async function addressOf(server: Started): Promise<string> {
  return (await server.printed(/http:\/\/127\.0\.0\.1:\d+/))[0];
}

test('the embedded engine of a fresh clone, measured by it', async (t) => {
  const at = await clone(t);
  const flags = ['--natural-tokens', '24', '--models', 'some-model', '--strict-model'];
  const server = start(t, process.execPath, [at.cli, 'mock', '--port', '0', ...flags], { cwd: at.work });
  await measure(t, at, await addressOf(server), 'some-model');
  const { results, series } = await readResult(at.work, 'out.json');
  const tokens = series[0]?.metrics['output_tokens'];
  assert.deepEqual(tokens && 'mean' in tokens ? [tokens.min, tokens.max] : tokens, [24, 24]);
  assert.equal(results.output_tokens, 2400);
});

test("another's OpenAI-compatible server, measured by a fresh clone", { skip: unless('aimock') }, async (t) => {
  const at = await clone(t);
  const fixtures = join(at.work, 'fixtures.json');
  const response = { content: 'One two three four five six seven eight nine ten eleven twelve.' };
  const profile = { ttft: 40, tps: 100, jitter: 0 };
  await writeFile(fixtures, JSON.stringify({ fixtures: [{ match: { model: 'any-model' }, response, streamingProfile: profile }] }));
  const server = start(t, process.execPath, [programOf('aimock'), '-p', '0', '-f', fixtures], { cwd: at.work });
  await measure(t, at, await addressOf(server), 'any-model');
  const { results, series } = await readResult(at.work, 'out.json');
  // It sends the role at 40 ms, then the text in four parts of 10 ms each: the role is no token.
  assert.ok((results.ttft_ms?.min ?? 0) > 45, JSON.stringify(results.ttft_ms));
  assert.ok((results.latency_s?.min ?? 0) * 1000 > (results.ttft_ms?.min ?? 0) + 20, JSON.stringify(results.latency_s));
  // Its usage says the same of every answer.
  const tokens = series[0]?.metrics['output_tokens'];
  assert.ok(tokens && 'mean' in tokens && tokens.count === 100 && (tokens.min ?? 0) > 1 && tokens.min === tokens.max, JSON.stringify(tokens));
});

test('help, version, catalogue and a run without any target, of a fresh clone', async (t) => {
  const at = await clone(t);
  const help = await runCli(t, at, '--help');
  assert.deepEqual([help.code, help.stderr], [0, ''], told(help));
  for (const command of ['run', 'check', 'compare', 'report', 'merge', 'mock', 'init'])
    assert.match(help.stdout, new RegExp(`^ +${command}\\b`, 'm'));
  for (const command of ['run', 'check', 'compare', 'report', 'merge', 'mock', 'init']) {
    const own = await runCli(t, at, command, '--help');
    assert.equal(own.code, 0, told(own));
    assert.ok(own.stdout.startsWith(`Usage: llm-bench ${command}`), told(own));
  }
  const { version } = JSON.parse(await readFile(join(at.folder, 'package.json'), 'utf8')) as { version: string };
  assert.equal((await runCli(t, at, '--version')).stdout.trim(), version);
  const list = await runCli(t, at, 'run', '--list');
  assert.equal(list.code, 0, told(list));
  assert.match(list.stdout, /latency_benchmark/);

  const embedded = await runCli(t, at, 'run', '-n', '20', '--html', '-o', 'embedded.json');
  assert.equal(embedded.code, 0, told(embedded));
  assert.match(embedded.stderr, /No target was named: serving the embedded engine/);
  assert.equal((await readResult(at.work, 'embedded.json')).results.successful, 20);
  assert.match(await readFile(join(at.work, 'embedded.html'), 'utf8'), /<\/html>/);
  const compared = await runCli(t, at, 'compare', '--baseline', 'embedded.json', '--current', 'embedded.json');
  assert.equal(compared.code, 0, told(compared));
  const unknown = await runCli(t, at, 'run', '--concurency', '4');
  assert.equal(unknown.code, 2, told(unknown));
  assert.match(unknown.stderr, /--concurrency/);
});

test('npm ci and npm start of a fresh clone, on whatever Node is there', async (t) => {
  const at = await clone(t);
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.endsWith(join('node_modules', '.bin')));
  // As in a new terminal: what the npm that runs these tests has set is not passed on, but for where packages come from.
  const ours = Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_registry)|NODE_TEST_CONTEXT|INIT_CWD)/i.test(name));
  const env = { ...(Object.fromEntries(ours) as Record<string, string>), PATH: path.join(delimiter) };
  const installed = await start(t, 'npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: at.folder, env }).done;
  const unreachable = installed.stderr.match(/\b(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|E50\d)\b.*/)?.[0];
  if (installed.code !== 0 && unreachable) return t.skip(`npm ci does not reach the package registry: ${unreachable}`);
  assert.equal(installed.code, 0, told(installed));

  const ran = await start(t, 'npm', ['start'], { cwd: at.folder, env }).done;
  // The committed baseline is of another machine, at another time: that this one keeps the limits is not ours to ask.
  assert.ok(ran.code === 0 || (ran.code === 1 && /❌ llm-bench: .* regressed by/.test(ran.stdout)), told(ran));
  const { results, target } = await readResult(at.folder, 'results', 'demo.json');
  assert.deepEqual([target, results.total_requests, results.successful], ['demo', 120, 120], told(ran));
  assert.match(ran.stdout, /^Latency p95 +[\d.]+ ms +[\d.]+ ms +[+−±][\d.]+ % +\+20 %/m, told(ran));
  assert.match(await readFile(join(at.folder, 'results', 'demo.html'), 'utf8'), /<\/html>/);
  assert.match(await readFile(join(at.folder, 'results', 'demo.md'), 'utf8'), /Latency p95/);
});

const oldNode = findOldNode();

test('an older Node says in one line which one is needed', { skip: oldNode ? false : 'there is no Node older than 24 here' }, async (t) => {
  const at = await clone(t);
  for (const entry of ['cli', 'main', 'post']) {
    const ran = await start(t, oldNode ?? '', [join(at.folder, 'dist', entry, 'index.js'), '--help'], { cwd: at.work }).done;
    assert.equal(ran.code, 2, told(ran));
    assert.match(ran.stderr, /^llm-bench needs Node 24 or newer; this is Node \d+\.[^\n]*\n$/, told(ran));
    assert.equal(ran.stdout, '');
  }
});

/** A Node before 24 on PATH or in the usual places; null where there is none. */
function findOldNode(): string | null {
  const folders = new Set([...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', '/bin']);
  for (const program of [...folders].map((folder) => join(folder, 'node'))) {
    try {
      const version = execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      if (Number(version.match(/^v(\d+)\./)?.[1]) < 24) return program;
    } catch {
      // Not there, or not to be run.
    }
  }
  return null;
}
