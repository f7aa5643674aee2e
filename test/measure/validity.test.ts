import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkValidity, type ValidityInput } from '../../src/measure/validity.ts';

const calm: ValidityInput = {
  client: { cpuSeconds: 3, wallSeconds: 60, loopUtilization: 0.05, eventLoopP99Ms: 1 },
  medianLatencyMs: 200,
  succeeded: 1000,
  durationSeconds: 60,
  p99Samples: 1000,
};
const finding = (name: string, changes: Partial<ValidityInput>) => checkValidity({ ...calm, ...changes }).find((found) => found.name === name);
const client = (changes: Partial<ValidityInput['client']>) => ({ client: { ...calm.client, ...changes } });

test('a calm client and a long run: every check is there and none has an objection', () => {
  const findings = checkValidity(calm);
  assert.deepEqual(
    findings.map(({ name, ok, severity }) => [name, ok, severity]),
    [
      ['client_cpu', true, 'fatal'],
      ['event_loop_delay', true, 'advice'],
      ['throughput_window', true, 'advice'],
      ['p99_samples', true, 'advice'],
    ],
  );
});

test('a sending thread that was busy nearly all the time is fatal, and says what to do', () => {
  const saturated = finding('client_cpu', client({ loopUtilization: 0.96 }));
  assert.equal(saturated?.ok, false);
  assert.equal(saturated?.severity, 'fatal');
  assert.match(saturated?.detail ?? '', /96%.*limit 95%.*concurrency/);
  assert.equal(finding('client_cpu', client({ loopUtilization: 0.94 }))?.ok, true);
});

test('a loop delay counts when it is a visible part of the latency, and never below 20 ms', () => {
  assert.equal(finding('event_loop_delay', { ...client({ eventLoopP99Ms: 19 }), medianLatencyMs: 1 })?.ok, true);
  assert.equal(finding('event_loop_delay', { ...client({ eventLoopP99Ms: 21 }), medianLatencyMs: 1 })?.ok, false);
  assert.equal(finding('event_loop_delay', { ...client({ eventLoopP99Ms: 39 }), medianLatencyMs: 200 })?.ok, true);
  const late = finding('event_loop_delay', { ...client({ eventLoopP99Ms: 41 }), medianLatencyMs: 200 });
  assert.equal(late?.ok, false);
  assert.match(late?.detail ?? '', /41\.0 ms \(limit 40\.0 ms\)/);
  assert.equal(finding('event_loop_delay', { ...client({ eventLoopP99Ms: 21 }), medianLatencyMs: null })?.ok, false);
});

test('a loop held up by its own work is fatal, one that the machine held up is advice', () => {
  assert.equal(finding('event_loop_delay', client({ eventLoopP99Ms: 100, loopUtilization: 0.6 }))?.severity, 'fatal');
  assert.equal(finding('event_loop_delay', client({ eventLoopP99Ms: 100, loopUtilization: 0.4 }))?.severity, 'advice');
});

test('under 30 s a throughput is of low confidence, which is advice', () => {
  const short = finding('throughput_window', { durationSeconds: 29.9 });
  assert.deepEqual([short?.ok, short?.severity], [false, 'advice']);
  assert.match(short?.detail ?? '', /low confidence/);
});

test('a p99 of few samples is advice, never a fault', () => {
  const rough = finding('p99_samples', { p99Samples: 300 });
  assert.deepEqual([rough?.ok, rough?.severity], [false, 'advice']);
  assert.match(rough?.detail ?? '', /300 latencies.*rough/);
  assert.match(finding('p99_samples', { p99Samples: 10 })?.detail ?? '', /not given/);
  assert.equal(finding('p99_samples', { p99Samples: 662 })?.ok, true);
});

test('a server that failed every request does not make the measurement invalid', () => {
  const findings = checkValidity({ ...calm, medianLatencyMs: null, succeeded: 0, durationSeconds: 1, p99Samples: 0 });
  assert.ok(findings.every(({ ok, severity }) => ok || severity === 'advice'));
  assert.deepEqual(
    findings.map(({ name }) => name),
    ['client_cpu', 'event_loop_delay'],
  );
});
