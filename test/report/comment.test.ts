import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommentInput, renderComment } from '../../src/report/comment.ts';
import { renderMarkdown } from '../../src/report/markdown.ts';
import { commentMarker } from '../../src/report/marker.ts';
import { wholeOf } from '../../src/verdict/overall.ts';
import type { MetricVerdict, Verdict } from '../../src/verdict/verdict.ts';
import { sampleResult, sampleRow, sampleVerdict, slowTtft, throughput } from './sample.ts';

const current = sampleResult();
const baseline = sampleResult({ git: { sha: 'd4e5f6a7b8c9d0e1f2031425364758697a8b9cad', ref: null, base_sha: null } });

const comment = (verdict: CommentInput['verdict'], more: Partial<CommentInput> = {}): string =>
  renderComment({ key: 'default', verdict, current, baseline, ...more });

const lines = (text: string): string[] => text.split('\n');

test('a regression: marker, verdict, context, the rows that changed, the rest folded', () => {
  const paired = sampleResult({
    runs: Array.from({ length: 9 }, (_, round) => ({ round, order: round, started: '', duration_seconds: 10, values: {} })),
  });
  const verdict = sampleVerdict('regressed', [throughput, slowTtft], {
    mode: 'paired',
    alpha: 0.01,
    beta: 0.1,
    notes: ['concurrency differs: 8 and 16'],
  });
  const text = comment(verdict, { current: paired, elapsedSeconds: 190 });
  assert.equal(
    text,
    `<!-- llm-bench:default -->
### ❌ llm-bench: TTFT p95 regressed by 31% (limit 20%)
\`latency_benchmark\` on \`my-service\` · this PR \`a1b2c3d\` against main \`d4e5f6a\` (its merge base) · paired, 9 rounds in 3 min 10 s

| Metric | main | this PR | Change | Noise | Limit | |
| :- | -: | -: | -: | -: | -: | :-: |
| TTFT p95 | 182 ms | 239 ms | **+31.3 %** (27 … 35) | ± 2.1 % | +20 % | ❌ |

<details><summary>1 metric within its limits</summary>

| Metric | main | this PR | Change | Noise | Limit | |
| :- | -: | -: | -: | -: | -: | :-: |
| Output tokens/s | 1,204 | 1,131 | −6.1 % (−8 … −4) | ± 1.0 % | −15 % | ✅ |

</details>

<details><summary>How this was measured, and how to repeat it</summary>

- Runner: linux x64, AMD EPYC 7763 (4 cores), 15.6 GB, Node 24.1.0, ubuntu24 20261101.1
- Cohort: \`9f3a61c2\` on both sides
- Load: 500 requests, 2 failed, concurrency 8, 10 unique prompts, 9 runs in 42 s
- Client: timing error 0.110 ms (p50) and 0.420 ms (p99) against a server of known timings, event loop delay p99 1.30 ms, 0 late sends, 5.10 s of CPU
- Validity: all 2 checks passed
- Method: base and head interleaved on one machine; a regression is claimed at 1.0 % false alarms, its absence at 10.0 %
- Baseline measured 2026-11-20T10:00:00.000Z
- Note: concurrency differs: 8 and 16
- Hint: The first token comes late: warm up before measuring, and see whether requests queue (too much concurrency) or prompts grew. See \`docs/troubleshooting.md#high-ttft\`.

\`\`\`sh
llm-bench run --scenario latency_benchmark --target my-service --model my-model -c 8 -o bench_results.json
\`\`\`

</details>
`,
  );
});

test('what was measured in turn with a commit is repeated in turn with it; two addresses have none', () => {
  const baseline = { runs: 9, sha: 'd4e5f6a'.padEnd(40, '0'), cohort: '9f3a61c2', distance: 1 };
  const repeated = (changes: object) => /llm-bench (run|ab .*?) --scenario/.exec(comment(sampleVerdict('ok', [sampleRow()], changes)))?.[1];
  assert.equal(repeated({ mode: 'paired', baseline: { ...baseline, relation: 'merge base' } }), 'ab --baseline-ref d4e5f6a00000');
  assert.equal(repeated({ mode: 'paired', baseline }), 'run');
  assert.equal(repeated({ mode: 'screen', baseline: { ...baseline, relation: 'merge base' } }), 'run');
});

test('green is one line and a fold', () => {
  const text = comment(sampleVerdict('ok', [throughput, sampleRow()]));
  const [marker, title, empty, fold] = lines(text);
  assert.equal(marker, '<!-- llm-bench:default -->');
  assert.equal(title, '### ✅ llm-bench: no regression in 2 metrics');
  assert.equal(empty, '');
  assert.match(fold ?? '', /^<details><summary><code>latency_benchmark<\/code> on .* rules \(noise unknown\), 500 requests in 42 s<\/summary>$/);
  assert.equal(text.match(/<details>/g)?.length, 1);
  assert.equal(text.trimEnd().endsWith('</details>'), true);
});

test('an improvement is named and shown, and nothing is said to have regressed', () => {
  const faster = sampleRow({ verdict: 'improved', baseline: 1.1, current: 0.8, change_percent: -27.3, rule: 'max_regression_percent 20 (better)' });
  const text = comment(sampleVerdict('improved', [throughput, faster]));
  assert.equal(lines(text)[1], '### ✅ llm-bench: no regression; Latency p95 improved by 27%');
  assert.match(text, /\| Latency p95 \| 1\.10 s \| 0\.800 s \| −27\.3 % \|.*✅ improved \|/);
});

test('the first run says what happens next, in one line', () => {
  const fresh = sampleRow({ verdict: 'new', baseline: null, change_percent: null, limit_percent: null, rule: null });
  const verdict = sampleVerdict('new', [fresh], { baseline: null });
  const text = comment(verdict, { baseline: null, noBaseline: 'No run of main has left llm-bench-baseline yet. The next one does.' });
  assert.deepEqual(lines(text).slice(1, 4), [
    '### 🆕 llm-bench: first measurement, nothing to compare with yet',
    'No run of main has left llm-bench-baseline yet. The next one does.',
    '',
  ]);
  assert.match(text, /\| Metric \| this PR \| Limit \| \|\n.*\n\| Latency p95 \| 1\.10 s \| — \| 🆕 new \|/);
  assert.equal(text.match(/<details>/g)?.length, 1);
});

test('a limit broken without a baseline is a regression that names the value and its limit', () => {
  const broken = sampleRow({
    metric: 'error_rate',
    verdict: 'regressed',
    unit: '%',
    baseline: null,
    current: 2.1,
    change_percent: null,
    limit_percent: null,
    limit: 1,
    rule: 'max 1',
  });
  const text = comment(sampleVerdict('regressed', [broken], { baseline: null }), { baseline: null });
  assert.equal(lines(text)[1], '### ❌ llm-bench: Error rate is 2.10 %, above its limit of 1 %');
  assert.match(text, /\| Error rate \| 2\.10 % \| ≤ 1 % \| ❌ \|/);
});

test('a rise of the error rate names both rates and its limit in points', () => {
  const rule = 'max_rise_points 1 (default; up by 7.8 points, limit 1 points; no rise refuted: p 2.6e-11)';
  const row = { metric: 'error_rate', unit: '%', baseline: 0, current: 7.8, change_percent: null, limit_percent: null, rule };
  const text = comment(sampleVerdict('regressed', [sampleRow({ ...row, verdict: 'regressed', limit: 10 })]));
  assert.equal(lines(text)[1], '### ❌ llm-bench: Error rate went from 0 % to 7.80 % (limit +1 point)');
  assert.match(text, /\| \+1 point, ≤ 10 % \| ❌ \|/);
});

test('a minimum broken: below its limit', () => {
  const slow = { ...throughput, verdict: 'regressed' as const, limit: 1200, limit_percent: null, rule: 'min 1200' };
  const text = comment(sampleVerdict('regressed', [slow]));
  assert.equal(lines(text)[1], '### ❌ llm-bench: Output tokens/s is 1,131, below its limit of 1,200');
  assert.match(text, /\| ≥ 1,200 \| ❌ \|/);
});

test('several: the worst by how far it is beyond its limit, and how many more', () => {
  const rows = [
    sampleRow({ metric: 'latency_s.p95', verdict: 'regressed', change_percent: 25 }),
    sampleRow({ metric: 'latency_s.p99', verdict: 'regressed', change_percent: 80 }),
    sampleRow({ metric: 'ttft_ms.p95', verdict: 'regressed', change_percent: 30 }),
    sampleRow({ metric: 'tpot_ms.p50', verdict: 'warn', change_percent: 12, rule: 'warn_regression_percent 10' }),
  ];
  const text = comment(sampleVerdict('regressed', rows));
  assert.equal(lines(text)[1], '### ❌ llm-bench: Latency p99 regressed by 80% (limit 20%), and 2 more');
  assert.deepEqual(
    [...text.matchAll(/^\| (\S+ p\d+) \|/gm)].map((match) => match[1]),
    ['Latency p99', 'TTFT p95', 'Latency p95', 'TPOT p50'],
  );
});

test('a warning says better or worse', () => {
  const better = {
    ...throughput,
    verdict: 'warn' as const,
    baseline: 1000,
    current: 1180,
    change_percent: 18,
    rule: 'warn_change_percent 15 (better)',
  };
  const worse = sampleRow({ verdict: 'warn', change_percent: 12.4, rule: 'warn_regression_percent 10' });
  assert.equal(lines(comment(sampleVerdict('warn', [better])))[1], '### ⚠️ llm-bench: Output tokens/s is 18% better (warns beyond 15%)');
  const text = comment(sampleVerdict('warn', [better, worse]));
  assert.equal(lines(text)[1], '### ⚠️ llm-bench: Latency p95 is 12% worse (warns beyond 10%), and 1 more');
  assert.match(text, /\| \+10 % \| ⚠️ worse \|\n.*\| ±15 % \| ⚠️ better \|/);
  const slight = sampleRow({ verdict: 'warn', change_percent: 10.1, rule: 'warn_regression_percent 10' });
  assert.match(lines(comment(sampleVerdict('warn', [better, slight])))[1] ?? '', /is 10\.1% worse/, 'worse news first, however slight');
});

test('missing says what was expected', () => {
  const missing = sampleRow({ metric: 'ttft_ms.p95', unit: 'ms', verdict: 'missing', baseline: 182, current: null, change_percent: null });
  const text = comment(sampleVerdict('missing', [missing]));
  assert.equal(lines(text)[1], '### ⚠️ llm-bench: TTFT p95 was measured in the baseline and is missing now');
  assert.match(text, /see whether requests failed/);
  assert.match(text, /\| TTFT p95 \| 182 ms \| — \| — \|/);
});

test('missing without a baseline speaks of the limit that judged nothing, not of a baseline that never was', () => {
  const few = sampleRow({
    ...{ metric: 'ttft_ms.p99', unit: 'ms', verdict: 'missing', baseline: null, current: null, change_percent: null, limit: 500 },
    rule: 'too few samples for p99 (40)',
  });
  const text = comment({ ...sampleVerdict('missing', [few]), baseline: null });
  assert.equal(lines(text)[1], '### ⚠️ llm-bench: TTFT p99 has a limit and was not measured: too few samples for p99 (40)');
  assert.doesNotMatch(text, /metric of the baseline/);
});

test('inconclusive says what could have been told, and what to change', () => {
  const row = sampleRow({ verdict: 'inconclusive', change_percent: 8.1, detectable_percent: 14, rule: null });
  const text = comment(sampleVerdict('inconclusive', [row], { mode: 'screen' }));
  assert.equal(
    lines(text)[1],
    '### ❔ llm-bench: inconclusive: Latency p95 moved by +8.1 %; this comparison cannot tell less than 14.0 % from noise',
  );
  assert.match(text, /To decide it: `mode: paired`/);
});

test('invalid names the failed check and says what to change, and keeps the figures folded or shown but not judged', () => {
  const checks = [{ name: 'client_cpu', ok: false, severity: 'fatal' as const, detail: 'the client used 98 % of its core' }];
  const invalid = sampleResult({ validity: { valid: false, checks } });
  const text = comment(sampleVerdict('invalid', [sampleRow()], wholeOf([], invalid, null)), { current: invalid });
  assert.equal(lines(text)[1], '### ⛔ llm-bench: the measurement is not valid: the client used 98 % of its core');
  assert.match(text, /Lower the concurrency or the rate/);
  assert.match(text, /- Not valid: client&#95;cpu: the client used 98 % of its core/);
  // The baseline of a paired measurement was measured by the same client; an earlier result was not.
  const told = (overrides: Partial<Verdict>) => comment(sampleVerdict('invalid', [sampleRow()], overrides), { baseline: invalid });
  assert.match(
    told({ mode: 'paired', ...wholeOf([], sampleResult(), invalid) }),
    /not valid: the client used 98 % of its core.*- Validity of the baseline: not valid.*- Not valid: client&#95;cpu/s,
  );
  assert.doesNotMatch(told({ mode: 'rules' }), /98 %/);
});

test('several series have a column of their own, without the scenario that they share', () => {
  const row = (size: number, more: Partial<MetricVerdict>): MetricVerdict =>
    sampleRow({ series: `latency_benchmark/prompt_tokens=${size}`, ...more });
  const rows = [row(128, { verdict: 'regressed', change_percent: 40 }), row(512, {})];
  const text = comment(sampleVerdict('regressed', rows));
  assert.equal(lines(text)[1], '### ❌ llm-bench: Latency p95 of `prompt_tokens=128` regressed by 40% (limit 20%)');
  assert.match(text, /^\| Series \| Metric \| main \|/m);
  assert.match(text, /^\| `prompt_tokens=512` \| Latency p95 \|/m);
});

test('how the baseline relates: distance, pools, and nothing known', () => {
  const at = (distance: number | null, runs = 1) =>
    comment(sampleVerdict('warn', [sampleRow({ verdict: 'warn' })], { baseline: { runs, sha: 'd4e5f6a7b8c9', cohort: null, distance } }));
  assert.match(at(3), /against main `d4e5f6a` \(3 commits before its merge base\)/);
  assert.match(at(-1), /against main `d4e5f6a` \(1 commit after its merge base\)/);
  assert.match(at(null), /against main `d4e5f6a` ·/);
  const related = (relation: string | null, distance: number) =>
    comment(
      sampleVerdict('warn', [sampleRow({ verdict: 'warn' })], { baseline: { runs: 1, sha: 'd4e5f6a7b8c9', cohort: null, distance, relation } }),
    );
  assert.match(related('previous commit', 0), /against main `d4e5f6a` \(the commit before it\)/);
  assert.match(related("queue's base", 2), /against main `d4e5f6a` \(2 commits before the queue's base\)/);
  assert.match(related('this commit', 0), /against main `d4e5f6a` \(the same commit\)/);
  assert.match(related('this commit', 3), /against main `d4e5f6a` \(3 commits before it\)/);
  assert.match(related(null, 0), /against main `d4e5f6a` ·/);
  assert.match(at(0, 12), /against 12 runs of main up to `d4e5f6a` \(its merge base\)/);
});

test('a trend is a chart of fixed labels', () => {
  const history = {
    metric: 'ttft_ms.p95',
    unit: 'ms"]\n```',
    points: [
      { sha: 'aaaaaaaaaa', value: 180 },
      { sha: '"] evil', value: null },
      { sha: '`x`', value: 182.5 },
      { sha: null, value: 239 },
    ],
  };
  const text = comment(sampleVerdict('regressed', [slowTtft]), { history });
  assert.match(text, /<summary>Trend over the last 3 runs of main<\/summary>\n\n```mermaid\nxychart-beta\n/);
  assert.match(text, / {2}x-axis \["aaaaaaa", "2", "this run"\]\n/);
  assert.match(text, / {2}line \[180, 182\.5, 239\]\n```\n/);
  assert.equal(text.includes('evil'), false);
});

test('keys never end the marker and never collide', () => {
  assert.equal(commentMarker('bench (ubuntu, 20)'), '<!-- llm-bench:bench%20(ubuntu%2C%2020) -->');
  assert.equal(commentMarker('a --> b').match(/-->/g)?.length, 1);
  assert.notEqual(commentMarker('a--b'), commentMarker('a-%2Db'));
  assert.equal(commentMarker('x\ny').includes('\n'), false);
});

test('the markdown report is the same body without the marker', () => {
  const verdict = sampleVerdict('regressed', [slowTtft, throughput]);
  const names = { current: 'this PR', baseline: 'main' };
  assert.equal(`<!-- llm-bench:default -->\n${renderMarkdown(verdict, current, baseline, { names })}`, comment(verdict));
  assert.match(renderMarkdown(verdict, current, baseline), /\| Metric \| baseline \| this run \|/);
});

test('what no limit holds, and what could not be told from noise, has no tick', () => {
  const untold = sampleRow({ metric: 'ttft_ms.p99', limit_percent: 30, rule: 'max_regression_percent 30 (default; p = 0.2) (advises only)' });
  assert.match(lines(renderMarkdown(sampleVerdict('ok', [untold]), current, baseline)).find((row) => row.includes('+30 %')) ?? '', /❔ \|$/);
  const held = sampleRow({ metric: 'latency_s.p95', limit_percent: 10 });
  const shown = sampleRow({ metric: 'output_tokens.mean', better: 'neither', limit_percent: null, rule: null });
  const rows = lines(renderMarkdown(sampleVerdict('ok', [held, shown]), current, baseline));
  assert.match(rows.find((row) => row.includes('+10 %')) ?? '', /✅ \|$/);
  assert.match(rows.find((row) => row.includes('| — |')) ?? '', /➖ \|$/);
});
