import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readResult } from '../../src/result/read.ts';
import { writeResult } from '../../src/result/write.ts';
import { documentOf, measuredSeries } from '../result/sample.ts';

const cli = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));
let folder: string;

/** Runs the real command in the test's folder. */
async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { code, out, err };
}

const write = (name: string, factor: number, members: Record<string, unknown> = {}) =>
  writeResult(
    join(folder, name),
    documentOf({
      timestamp: '2026-01-01T00:00:00Z',
      series: [
        measuredSeries(
          'chat',
          Array.from({ length: 50 }, (_, index) => (100 + index) * factor),
          [1],
          { error_rate: 0 },
        ),
      ],
      ...members,
    }),
  );

describe('llm-bench compare', () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'llm-bench-cli-'));
    await write('bench_results.json', 1);
    await write('alike.json', 1.02);
    await write('slow.json', 1.5, { timestamp: '2026-01-02T00:00:00Z' });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('needs no arguments: without a baseline it says how to make one, then compares with it', async () => {
    const without = await run('compare');
    assert.equal(without.code, 2);
    assert.match(without.err, /baseline\.json does not exist.*--set-baseline/s);
    assert.equal((await run('compare', '--set-baseline')).code, 0);
    const same = await run('compare');
    assert.deepEqual([same.code, same.err], [0, '']);
    assert.match(same.out, /no regression/);
    const slow = await run('compare', '--current', 'slow.json', '--quiet');
    assert.equal(slow.code, 1);
    assert.match(slow.out, /p95 regressed by 50%/);
  });

  it('takes several baselines and prints JSON for programs', async () => {
    const { code, out } = await run('compare', '--current', 'slow.json', '--baseline', 'bench_results.json', 'alike.json', '--format', 'json');
    assert.equal(code, 1);
    const verdict = JSON.parse(out);
    assert.equal(verdict.verdict, 'regressed');
    assert.equal(verdict.baseline.runs, 2);
  });

  it('exits 2 for wrong usage', async () => {
    for (const args of [['--mode', 'guess'], ['--mode', 'paired'], ['--fail-on', 'x'], ['--unknown'], ['--set-baseline', '--baseline', 'a', 'b']]) {
      const { code, out, err } = await run('compare', ...args);
      assert.deepEqual([code, out], [2, ''], args.join(' '));
      assert.notEqual(err, '');
    }
  });

  it('merges, into a file or to standard output', async () => {
    assert.equal((await run('merge', 'bench_results.json', 'slow.json', '-o', 'out/merged.json')).code, 0);
    const merged = await readResult(join(folder, 'out', 'merged.json'));
    assert.equal(merged.runs.length, 2);
    const { code, out } = await run('merge', 'bench_results.json', 'slow.json');
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify(merged)));
    assert.equal((await run('merge')).code, 2);
  });

  it('merges shards that ran apart with a warning, and refuses shards of unlike seeds', async () => {
    const shard = async (index: number, seconds: number, seed: number) => {
      const document = await readResult(join(folder, 'bench_results.json'));
      const resolved = { scenario: { name: document.scenario, seed, load: {}, request: {} } };
      const timestamp = new Date(Date.UTC(2026, 0, 1) + 1000 * seconds).toISOString();
      const results = { ...document.results, total_requests: 50, successful: 50, duration_seconds: 10 };
      const text = JSON.stringify({ ...document, results, timestamp, shard: { index, count: 2 }, config: { resolved, sha256: String(seed) } });
      await writeFile(join(folder, `s${index}.json`), text);
    };
    await shard(1, 0, 1);
    await shard(2, 100_000, 1);
    const apart = await run('merge', 's1.json', 's2.json', '-o', 'apart.json');
    assert.equal(apart.code, 0);
    assert.match(apart.err, /warning: shard 2\/2 \(s2\.json\) began 100000\.0 s after 1\/2 \(s1\.json\)/);
    await shard(2, 0, 2);
    const unlike = await run('merge', 's1.json', 's2.json', '-o', 'unlike.json');
    assert.equal(unlike.code, 2);
    assert.match(unlike.err, /1\/2 \(s1\.json\) and 2\/2 \(s2\.json\) are no parts of one load.*scenario\.seed: 1 -> 2/s);
  });
});
