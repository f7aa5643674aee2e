import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogTail, longestLine } from '../../src/service/log-tail.ts';
import { scratch } from './support.ts';

async function written(log: LogTail, chunks: readonly (string | Buffer)[]): Promise<void> {
  const source = new PassThrough();
  log.attach(source);
  for (const chunk of chunks) source.write(chunk);
  source.end();
  await finished(source);
  await log.close();
}

test('however the output is cut into chunks, its lines come out', async (t) => {
  const directory = scratch(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '漢', ' ', '😀') }), { maxLength: 80 }),
      fc.integer({ min: 1, max: 7 }),
      async (lines, size) => {
        run += 1;
        const log = new LogTail(path.join(directory, `${run}.log`), (text) => text);
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        await written(
          log,
          Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size)),
        );
        assert.deepEqual(log.last(50), lines.slice(-50));
        assert.equal(readFileSync(log.file, 'utf8'), lines.map((line) => `${line}\n`).join(''));
      },
    ),
    { numRuns: 30 },
  );
});

test('masks, strips colours, keeps the last state of a progress bar and the unfinished last line', async (t) => {
  const heard: string[] = [];
  const file = path.join(scratch(t), 'deep/er/x.log');
  const log = new LogTail(file, (text) => text.replaceAll('secret', '***'));
  log.onLine((line) => heard.push(line));
  await written(log, ['\u001b[31mred secret\u001b[0m\r\n', ' 1%\r', ' 50%\r 99%', '\r100%\n', 'no newline']);
  assert.deepEqual(log.last(50), ['red ***', '100%', 'no newline']);
  assert.deepEqual(heard, ['red secret', '100%', 'no newline']);
  assert.equal(readFileSync(file, 'utf8'), 'red ***\n100%\nno newline\n');
  assert.deepEqual(log.last(2), ['100%', 'no newline']);
  assert.deepEqual(log.last(0), []);
});

test('a line that is too long is cut, also when it never ends', async (t) => {
  const log = new LogTail(path.join(scratch(t), 'x.log'), (text) => text);
  await written(log, [
    ...Array.from({ length: 20 }, () => 'x'.repeat(10_000)),
    '\nnext\n',
    `${'y'.repeat(longestLine + 5)}\n`,
    'z'.repeat(longestLine * 3),
  ]);
  const lines = log.last(50);
  assert.deepEqual(
    lines.map((line) => [line[0], line.length]),
    [
      ['x', longestLine + ' ... (line cut at 64 KiB)'.length],
      ['n', 4],
      ['y', longestLine + ' ... (line cut at 64 KiB)'.length],
      ['z', longestLine + ' ... (line cut at 64 KiB)'.length],
    ],
  );
});

test('appends to what is there', async (t) => {
  const file = path.join(scratch(t), 'x.log');
  writeFileSync(file, 'before\n');
  await written(new LogTail(file, (text) => text), ['after\n']);
  assert.equal(readFileSync(file, 'utf8'), 'before\nafter\n');
});

test('a file that cannot be written costs nothing but the file', async (t) => {
  const directory = scratch(t);
  const log = new LogTail(directory, (text) => text);
  await written(log, ['one\n', 'two\n']);
  assert.deepEqual(log.last(50), ['one', 'two']);
});
