import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const collector = new URL('../../src/load/collector.ts', import.meta.url).href;

/** Runs a program that is given the collector, V8 telling what it clears; its own lines and V8's. */
async function run(body: string): Promise<string[]> {
  const program = `import { collectGarbage, settleCollector } from ${JSON.stringify(collector)};\n${body}`;
  const flags = ['--no-warnings', '--trace-gc', '--expose-gc', '--input-type=module'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', program]);
  return stdout.split('\n');
}

/** V8 lets eight seconds go by first. */
const quietMs = 10_500;
/** A heap that has grown and is cleared, in a thread that has little to do, as one that hears of ended requests now and then. */
const grownAndQuiet = `
  globalThis.held = Array.from({ length: 1e6 }, (_, at) => ({ at }));
  const work = setInterval(() => (globalThis.young = Array.from({ length: 200 }, (_, at) => ({ at }))), 20);
  setTimeout(collectGarbage, 600);
  setTimeout(() => clearInterval(work), ${quietMs});`;

test('what V8 does with a heap in quiet seconds to make it smaller is not done, in the main thread either', async () => {
  const reduced = (lines: string[]) => lines.filter((line) => line.includes('(reduce)')).length;
  const [left, settled] = await Promise.all([run(grownAndQuiet), run(`settleCollector();${grownAndQuiet}`)]);
  assert.ok(reduced(left) > 0, 'V8 does it where it is let');
  assert.ok(settled.some((line) => line.includes('Mark-Compact')));
  assert.equal(reduced(settled), 0);
});

test('a thread that starts after has room for young objects from the beginning', async () => {
  const lines = await run(`
    import { Worker } from 'node:worker_threads';
    settleCollector();
    const inside = \`
      import { getHeapSpaceStatistics } from 'node:v8';
      import { parentPort } from 'node:worker_threads';
      gc();
      parentPort.postMessage(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);\`;
    new Worker(new URL('data:text/javascript,' + encodeURIComponent(inside))).on('message', (bytes) => console.log('young', bytes));`);
  const young = lines.find((line) => line.startsWith('young '));
  assert.ok(Number(young?.slice(6)) >= 8 * 1024 * 1024, young);
});
