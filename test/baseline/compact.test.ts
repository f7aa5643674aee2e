import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compact, keptRuns } from '../../src/baseline/compact.ts';
import { type Member, membersOf } from '../../src/baseline/member.ts';
import { isDistribution, type ResultDocument } from '../../src/result/document.ts';
import { parseResult } from '../../src/result/read.ts';
import { formatResult } from '../../src/result/write.ts';
import { jobDocument, shaOf } from './documents.ts';

const now = '2026-06-01T00:00:00.000Z';
const provenance = (name: string, artifact: number | null = null) => ({ name, description: name, sha: null, artifact, runId: null });
const job = (n: number, changes: Record<string, unknown> = {}): Member =>
  membersOf(jobDocument(n, changes), provenance(`job ${n}`, 1000 + n))[0] as Member;

/** Written and read again, as it is in life. */
function pool(members: readonly Member[]): ResultDocument {
  const compacted = compact(members, now);
  assert.ok(compacted);
  return parseResult(formatResult(compacted.document), 'pool.json');
}
const unpack = (document: ResultDocument) => membersOf(document, provenance('the pool'));

test('runs keep their values, commit, time, cohort and job; what is raw is gone', () => {
  const document = pool([job(1), job(2), job(3)]);
  assert.deepEqual([document.timeline, document.slowest, document.errors], [[], [], []]);
  assert.deepEqual(
    document.runs.map(({ sha, cohort, started }) => [sha, cohort, started]),
    [1, 2, 3].map((n) => [shaOf(n), 'aaaa', jobDocument(n).timestamp]),
  );
  assert.deepEqual(document.runs[1]?.origin, {
    key: `2.1@${jobDocument(2).timestamp}`,
    run_id: '2',
    attempt: 1,
    timestamp: jobDocument(2).timestamp,
    artifact: 1002,
  });
  assert.equal(document.git.sha, shaOf(3));
  assert.equal(document.admissible, true);
});

test('histograms are added exactly', () => {
  const [series] = pool([job(1), job(2), job(3)]).series;
  const latency = series?.metrics['latency_s'];
  assert.ok(latency && isDistribution(latency));
  assert.equal(latency.count, 600);
  assert.ok(Math.abs((latency.min ?? 0) - 0.101) < 1e-9 && Math.abs((latency.max ?? 0) - 0.119) < 1e-9);
  assert.ok(latency.hdr);
});

test('unpacked, each job is a result of its own with the values it had', () => {
  const members = unpack(pool([job(1), job(2)]));
  assert.equal(members.length, 2);
  for (const [index, member] of members.entries()) {
    const before = job(index + 1);
    assert.deepEqual(
      [member.key, member.sha, member.cohort, member.timestamp, member.artifact],
      [before.key, before.sha, 'aaaa', before.timestamp, before.artifact],
    );
    assert.equal(member.compacted, true);
    const { document } = member;
    assert.deepEqual(
      document.runs.map(({ values }) => values),
      before.document.runs.map(({ values }) => values),
    );
    const metric = document.series[0]?.metrics['latency_s'];
    const original = before.document.series[0]?.metrics['latency_s'];
    assert.ok(metric && original && isDistribution(metric) && isDistribution(original));
    assert.deepEqual([metric.p95, metric.mean, metric.count, metric.unit], [original.p95, original.mean, 200, 's']);
    assert.deepEqual(document.series[0]?.metrics['tokens_per_sec'], before.document.series[0]?.metrics['tokens_per_sec']);
    assert.equal(document.results.total_requests, 200);
    assert.deepEqual([document.admissible, document.pool, document.environment.cpu_model], [true, undefined, 'AMD EPYC 7763']);
  }
});

test('several rounds of one job stay one job', () => {
  const { runs } = jobDocument(1);
  const rounds = [0, 1, 2].map((round) => ({ ...runs[0], round, order: round }));
  const members = unpack(pool([job(1, { runs: rounds }), job(2)]));
  assert.deepEqual(
    members.map(({ document }) => document.runs.length),
    [3, 1],
  );
});

test('compacting what was compacted loses nothing; histograms are of those still there', () => {
  const first = pool([job(1), job(2)]);
  const again = pool([...unpack(first), job(3)]);
  assert.deepEqual(
    unpack(again).map(({ key }) => key),
    [job(1), job(2), job(3)].map(({ key }) => key),
  );
  assert.equal(again.pool?.cohorts['aaaa']?.histograms_of, 1);
  const latency = again.series[0]?.metrics['latency_s'];
  assert.equal(latency && isDistribution(latency) ? latency.count : null, 200);
  const third = pool(unpack(again));
  assert.equal(third.pool?.cohorts['aaaa']?.histograms_of, 0);
  assert.deepEqual(
    unpack(third).map(({ document }) => document.runs[0]?.values),
    [1, 2, 3].map((n) => jobDocument(n).runs[0]?.values),
  );
});

test('cohorts stay apart, each with its machine and series', () => {
  const { environment, series } = jobDocument(1);
  const other = { cohort: 'bbbb', environment: { ...environment, cpu_model: 'Intel' } };
  const renamed = {
    ...other,
    cohort: 'cccc',
    series: series.map((one) => ({ ...one, metrics: { latency_s: { unit: 's', better: 'lower', value: 1 } } })),
  };
  const document = pool([job(1), job(2, other), job(3), job(4, renamed)]);
  assert.equal(document.cohort, 'aaaa+bbbb+cccc');
  const members = unpack(document);
  assert.deepEqual(
    members.map(({ cohort, document: one }) => [cohort, one.environment.cpu_model]),
    [
      ['aaaa', 'AMD EPYC 7763'],
      ['bbbb', 'Intel'],
      ['aaaa', 'AMD EPYC 7763'],
      ['cccc', 'Intel'],
    ],
  );
});

test('one whose metric is of another unit is named and left out, the rest stays', () => {
  const { series } = jobDocument(2);
  const odd = series.map((one) => ({ ...one, metrics: { ...one.metrics, tokens_per_sec: { unit: 'words/s', better: 'higher', value: 3 } } }));
  const compacted = compact([job(1), job(2, { series: odd }), job(3)], now);
  assert.equal(compacted?.jobs, 2);
  assert.match(compacted?.skipped.join() ?? '', /^job 2 was left out: cannot add tokens_per_sec/);
});

test('one with a damaged histogram is named and left out', () => {
  const { series } = jobDocument(2);
  const odd = series.map((one) => ({ ...one, metrics: { ...one.metrics, latency_s: { ...one.metrics['latency_s'], hdr: 'AAAA' } } }));
  const compacted = compact([job(1), job(2, { series: odd }), job(3)], now);
  assert.equal(compacted?.jobs, 2);
  assert.match(compacted?.skipped.join() ?? '', /job 2 was left out: .*histogram of latency_s cannot be used/);
});

test('a renamed target is no reason to leave anything out', () => {
  assert.equal(compact([job(1), job(2, { target: 'renamed' })], now)?.jobs, 2);
});

test('the last fifty of each cohort are kept, and what is pinned', () => {
  const pinned = { mark: { tag: 'v1', pinned: true, at: now }, tag: 'v1' };
  const many = Array.from({ length: keptRuns + 20 }, (_, n) => job(n, n === 3 ? pinned : {}));
  const compacted = compact(many, now);
  assert.deepEqual([compacted?.jobs, compacted?.dropped], [keptRuns + 1, 19]);
  const members = unpack(parseResult(formatResult(compacted!.document), 'pool'));
  assert.deepEqual(members[0]?.mark, pinned.mark);
  assert.equal(members[0]?.document.tag, 'v1');
  assert.equal(members[1]?.sha, shaOf(20));
});

test('acceptance and marks survive', () => {
  const { runs } = jobDocument(2);
  const accepted = { by: 'maintainer', sha: shaOf(2) };
  const document = pool([job(1), job(2, { runs: runs.map((run) => ({ ...run, accepted })) }), job(3, { tag: 'v3' })]);
  const members = unpack(pool(unpack(document)));
  assert.deepEqual(
    members.map((member) => member.accepted),
    [null, accepted, null],
  );
  assert.deepEqual(
    members.map(({ document: one }) => one.tag),
    [undefined, undefined, 'v3'],
  );
});

test('a job without runs of its own is one run', () => {
  const [member] = unpack(pool([job(1, { runs: [] })]));
  assert.equal(member?.document.runs.length, 1);
  assert.equal(member?.document.runs[0]?.values['quick_validation']?.['tokens_per_sec'], 101);
});

test('nothing of nothing', () => {
  assert.equal(compact([], now), null);
});

test('property: a pool whose entries were tampered with is read without a crash, and never gives what does not hold together', () => {
  const text = formatResult(pool([job(1), job(2)]));
  const leaf = fc.oneof(fc.constant(null), fc.integer(), fc.string(), fc.constant([]), fc.constant({}), fc.boolean());
  const member = fc.constantFrom('sha', 'cohort', 'origin', 'counts', 'accepted', 'mark', 'values', 'started');
  fc.assert(
    fc.property(fc.array(fc.tuple(member, leaf), { minLength: 1, maxLength: 4 }), (edits) => {
      const document = JSON.parse(text) as { runs: Record<string, unknown>[] };
      for (const [name, value] of edits) (document.runs[0] as Record<string, unknown>)[name] = value;
      let read: ResultDocument;
      try {
        read = parseResult(JSON.stringify(document), 'pool');
      } catch (error) {
        assert.equal((error as Error).name, 'UserError');
        return;
      }
      for (const one of unpack(read)) assert.equal(typeof one.key, 'string');
      assert.ok(
        unpack(read).some(({ sha }) => sha === shaOf(2)),
        'the other one is still there',
      );
      const { pool: _pool, ...rest } = JSON.parse(text) as Record<string, unknown>;
      for (const broken of [5, {}, { cohorts: 5 }, { cohorts: { aaaa: null } }, { cohorts: { aaaa: { series: 7 } } }])
        assert.deepEqual(
          unpack(parseResult(JSON.stringify({ ...rest, pool: broken }), 'pool')).filter(({ compacted }) => compacted),
          [],
        );
    }),
    { numRuns: 50 },
  );
});
