import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ResultDocument } from '../../src/result/document.ts';
import { distribution, sampleResult } from '../report/sample.ts';

const cli = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** The real command in a folder of its own that holds these files. */
async function inFolder(
  files: Record<string, string>,
  use: (folder: string, run: (...words: string[]) => Promise<Ran>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-report-'));
  const run = (...words: string[]) =>
    new Promise<Ran>((resolve) => {
      execFile(process.execPath, [cli, 'report', ...words], { cwd: folder }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await use(folder, run);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A result whose latencies and TTFT are these times those of the sample. */
function scaled(factor: number): ResultDocument {
  const sample = sampleResult();
  const latency = distribution(0.82 * factor, 's');
  return { ...sample, series: [{ ...sample.series[0]!, metrics: { ...sample.series[0]!.metrics, latency_s: latency } }] };
}

const one = JSON.stringify(scaled(1));
const slow = JSON.stringify(scaled(1.5));
const files = { 'one.json': one, 'slow.json': slow };

test('every format of a result alone', () =>
  inFolder(files, async (folder, run) => {
    const text = await run('one.json');
    assert.deepEqual([text.code, text.stderr], [0, '']);
    assert.match(text.stdout, /^llm-bench: latency_benchmark\nTimestamp: /);
    assert.match(
      (await run('one.json', '--format', 'markdown')).stdout,
      /^### llm-bench: `latency_benchmark` on `my-service`\n\n.*\n\n\| \| Min \|/s,
    );
    assert.match((await run('one.json', '--format', 'csv')).stdout, /^series,metric,stat,unit,value\r\nlatency_benchmark,/);
    assert.equal(JSON.parse((await run('one.json', '--format', 'json')).stdout).scenario, 'latency_benchmark');
    const written = await run('one.json', '--format', 'html', '-o', 'out/page.html');
    assert.deepEqual([written.code, written.stdout, written.stderr], [0, '', 'wrote out/page.html\n']);
    assert.match(await readFile(join(folder, 'out/page.html'), 'utf8'), /^<!doctype html>/);
  }));

test('with a baseline it compares by rules, and a regression does not fail the rendering', () =>
  inFolder(files, async (_, run) => {
    const text = await run('slow.json', '--baseline', 'one.json');
    assert.equal(text.code, 0, text.stderr);
    assert.match(text.stdout, /❌ llm-bench: Latency p95 regressed by 50% \(limit 20%\)/);
    assert.match(
      (await run('slow.json', '--baseline', 'one.json', '--format', 'markdown')).stdout,
      /^### ❌ llm-bench: Latency p95 regressed by 50%/,
    );
    assert.equal(JSON.parse((await run('slow.json', '--baseline', 'one.json', '--format', 'json')).stdout).verdict, 'regressed');
    assert.match((await run('slow.json', '--baseline', 'one.json', '--format', 'html')).stdout, /class="verdict regressed"/);
  }));

test('limits of a file are judged, with a baseline and without', () =>
  inFolder(
    { ...files, 'limits.yaml': 'extends: none\nseries: { "*": { latency_s.p95: { max: 1.2, max_regression_percent: 60 } } }\n' },
    async (_, run) => {
      const alone = await run('slow.json', '--thresholds', 'limits.yaml');
      assert.match(alone.stdout, /❌ llm-bench: Latency p95 is 1\.66 s, above its limit of 1\.2 s/, alone.stderr);
      const both = await run('one.json', '--thresholds', 'limits.yaml', '--baseline', 'slow.json');
      assert.match(both.stdout, /✅ llm-bench: no regression/, both.stderr);
    },
  ));

test('several files: one after the other, and told apart', () =>
  inFolder(files, async (_, run) => {
    assert.equal((await run('one.json', 'slow.json')).stdout.match(/^Timestamp:/gm)?.length, 2);
    assert.match((await run('one.json', 'slow.json', '--format', 'csv')).stdout, /^slow\.json:latency_benchmark,latency_s,p50,s,1\.23\r$/m);
    assert.equal(JSON.parse((await run('one.json', 'slow.json', '--format', 'json')).stdout).length, 2);
    const html = await run('one.json', 'slow.json', '--format', 'html');
    assert.deepEqual([html.code, html.stdout], [2, '']);
    assert.match(html.stderr, /--format html makes one page of one FILE, found 2/);
  }));

test('bad usage is exit 2 with a sentence', () =>
  inFolder({ ...files, 'cut.json': one.slice(0, 200) }, async (_, run) => {
    for (const [words, message] of [
      [['none.json'], /none\.json does not exist/],
      [['cut.json'], /cut\.json/],
      [['one.json', '--format', 'pdf'], /text, markdown, html, json, csv/],
      [['one.json', '--format', 'csv', '--baseline', 'slow.json'], /--format csv holds the figures of results/],
      [['one.json', '--thresholds', 'none.yaml'], /none\.yaml not found/],
      [[], /expected a result file, found none/],
    ] as const) {
      const { code, stdout, stderr } = await run(...words);
      assert.deepEqual([code, stdout], [2, ''], words.join(' '));
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
    }
  }));
