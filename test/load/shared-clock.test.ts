import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { isDistribution } from '../../src/result/document.ts';
import { chatServer, told, Workspace } from '../cli/harness.ts';

/** What threads see that start after the time of day was set ten minutes ahead. */
const setAhead = `
import { isMainThread } from 'node:worker_threads';
if (!isMainThread) Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + 600_000 });
`;

for (const [pattern, load] of [
  ['users', ['-c', '2']],
  ['a schedule', ['--rate', '50']],
] as const) {
  test(`a system clock that is set while the program runs moves no time: ${pattern}`, async () => {
    await using workspace = await Workspace.open();
    await using server = await chatServer({ tokens: 2, tokenMs: 1 });
    await writeFile(workspace.file('ahead.mjs'), setAhead);
    const finished = await workspace.run(['run', '--url', server.url, '-n', '10', ...load], {
      NODE_OPTIONS: `--import ${workspace.file('ahead.mjs')}`,
    });
    assert.equal(finished.code, 0, told(finished));
    const { results, series } = await workspace.result();
    const lateness = series[0]?.metrics['send_lateness_ms'];
    assert.ok(lateness !== undefined && isDistribution(lateness) && (lateness.max ?? Number.NaN) < 300_000, JSON.stringify(lateness));
    assert.ok(results.duration_seconds > 0 && results.duration_seconds < 300, `${results.duration_seconds}`);
  });
}
