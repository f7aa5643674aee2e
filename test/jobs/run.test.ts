import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { BaselineFound } from '../../src/baseline/source.ts';
import { type RunOptions, run } from '../../src/jobs/run.ts';
import type { ResultDocument } from '../../src/result/document.ts';
import type { Verdict } from '../../src/verdict/verdict.ts';
import { type ChatServer, chatServer } from '../cli/harness.ts';
import { Projects, set } from './project.ts';

const projects = new Projects();
const temporary = process.env['TMPDIR'];
// Other tests measure at the same time; with a folder of their own for its locks these do not hear of them.
before(async () => {
  process.env['TMPDIR'] = await mkdtemp(join(tmpdir(), 'llm-bench-locks-'));
});
after(async () => {
  await rm(tmpdir(), { recursive: true, force: true });
  if (temporary === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = temporary;
  await projects.close();
});

/** Runs against a server; what was printed and written, and the exit code. Again when the machine held the client up, which makes a measurement not valid (3). */
async function runWith(...parameters: Parameters<typeof runOnce>) {
  for (let attempt = 1; ; attempt++) {
    const outcome = await runOnce(...parameters);
    if (outcome.code !== 3 || attempt === 6) return outcome;
  }
}

async function runOnce(server: ChatServer, changes: Partial<RunOptions> = {}, files: Record<string, string> = {}) {
  const measureOptions = await projects.open(files, [set('load.requests', 4), set('target.base_url', server.url)]);
  const out: string[] = [];
  const err: string[] = [];
  const at = (name: string) => join(measureOptions.config.root, name);
  const { print, ...others } = changes;
  const code = await run({
    ...measureOptions,
    output: at('out.json'),
    html: false,
    logRequests: null,
    note: null,
    baseline: null,
    order: null,
    print: { color: false, json: false, quiet: false, out: (text) => void out.push(text), err: (text) => void err.push(text), ...print },
    ...others,
  });
  return { code, out: out.join(''), err: err.join('\n'), at, document: JSON.parse(await readFile(at('out.json'), 'utf8')) as ResultDocument };
}

const found = (document: ResultDocument): BaselineFound => ({
  found: true,
  documents: [document],
  sha: 'b'.repeat(40),
  description: 'base.json',
  distance: null,
  notes: [],
  skipped: [],
});

test('without a baseline the result and its summary; with none found, the reason as well', async () => {
  await using server = await chatServer();
  const alone = await runWith(server, { note: 'first try' });
  assert.deepEqual([alone.code, alone.document.note, existsSync(alone.at('out.md'))], [0, 'first try', false]);
  assert.match(alone.out, /Total requests:\s+4/);
  const miss: BaselineFound = { found: false, documents: [], reason: 'No baseline yet: nothing there.', warning: false, skipped: [] };
  const first = await runWith(server, { baseline: miss });
  assert.equal(first.code, 0);
  assert.match(first.err, /No baseline yet: nothing there\./);
  assert.match(await readFile(first.at('out.md'), 'utf8'), /No baseline yet/);
});

test('with a baseline the verdict is printed, written as data and as a report, and decides the exit code', async () => {
  await using quick = await chatServer({ tokenMs: 5 });
  await using slow = await chatServer({ tokenMs: 150 });
  const { document } = await runWith(quick);
  const worse = await runWith(slow, { baseline: found(document) });
  assert.equal(worse.code, 1);
  const verdict = JSON.parse(await readFile(worse.at('out.verdict.json'), 'utf8')) as Verdict;
  assert.equal(verdict.verdict, 'regressed');
  assert.match(worse.out, /regressed/);
  assert.match(await readFile(worse.at('out.md'), 'utf8'), /regressed/);
  const better = await runWith(quick, { baseline: found(worse.document) });
  assert.equal(better.code, 0);
});

test('quiet prints the verdict when something is wrong, and nothing otherwise; --json leaves stdout to the document', async () => {
  await using quick = await chatServer();
  await using broken = await chatServer({ answer: (_, response) => Boolean(response.writeHead(503).end()) });
  const print = (changes: Partial<RunOptions['print']>) => ({ print: changes as RunOptions['print'] });
  const fine = await runWith(quick, print({ quiet: true }));
  assert.deepEqual([fine.code, fine.out, fine.err], [0, '', '']);
  const wrong = await runWith(broken, print({ quiet: true }));
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /rror rate/);
  const json = await runWith(broken, print({ json: true }));
  assert.deepEqual(JSON.parse(json.out), json.document);
  assert.match(json.err, /rror rate/);
});
