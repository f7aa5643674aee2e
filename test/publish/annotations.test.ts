import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { annotationsFor } from '../../src/publish/annotations.ts';
import { wholeOf } from '../../src/verdict/overall.ts';
import { sampleResult, sampleRow, sampleVerdict } from '../report/sample.ts';

const regressed = (change: number) => sampleRow({ series: `leg-${change}`, verdict: 'regressed', change_percent: change });

test('an error for each regression, the worst first, a warning for the rest', () => {
  const rows = [regressed(30), sampleRow({ verdict: 'warn', change_percent: 12, rule: 'warn_regression_percent 10' }), regressed(60), sampleRow()];
  const annotations = annotationsFor(sampleVerdict('regressed', rows), sampleResult());
  assert.deepEqual(
    annotations.map(({ kind, message }) => [kind, message]),
    [
      ['error', 'Latency p95 of leg-60 regressed by 60% (limit 20%)'],
      ['error', 'Latency p95 of leg-30 regressed by 30% (limit 20%)'],
      ['warning', 'Latency p95 of latency_benchmark is 12% worse (warns beyond 10%)'],
    ],
  );
});

test('at most ten of each kind, the last one counts the rest', () => {
  const rows = Array.from({ length: 25 }, (_, index) => regressed(100 - index));
  const annotations = annotationsFor(sampleVerdict('regressed', rows), sampleResult());
  assert.equal(annotations.length, 10);
  assert.equal(annotations.at(-1)?.message, 'and 16 more; the report lists them all');
});

test('an invalid measurement is one error; green says nothing', () => {
  const checks = [{ name: 'client_cpu', ok: false, severity: 'fatal' as const, detail: 'the client used 98 % of its core' }];
  const invalid = sampleResult({ validity: { valid: false, checks } });
  const [only, ...rest] = annotationsFor(sampleVerdict('invalid', [regressed(30)], wholeOf([], invalid, null)), invalid);
  assert.deepEqual(rest, []);
  assert.deepEqual(only, { kind: 'error', title: 'llm-bench', message: 'the measurement is not valid: the client used 98 % of its core' });
  assert.deepEqual(annotationsFor(sampleVerdict('ok', [sampleRow()]), sampleResult()), []);
});

test('they reach the runner as workflow commands that a name cannot end', async () => {
  const script = `
    import { annotate } from ${JSON.stringify(new URL('../../src/publish/annotations.ts', import.meta.url).href)};
    await annotate([{ kind: 'error', title: 'llm-bench', message: 'a\\n::set-output name=x::y' }, { kind: 'warning', title: 'llm-bench', message: 'b' }]);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', script]);
  assert.equal(stdout.replaceAll('\r\n', '\n'), '::error title=llm-bench::a%0A::set-output name=x::y\n::warning title=llm-bench::b\n');
});
