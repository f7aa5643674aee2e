import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { jobMembers, resultText } from '../../baseline/documents.ts';

const entry = fileURLToPath(new URL('../../../src/cli/index.ts', import.meta.url));
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'drift-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, 'drift', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const level = (run: number) => (run < 30 ? 100 : 125) + (run % 4) * 0.5;

function result(index: number): string {
  const value = level(index);
  return JSON.stringify({
    schema_version: 1,
    scenario: 'chat',
    git: { sha: `${String(index).padStart(4, '0')}abcdef0123`, ref: null, base_sha: null },
    series: [{ id: 'chat', labels: {}, metrics: { tokens_per_sec: { unit: 'tokens/s', better: 'higher', value } } }],
    runs: [{ round: 0, order: 0, started: '', duration_seconds: 1, values: { chat: { tokens_per_sec: value } } }],
  });
}

describe('llm-bench drift', () => {
  it('finds the step of a table, run by run', () => {
    const rows = Array.from({ length: 50 }, (_, i) => `"api, v1",${i},latency,${level(i)},ms\napi2,${i},latency,${100 + (i % 3)},ms`);
    const file = write('table.csv', `series,run,metric,value,unit\n${rows.join('\n')}\n`);
    const { status, stdout } = run(file, '--json');
    assert.equal(status, 0);
    const points = JSON.parse(stdout) as Record<string, unknown>[];
    assert.equal(points.length, 1);
    assert.deepEqual(Object.keys(points[0] ?? {}), ['series', 'metric', 'index', 'before', 'after', 'change_percent', 'p']);
    assert.equal(points[0]?.['series'], 'api, v1');
    assert.equal(points[0]?.['index'], 30);
    assert.ok(Math.abs(Number(points[0]?.['change_percent']) - 25) < 1);
    const text = run(file);
    assert.match(text.stdout, /api, v1\s+latency\s+30\s+101 ms\s+126 ms\s+\+24\.9%/);
  });

  it('counts the runs of the table where a metric lacks some of them', () => {
    const rows = Array.from({ length: 50 }, (_, i) => [
      `api,${i},size,${100 + (i % 3)},B`,
      ...(i % 5 === 1 ? [] : [`api,${i},latency,${level(i)},ms`]),
    ]);
    const grouped = Array.from({ length: 50 }, (_, i) => (i % 5 === 1 ? [] : [`api,${i},latency,${level(i)},ms`])).flat();
    const other = Array.from({ length: 50 }, (_, i) => `api,${i},size,${100 + (i % 3)},B`);
    for (const lines of [rows.flat(), [...grouped, ...other]]) {
      const file = write('lacking.csv', `series,run,metric,value,unit\n${lines.join('\n')}\n`);
      const points = JSON.parse(run(file, '--json').stdout) as { metric: string; index: number }[];
      assert.deepEqual(
        points.map(({ metric, index }) => [metric, index]),
        [['latency', 30]],
      );
    }
  });

  it('says of which series there are too few runs to tell', () => {
    const table = (...runs: [string, number][]) => {
      const rows = runs.flatMap(([metric, count]) => Array.from({ length: count }, (_, i) => `api,${i},${metric},${100 + i},ms`));
      return write('short.csv', `series,run,metric,value,unit\n${rows.join('\n')}\n`);
    };
    const alone = run(table(['latency', 3]));
    assert.equal(alone.status, 0);
    assert.match(alone.stdout, /^A change of level cannot be told: fewer than 8 runs in 1 series/);
    assert.match(alone.stderr, /latency of api: 3 runs are fewer than the 8/);
    const json = run(table(['latency', 3]), '--json');
    assert.deepEqual([JSON.parse(json.stdout), /3 runs are fewer/.test(json.stderr)], [[], true]);
    const mixed = run(table(['latency', 3], ['size', 9]));
    assert.match(mixed.stdout, /No change of level.*\n1 of the series has fewer than 8 runs/);
    assert.ok(!mixed.stderr.includes('size'));
    assert.equal(run(table(['size', 8])).stderr, '');
  });

  it('reports what Otava does where its settings are given, and confirmed levels alone where none is', () => {
    // One odd run stands as a level of its own for Otava.
    const rows = Array.from({ length: 60 }, (_, run) => `api,${run},latency,${run === 30 ? 150 : 100 + (run % 3)},ms`);
    const file = write('odd.csv', `series,run,metric,value,unit\n${rows.join('\n')}\n`);
    const found = (...args: string[]) => (JSON.parse(run(file, '--json', ...args).stdout) as { index: number }[]).map(({ index }) => index);
    assert.deepEqual(found(), []);
    assert.deepEqual(found('--p', '0.2'), found('--p', '0.2', '--method', 'otava'));
    assert.ok(found('--p', '0.2').length > 0);
    assert.deepEqual(found('--p', '0.2', '--method', 'confirmed'), []);
  });

  it('reads results in order and names the commits', () => {
    const files = Array.from({ length: 40 }, (_, i) => write(`r${i}.json`, result(i)));
    const { status, stdout } = run(...files, '--json');
    assert.equal(status, 0);
    const [point] = JSON.parse(stdout) as { index: number; commits: string[] }[];
    assert.equal(point?.index, 30);
    assert.deepEqual(point?.commits, ['0029abcdef0123', '0030abcdef0123']);
    assert.match(run(...files).stdout, /better 0029abcdef01\.\.0030abcdef01/);
  });

  it('nothing found is said and exits 0; values that are none are named and counted', () => {
    const rows = Array.from({ length: 40 }, (_, i) => `s,${i},m,${i === 5 ? 'NaN' : i === 6 ? '' : level(i)},ms`);
    const { status, stdout, stderr } = run(write('gaps.csv', rows.join('\n')), '--json');
    assert.equal(status, 0);
    assert.equal((JSON.parse(stdout) as { index: number }[])[0]?.index, 30);
    assert.match(stderr, /gaps\.csv:6: m of s left out: "NaN" is no finite number/);
    const steady = run(write('steady.csv', Array.from({ length: 40 }, (_, i) => `s,${i},m,${i % 3},ms`).join('\n')));
    assert.equal(steady.status, 0);
    assert.match(steady.stdout, /No change of level/);
  });

  it('looks into a store: changes of level in its runs, and slow steps away from a pinned anchor', () => {
    mkdirSync(join(folder, 'stored'));
    const store = (factors: number[]) => {
      for (const [index, factor] of factors.entries()) {
        const value = (100 + (index % 3) / 10) / factor;
        const runs = [{ round: 0, order: 0, started: '', duration_seconds: 1, values: { quick_validation: { tokens_per_sec: value } } }];
        const timestamp = new Date(Date.UTC(2026, 0, 1 + index)).toISOString();
        const mark = index === 0 ? { mark: { tag: 'v1', pinned: true, at: timestamp } } : {};
        const git = { sha: String(index).padStart(2, '0').repeat(20), ref: null, base_sha: null };
        write(`stored/${String(index).padStart(2, '0')}.json`, resultText(jobMembers(1, { timestamp, runs, git, ...mark })));
      }
    };
    store(Array.from({ length: 30 }, (_, index) => 1.012 ** Math.min(20, index)));
    const { status, stdout, stderr } = run('--store', 'folder:stored', '--json');
    assert.equal(status, 0, stderr);
    const rows = JSON.parse(stdout) as { metric: string; index: number | null; p: number | null; anchor: string | null; change_percent: number }[];
    const moved = rows.find(({ metric, anchor }) => metric === 'tokens_per_sec' && anchor === 'v1');
    assert.ok(moved && moved.change_percent < -15, stdout);
    assert.deepEqual([moved.index, moved.p], [null, null]);
    const text = run('--store', 'folder:stored').stdout;
    assert.match(text, /^\d+ findings in 30 runs: results in stored\n/);
    assert.match(text, /moved away from the anchor v1 by −\d+(\.\d)? % .* \(worse\)/);

    store(Array.from({ length: 30 }, (_, index) => (index < 12 ? 1 : 1.09)));
    const step = run('--store', 'folder:stored');
    assert.match(step.stdout, new RegExp(`changed its level by .* between the commits ${'11'.repeat(6)}\\.\\.${'12'.repeat(6)} \\(worse\\)`));
    assert.doesNotMatch(step.stdout, /anchor/, '9% is within the 10% of an anchor');
    write('limits.yaml', 'series: { "*": { tokens_per_sec: { max_regression_percent: 5 } } }\n');
    assert.match(run('--store', 'folder:stored', '--thresholds', 'limits.yaml').stdout, /moved away from the anchor v1/);
    write('llm-bench.yaml', 'baseline: { folder: stored }\n');
    assert.equal(run('--store').stdout, step.stdout, 'the store that the configuration names');
    rmSync(join(folder, 'llm-bench.yaml'));
    assert.match(run('--store', 'folder:nothing').stderr, /No baseline yet/);
    assert.equal(run('stored/00.json', '--store', 'folder:stored').status, 2);
  });

  it('bad usage exits 2 with a word', () => {
    assert.equal(run().status, 2);
    assert.equal(run('missing.csv').status, 2);
    assert.equal(run('missing.json').status, 2);
    assert.match(run(write('empty.csv', '')).stderr, /expected a table with the columns/);
    assert.match(run(write('other.csv', 'a,b\n1,2\n')).stderr, /expected series,run,metric,value,unit/);
    assert.match(run('x.csv', '--window', '1').stderr, /expected a whole number from 4/);
  });
});
