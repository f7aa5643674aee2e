import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readResult } from '../../src/result/read.ts';

const cli = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/import/${name}`, import.meta.url));
let folder: string;

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { code, out, err };
}

const table = (values: readonly number[]) =>
  `series,run,metric,value,unit\n${values.map((value, run) => `parse,${run},time_ms,${value},ms\n`).join('')}`;
const verdictOf = (out: string) =>
  JSON.parse(out) as { verdict: string; mode: string; series: { metric: string; verdict: string }[]; notes: string[] };

describe('llm-bench import, and what others measured in compare', () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'llm-bench-import-'));
    await writeFile(join(folder, 'base.csv'), table([100, 101, 99, 100, 102, 98, 100, 101]));
    await writeFile(join(folder, 'same.csv'), table([100.5]));
    await writeFile(join(folder, 'slow.csv'), table([140]));
    await writeFile(join(folder, 'bad.json'), '[{"name": "parse", ');
    await writeFile(join(folder, 'unit.csv'), table([100]).replaceAll(',ms', ',s'));
    await writeFile(join(folder, 'limits.yaml'), 'extends: none\nseries:\n  BenchmarkSum:\n    ns/op: { max: 2 }\n');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('writes a result of several files, each a run', async () => {
    const { code, err } = await run(
      'import',
      '--from',
      'custom',
      fixture('custom.json'),
      fixture('custom.json'),
      '-o',
      'out.json',
      '--direction',
      'smaller',
    );
    assert.equal(code, 0, err);
    const result = await readResult(join(folder, 'out.json'));
    assert.deepEqual([result.runs.length, result.imported?.sessions], [2, 2]);
    assert.equal(result.series.find(({ id }) => id === 'CPU Load')?.metrics['value']?.better, 'lower');
  });

  it('a table of many runs is a pool: screened, and --mode is honoured', async () => {
    const slow = await run('compare', '--current', 'slow.csv', '--baseline', 'base.csv', '--format', 'json');
    assert.equal(slow.code, 1, slow.err);
    assert.deepEqual([verdictOf(slow.out).mode, verdictOf(slow.out).verdict], ['screen', 'regressed']);
    const same = await run('compare', '--current', 'same.csv', '--baseline', 'base.csv', '--format', 'json');
    assert.deepEqual([same.code, verdictOf(same.out).verdict], [0, 'ok']);
    const rules = await run('compare', '--current', 'slow.csv', '--baseline', 'base.csv', '--mode', 'rules', '--format', 'json');
    assert.deepEqual([rules.code, verdictOf(rules.out).mode, verdictOf(rules.out).verdict], [1, 'rules', 'regressed']);
  });

  it('a corrupt baseline is skipped and named; units that differ are a warning', async () => {
    const skipped = await run('compare', '--current', 'same.csv', '--baseline', 'base.csv', 'bad.json', '--format', 'json');
    assert.equal(skipped.code, 0, skipped.err);
    assert.match(skipped.err, /a baseline was skipped: bad\.json is cut short/);
    const units = verdictOf((await run('compare', '--current', 'unit.csv', '--baseline', 'same.csv', '--format', 'json')).out);
    assert.deepEqual([units.verdict, units.series[0]?.verdict], ['warn', 'warn']);
  });

  it('a limit names an imported metric', async () => {
    const { code, out } = await run(
      'compare',
      '--current',
      fixture('go-bench.txt'),
      '--baseline',
      fixture('go-bench.txt'),
      '--thresholds',
      'limits.yaml',
    );
    assert.equal(code, 1);
    assert.match(out, /BenchmarkSum/);
  });

  it('refuses what it does not know, exit 2', async () => {
    for (const [args, message] of [
      [['import', '--from', 'k7', 'base.csv'], /--from "k7": expected one of .*did you mean "k6"/],
      [['import', 'bad.json'], /bad\.json is cut short/],
      [['import', 'none.json'], /none\.json does not exist/],
      [['import', '--from', 'vllm', 'base.csv'], /base\.csv is not the JSON of `vllm/],
    ] as const) {
      const { code, out, err } = await run(...args);
      assert.deepEqual([code, out], [2, ''], args.join(' '));
      assert.match(err, message);
    }
  });

  it('report, merge and drift read them too', async () => {
    assert.match((await run('report', fixture('go-bench.txt'))).out, /BenchmarkSum/);
    assert.equal((await run('merge', fixture('go-bench.txt'), fixture('go-bench.txt'), '-o', 'merged.json')).code, 0);
    assert.equal((await readResult(join(folder, 'merged.json'))).runs.length, 6);
    assert.match((await run('drift', fixture('go-bench.txt'), fixture('go-bench.txt'))).out, /A change of level cannot be told/);
  });
});
