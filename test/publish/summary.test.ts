import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendSummary, longestSummaryBytes } from '../../src/publish/summary.ts';

async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'llm-bench-summary-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('appends to what other steps of the job wrote, and makes the file', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'summary.md');
  assert.equal(await appendSummary(file, '### first\n'), null);
  assert.equal(await appendSummary(file, '### second\n'), null);
  assert.equal(await readFile(file, 'utf8'), '### first\n\n### second\n');
});

test('outside a workflow nothing is written, and that is no warning', async () => {
  assert.equal(await appendSummary(null, 'x'), null);
  assert.equal(await appendSummary('', 'x'), null);
});

test('the file stays within 1 MiB, counted in bytes, with folds closed', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'summary.md');
  await writeFile(file, 'x'.repeat(600_000));
  assert.equal(await appendSummary(file, `<details>\n\n${'| ± 1,0 … 2 |\n'.repeat(60_000)}\n</details>\n`), null);
  const text = await readFile(file, 'utf8');
  assert.ok(Buffer.byteLength(text) <= longestSummaryBytes && Buffer.byteLength(text) > longestSummaryBytes - 200);
  assert.equal(text.match(/<details>/g)?.length, text.match(/<\/details>/g)?.length);
  assert.match(text, /Cut here to fit/);
});

test('a full or unwritable file is a warning', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'full.md');
  await writeFile(file, 'x'.repeat(longestSummaryBytes));
  assert.match((await appendSummary(file, 'more')) ?? '', /summary is full/);
  assert.equal((await readFile(file)).length, longestSummaryBytes);
  assert.match((await appendSummary(folder.path, 'x')) ?? '', /cannot be written/);
});
