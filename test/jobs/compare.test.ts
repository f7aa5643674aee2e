import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UserError } from '../../src/config/errors.ts';
import type { Thresholds } from '../../src/config/thresholds/thresholds.ts';
import { type CompareFilesOptions, compareFiles, readBaselines, setBaseline } from '../../src/jobs/compare.ts';
import { compareAndPrint } from '../../src/jobs/compare-and-print.ts';
import { readGit } from '../../src/jobs/measure/provenance.ts';
import { mergeFiles } from '../../src/jobs/merge.ts';
import { readResult } from '../../src/result/read.ts';
import { writeResult } from '../../src/result/write.ts';
import { documentOf, measuredSeries } from '../result/sample.ts';

const thresholds: Thresholds = { series: { '*': { 'latency_s.p95': { max_regression_percent: 20 } } } };
const latencies = Array.from({ length: 200 }, (_, index) => 100 + index);

/** A result whose times are `factor` times the usual ones. */
function result(factor: number, members: Record<string, unknown> = {}) {
  return documentOf({
    timestamp: '2026-01-02T00:00:00Z',
    results: { total_requests: 200, successful: 200, failed: 0, duration_seconds: 10, concurrency: 4 },
    series: [
      measuredSeries(
        'chat',
        latencies.map((ms) => ms * factor),
        latencies,
        { error_rate: 0 },
      ),
    ],
    ...members,
  });
}

const isUserError =
  (exitCode: number, ...patterns: RegExp[]) =>
  (error: unknown) => {
    assert.ok(error instanceof UserError, String((error as Error).stack));
    assert.equal(error.exitCode, exitCode);
    for (const pattern of patterns) assert.match(`${error.message}\n${error.hint}`, pattern);
    return true;
  };

let folder: string;
const at = (name: string) => join(folder, name);
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llm-bench-compare-'));
  await writeResult(at('base.json'), result(1));
  await writeResult(at('slow.json'), result(1.3));
  await writeResult(at('same.json'), result(1.01));
  await writeFile(at('cut.json'), (await readFile(at('base.json'), 'utf8')).slice(0, 400));
  await writeFile(at('newer.json'), '{"schema_version": 7, "results": {}, "series": []}');
});
after(() => rm(folder, { recursive: true, force: true }));

const compare = (members: Partial<CompareFilesOptions>) =>
  compareFiles({ current: at('slow.json'), baselines: [at('base.json')], thresholds, mode: 'auto', ...members });

describe('compareFiles', () => {
  it('judges by rules and names the metric', async () => {
    const { verdict, baseline } = await compare({});
    assert.equal(verdict.verdict, 'regressed');
    assert.equal(verdict.mode, 'rules');
    assert.deepEqual(
      verdict.series.filter((row) => row.verdict === 'regressed').map((row) => row.metric),
      ['latency_s.p95'],
    );
    assert.equal(baseline?.timestamp, '2026-01-02T00:00:00Z');
    assert.equal((await compare({ current: at('same.json') })).verdict.verdict, 'ok');
  });

  it('counts spikes by the spread of the baseline, says when there are more, and holds limits on them', async () => {
    const few = latencies.map((ms, index) => (index < 10 ? 3000 : ms));
    await writeResult(at('spikes.json'), result(1, { series: [measuredSeries('chat', few, latencies, { error_rate: 0 })] }));
    const limits: Thresholds = { series: { '*': { spike_rate_percent: { max: 4 } } } };
    const { verdict, current } = await compare({ current: at('spikes.json'), thresholds: limits });
    assert.equal(current.results.spike_rate_percent, 5);
    assert.match(String(current.results['spike_rate_basis']), /200 requests of the baseline/);
    assert.match(verdict.notes.join(), /spikes: 5\.0 % of the requests.*of its own 0\.0 % did/);
    const row = verdict.series.find(({ metric }) => metric === 'spike_rate_percent');
    assert.deepEqual([row?.verdict, row?.baseline, row?.current], ['regressed', 0, 5]);
    const calm = await compare({ current: at('base.json'), thresholds: limits });
    assert.deepEqual([calm.verdict.verdict, calm.verdict.notes.join().includes('spikes')], ['ok', false]);
  });

  it('says of a baseline that a rule ended that it is not fit to be one', async () => {
    await writeResult(at('ruled.json'), result(1, { admissible: false, stop_reason: 'p95_latency' }));
    const { verdict } = await compare({ baselines: [at('ruled.json')] });
    assert.match(verdict.notes.join('\n'), /ruled\.json is not fit to be one \(a rule of `stop` ended it \(p95_latency\)\)/);
  });

  it('lists every difference between two results that the user names', async () => {
    await writeResult(
      at('other.json'),
      result(1, { scenario: 'load', target: 'tpu', results: { concurrency: 8 }, config: { resolved: { warmup: 5 }, sha256: 'b' } }),
    );
    await writeResult(at('one.json'), result(1, { target: 'gpu', config: { resolved: { warmup: 1 }, sha256: 'a' } }));
    const { verdict } = await compare({ current: at('other.json'), baselines: [at('one.json')] });
    for (const sentence of ['scenario: chat -> load', 'target: gpu -> tpu', 'concurrency: 4 -> 8', 'config warmup: 1 -> 5'])
      assert.ok(verdict.notes.includes(sentence), verdict.notes.join('\n'));
    const pool = await compare({ current: at('other.json'), baselines: [at('one.json'), at('base.json')] });
    assert.ok(pool.verdict.notes.includes('scenario: chat -> load (2 of 2 baselines)'), pool.verdict.notes.join('\n'));
    assert.ok(pool.verdict.notes.includes('target: gpu -> tpu (1 of 2 baselines)'));
  });

  it('skips and names a bad one of several baselines, and uses the rest', async () => {
    const { verdict, skipped } = await compare({ baselines: [at('cut.json'), at('base.json'), at('none.json')] });
    assert.equal(verdict.verdict, 'regressed');
    assert.equal(verdict.baseline?.runs, 1);
    assert.equal(skipped.length, 2);
    assert.match(skipped.join('\n'), /cut\.json is cut short/);
    assert.match(skipped.join('\n'), /none\.json does not exist/);
    assert.ok(skipped.every((sentence) => verdict.notes.includes(sentence)));
  });

  it('refuses when no baseline is left, or the current result is bad', async () => {
    await assert.rejects(compare({ baselines: [at('newer.json')] }), isUserError(2, /newer\.json was written by a newer llm-bench/));
    await assert.rejects(compare({ baselines: [at('cut.json'), at('newer.json')] }), isUserError(2, /cut\.json/, /newer\.json/));
    await assert.rejects(compare({ baselines: [at('none.json')] }), isUserError(2, /none\.json does not exist/, /--set-baseline/));
    await assert.rejects(compare({ current: at('none.json') }), isUserError(2, /none\.json does not exist/, /llm-bench run/));
  });

  it('refuses an automatic baseline of another scenario', async () => {
    await writeResult(at('load.json'), result(1, { scenario: 'load' }));
    await assert.rejects(
      compare({ baselines: [at('load.json')], automatic: true }),
      isUserError(2, /load\.json is no baseline for this result/, /"load".*"chat"/),
    );
    const { verdict, skipped } = await compare({ baselines: [at('load.json'), at('base.json')], automatic: true });
    assert.equal(verdict.baseline?.runs, 1);
    assert.match(skipped.join(), /load\.json/);
  });

  it('compares with an invalid or partial baseline that the user names, and says so', async () => {
    await writeResult(at('bad-base.json'), result(1, { partial: true, stop_reason: 'interrupted', validity: { valid: false } }));
    const { verdict } = await compare({ baselines: [at('bad-base.json')] });
    assert.equal(verdict.verdict, 'regressed');
    assert.match(verdict.notes.join('\n'), /bad-base\.json is not valid/);
    assert.match(verdict.notes.join('\n'), /bad-base\.json is partial/);
  });

  it('refuses modes that two files cannot serve', async () => {
    await assert.rejects(compare({ mode: 'screen' }), isUserError(2, /mode screen: the pool holds 1 run/, /--mode rules/));
    await assert.rejects(compare({ mode: 'paired' }), isUserError(2, /mode paired is not available/, /llm-bench ab/));
  });

  it('screens against several baselines, and says so where they are no pool', async () => {
    const names = [0, 1, 2, 3, 4].map((index) => at(`pool-${index}.json`));
    for (const [index, name] of names.entries()) await writeResult(name, result(1 + index / 1000, { timestamp: `2026-02-0${index + 1}T00:00:00Z` }));
    const { verdict } = await compare({ baselines: names, mode: 'auto' });
    assert.equal(verdict.mode, 'screen');
    assert.equal(verdict.baseline?.runs, 5);
    const two = await compare({ baselines: names.slice(0, 2), mode: 'auto' });
    assert.equal(two.verdict.mode, 'rules');
    assert.match(two.verdict.notes.join('\n'), /not screened: the pool holds 2 runs/);
  });

  it('where several baselines make no pool, fixed percentages are not taken against what was left out of it', async () => {
    const names = (word: string, count: number) => Array.from({ length: count }, (_, index) => at(`${word}-${index}.json`));
    const [good, slow] = [names('good', 2), names('slow', 3)];
    for (const name of good) await writeResult(name, result(1));
    const against = async (members: Record<string, unknown>) => {
      for (const name of slow) await writeResult(name, result(2, members));
      return (await compare({ baselines: [...good, ...slow], mode: 'auto' })).verdict;
    };
    // The slow ones' median would hide the regression that the good ones show.
    for (const [members, left] of [
      [{ admissible: false }, /left out of the pool: it is not admissible/],
      [{ admissible: false, stop_reason: 'error_rate' }, /left out of the pool: it is not admissible \(a rule of `stop` ended it \(error_rate\)\)/],
      [{ partial: true }, /left out of the pool: it is partial/],
      [{ cohort: 'another machine' }, /3 of 5 baselines were left out: they are of another cohort or scenario/],
    ] as const) {
      const found = await against(members);
      assert.deepEqual([found.mode, found.verdict, found.baseline?.runs], ['rules', 'regressed', 2], JSON.stringify(members));
      assert.match(found.notes.join('\n'), /not screened/);
      assert.match(found.notes.join('\n'), left);
    }
    const unfit = await compare({ baselines: slow, mode: 'auto' });
    assert.equal(unfit.verdict.baseline?.runs, 3);
  });
});

describe('readBaselines', () => {
  it('gives the newest first', async () => {
    await writeResult(at('newest.json'), result(1, { timestamp: '2026-03-01T00:00:00Z' }));
    const skipped: string[] = [];
    const read = await readBaselines([at('base.json'), at('newest.json'), at('cut.json')], (sentence) => skipped.push(sentence));
    assert.deepEqual(
      read.map(({ timestamp }) => timestamp),
      ['2026-03-01T00:00:00Z', '2026-01-02T00:00:00Z'],
    );
    assert.equal(skipped.length, 1);
  });
});

describe('setBaseline', () => {
  const none = async () => null;

  it('copies the result with the commit that is checked out', async () => {
    const git = promisify(execFile);
    const repository = at('repository');
    await git('git', ['init', '-q', repository]);
    await git('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-q', '--allow-empty', '-m', 'first']);
    const sha = (await git('git', ['-C', repository, 'rev-parse', 'HEAD'])).stdout.trim();
    const headSha = async () => (await readGit(repository, {})).sha;
    await setBaseline({ current: at('same.json'), baseline: at('new/baseline.json'), headSha });
    assert.deepEqual(await readResult(at('new/baseline.json')), { ...(await readResult(at('same.json'))), git: { sha, ref: null, base_sha: null } });
    await writeResult(at('known.json'), result(1, { git: { sha: 'f00d' } }));
    assert.equal((await setBaseline({ current: at('known.json'), baseline: at('new/baseline.json'), headSha })).git.sha, 'f00d');
  });

  it('refuses a result that is not valid, partial or not admissible, and leaves the old baseline', async () => {
    await writeResult(at('old.json'), result(1));
    const old = await readFile(at('old.json'), 'utf8');
    const refuse = async (members: Record<string, unknown>, exitCode: number, pattern: RegExp) => {
      await writeResult(at('refused.json'), result(1, members));
      await assert.rejects(setBaseline({ current: at('refused.json'), baseline: at('old.json'), headSha: none }), isUserError(exitCode, pattern));
      assert.equal(await readFile(at('old.json'), 'utf8'), old);
    };
    await refuse(
      { validity: { valid: false, checks: [{ name: 'cpu', ok: false, severity: 'fatal', detail: 'the client was saturated' }] } },
      3,
      /the client was saturated/,
    );
    await refuse({ partial: true, stop_reason: 'interrupted' }, 2, /partial.*interrupted/);
    await refuse({ admissible: false }, 2, /not admissible/);
    await assert.rejects(setBaseline({ current: at('none.json'), baseline: at('old.json'), headSha: none }), isUserError(2, /does not exist/));
  });
});

describe('compareAndPrint', () => {
  const builtinRoot = fileURLToPath(new URL('../..', import.meta.url));
  async function print(members: Partial<Parameters<typeof compareAndPrint>[0]>) {
    let out = '';
    let err = '';
    const exitCode = await compareAndPrint({
      current: at('slow.json'),
      baselines: [at('base.json')],
      mode: 'auto',
      cwd: folder,
      builtinRoot,
      configFile: null,
      thresholdsFile: null,
      failOn: null,
      format: 'text',
      quiet: false,
      print: {
        color: false,
        out: (text) => {
          out += text;
        },
        err: (line) => {
          err += `${line}\n`;
        },
      },
      ...members,
    });
    return { exitCode, out, err };
  }

  it('prints the verdict in three formats and returns the exit code', async () => {
    const text = await print({});
    assert.equal(text.exitCode, 1);
    assert.match(text.out, /Latency p95 regressed by 30%/);
    const markdown = await print({ format: 'markdown' });
    assert.match(markdown.out, /^### .*regressed/);
    const json = JSON.parse((await print({ format: 'json', current: at('same.json') })).out);
    assert.deepEqual([json.verdict, json.rule_version, json.mode, json.baseline.runs], ['ok', 1, 'rules', 1]);
  });

  it('prints nothing in quiet mode unless something regressed, with the same exit code', async () => {
    assert.deepEqual(await print({ quiet: true, current: at('same.json') }), { exitCode: 0, out: '', err: '' });
    const regressed = await print({ quiet: true });
    assert.equal(regressed.exitCode, 1);
    assert.match(regressed.out, /regressed/);
    await writeResult(at('invalid.json'), result(1, { validity: { valid: false } }));
    const invalid = await print({ quiet: true, current: at('invalid.json') });
    assert.deepEqual([invalid.exitCode, invalid.out], [3, '']);
    assert.match(invalid.err, /not valid/);
  });

  it('judges by the thresholds it is given, and fails on what it is told', async () => {
    await writeFile(at('wide.yaml'), 'extends: none\nseries:\n  "*":\n    latency_s.p95: { max_regression_percent: 50 }\n');
    assert.equal((await print({ thresholdsFile: 'wide.yaml' })).exitCode, 0);
    assert.equal((await print({ failOn: 'never' })).exitCode, 0);
    await writeFile(at('wrong.yaml'), 'series:\n  "*":\n    latency_s.p95: { max_regresion_percent: 50 }\n');
    await assert.rejects(print({ thresholdsFile: 'wrong.yaml' }), isUserError(2, /wrong\.yaml:3:\d+: .*max_regression_percent/s));
    await assert.rejects(print({ thresholdsFile: 'absent.yaml' }), isUserError(2, /absent\.yaml/));
  });

  it('tells of a baseline that was skipped', async () => {
    assert.match((await print({ baselines: [at('cut.json'), at('base.json')] })).err, /warning: a baseline was skipped: .*cut\.json is cut short/);
  });
});

describe('mergeFiles', () => {
  it('adds files and writes the result', async () => {
    await writeResult(at('later.json'), result(2, { timestamp: '2026-01-02T01:00:00Z' }));
    const merged = await mergeFiles([at('base.json'), at('later.json')], at('deep/merged.json'));
    assert.equal(merged.results.total_requests, 400);
    assert.equal(merged.runs.length, 2);
    assert.deepEqual(await readResult(at('deep/merged.json')), JSON.parse(JSON.stringify(merged)));
    await assert.rejects(mergeFiles([at('base.json'), at('cut.json')], null), isUserError(2, /cut\.json is cut short/));
    await assert.rejects(mergeFiles([at('base.json'), at('base.json')], null), isUserError(2, /hold the same run/));
  });
});
