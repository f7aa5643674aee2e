import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeScenarioFiles } from '../../src/jobs/scenario-files.ts';
import { documentOf } from '../result/sample.ts';

test('a result of prefix_cache is kept whole in a folder named by its time, also among other scenarios; another one leaves nothing', async () => {
  const root = await mkdtemp(join(tmpdir(), 'llm-bench-files-'));
  try {
    const document = documentOf({ timestamp: '2026-01-31T12:34:56.789Z', results: { total_requests: 1 } });
    assert.deepEqual(await writeScenarioFiles(document, join(root, 'results')), []);
    for (const found of [{ prefix_cache: {} }, { scenarios: { other: {}, prefix_cache: { prefix_cache: {} } } }]) {
      const [path = ''] = await writeScenarioFiles({ ...document, results: { ...document.results, ...found } }, join(root, 'results'));
      assert.equal(path, join(root, 'results', 'pattern3_20260131_123456', 'comprehensive_results.json'));
      const kept = JSON.parse(await readFile(path, 'utf8')) as typeof document;
      assert.deepEqual([kept.timestamp, kept.series.length], [document.timestamp, document.series.length]);
    }
    assert.deepEqual(await readdir(join(root, 'results')), ['pattern3_20260131_123456']);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
