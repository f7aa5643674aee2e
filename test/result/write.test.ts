import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { UserError } from '../../src/config/errors.ts';
import { readResult } from '../../src/result/read.ts';
import { formatResult, writeResult } from '../../src/result/write.ts';
import { documentOf, measuredSeries } from './sample.ts';

describe('writeResult', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'llm-bench-write-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('creates folders and gives back the same document when read', async () => {
    const path = join(folder, 'a', 'b', 'result.json');
    const document = documentOf({ series: [measuredSeries('chat', [10, 20, 30])], note: 'trial', future: 1 });
    await writeResult(path, document);
    assert.deepEqual(await readResult(path), document);
    assert.deepEqual(await readdir(join(folder, 'a', 'b')), ['result.json']);
  });

  it('writes members in one order and what is not finite as null', () => {
    const document = documentOf({ results: {}, series: [] });
    document.results.error_rate = Number.NaN;
    document.results.duration_seconds = Number.POSITIVE_INFINITY;
    const shuffled = Object.fromEntries(Object.entries(document).reverse()) as typeof document;
    assert.equal(formatResult(shuffled), formatResult(document));
    const parsed = JSON.parse(formatResult(document));
    assert.equal(Object.keys(parsed)[0], 'schema_version');
    assert.equal(parsed.results.error_rate, null);
    assert.equal(parsed.results.duration_seconds, null);
  });

  it('leaves the old file and no rest when it cannot write', async () => {
    const path = join(folder, 'occupied');
    await writeFile(path, 'old');
    await assert.rejects(
      writeResult(join(path, 'result.json'), documentOf({ results: {} })),
      (error: UserError) => error.exitCode === 2 && /could not be written/.test(error.message),
    );
    assert.equal(await readFile(path, 'utf8'), 'old');
  });

  it('writes through what is no plain file, as /dev/null: a link stays a link, a pipe a pipe', { skip: process.platform === 'win32' }, async () => {
    const document = documentOf({ series: [measuredSeries('chat', [10, 20, 30])] });
    const [target, link, pipe] = [join(folder, 'target.json'), join(folder, 'link.json'), join(folder, 'pipe')];
    await writeFile(target, 'old');
    await symlink(target, link);
    await writeResult(link, document);
    assert.ok((await lstat(link)).isSymbolicLink());
    assert.deepEqual(await readResult(target), document);
    execFileSync('mkfifo', [pipe]);
    const [read] = await Promise.all([readFile(pipe, 'utf8'), writeResult(pipe, document)]);
    assert.equal(read, formatResult(document));
    assert.ok((await lstat(pipe)).isFIFO());
  });

  it('never shows a half-written file to a reader', async () => {
    const path = join(folder, 'raced.json');
    const document = documentOf({
      series: [
        measuredSeries(
          'chat',
          Array.from({ length: 500 }, (_, index) => index + 1),
        ),
      ],
    });
    await writeResult(path, document);
    const writers = Array.from({ length: 8 }, () => writeResult(path, document));
    const readers = Array.from({ length: 8 }, () => readResult(path));
    for (const read of await Promise.all(readers)) assert.equal(read.series.length, 1);
    await Promise.all(writers);
    assert.ok(!(await readdir(folder)).some((name) => name.endsWith('.tmp')));
  });
});
