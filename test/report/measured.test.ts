import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forTerminal } from '../../src/report/escape.ts';
import { howMeasured } from '../../src/report/measured.ts';
import { sampleResult } from './sample.ts';

test('benchmarks are told by their runs: they have neither requests nor a client', () => {
  const { results, runs } = sampleResult();
  const client = { cpu_seconds: null, event_loop_p99_ms: null, late_sends: null, timing_error_ms: null };
  const document = sampleResult({
    client,
    results: { ...results, total_requests: 0, concurrency: null, unique_prompts: null, duration_seconds: 5.7 },
  });
  const lines = howMeasured(null, { ...document, runs: [runs[0]!, runs[0]!] }, null, forTerminal);
  assert.ok(lines.includes('Benchmarks: 2 runs in 5.7 s'), lines.join('\n'));
  assert.ok(!lines.some((line) => /^(Load|Client): /.test(line)));
  assert.ok(howMeasured(null, sampleResult(), null, forTerminal).some((line) => line.startsWith('Load: ')));
});
