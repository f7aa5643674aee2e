import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TimelineBucket } from '../../src/measure/timeline.ts';
import { checkValidity } from '../../src/measure/validity.ts';
import { lateBoundMs } from '../../src/measure/validity-client.ts';
import type { CertifiedFigures, ClientFigures, NoiseFigures, ScheduleFigures, ValidityInput } from '../../src/measure/validity-input.ts';

const idle: ClientFigures = {
  cpuSeconds: 3,
  wallSeconds: 60,
  loopUtilization: 0.05,
  eventLoopP99Ms: 1,
  threadCpu: 0.04,
  runQueueWait: 0.001,
  saturatedSeconds: 0,
};
const calm: ValidityInput = {
  client: idle,
  cores: 2,
  workers: 1,
  medianLatencyMs: 200,
  medianTtftMs: 50,
  succeeded: 1000,
  durationSeconds: 60,
  tokensPerSecond: 1000,
  requestsPerSecond: 20,
  p99Samples: 1000,
  timeline: [],
  schedule: null,
  clientLimit: null,
  certified: null,
  noise: null,
  exactLength: null,
  answers: { counted: 100, empty: 0, uncounted: 0 },
  retried: 0,
};
const schedule: ScheduleFigures = { lateSends: 0, sends: 1000, arrivals: 1000, latenessP99Ms: 0.4, dropped: 0, dropsAskedFor: false };
const certified: CertifiedFigures = {
  timingErrorMs: { p50: 0.2, p99: 0.6 },
  ceiling: { tokensPerSecond: 50_000, requestsPerSecond: 20_000 },
  sharedCore: false,
};
const quiet: NoiseFigures = { stealShare: 0, throttledShare: 0, loadPerCore: 0.1, otherRun: false };
const finding = (name: string, changes: Partial<ValidityInput>) => checkValidity({ ...calm, ...changes }).find((found) => found.name === name);
const client = (changes: Partial<ClientFigures>) => ({ client: { ...idle, ...changes } });
/** A thread at full speed on a core of its own. */
const saturated: Partial<ClientFigures> = { loopUtilization: 0.99, threadCpu: 0.97, cpuSeconds: 62, runQueueWait: 0.01 };
/** The same work on a core that a neighbour has half of. */
const heldUp: Partial<ClientFigures> = { loopUtilization: 0.99, threadCpu: 0.5, cpuSeconds: 32, runQueueWait: 0.49 };

test('a calm client and a long run: every check is there and none has an objection', () => {
  const findings = checkValidity({ ...calm, schedule, certified, noise: quiet, exactLength: [{ asked: 10, least: 10, most: 10, mean: 10 }] });
  assert.deepEqual(
    findings.map(({ name, ok, severity }) => [name, ok, severity]),
    [
      ['client_cpu', true, 'fatal'],
      ['event_loop_delay', true, 'advice'],
      ['late_sends', true, 'advice'],
      ['dropped_arrivals', true, 'fatal'],
      ['client_ceiling', true, 'advice'],
      ['timing_error', true, 'advice'],
      ['quiet_machine', true, 'advice'],
      ['throughput_window', true, 'advice'],
      ['p99_samples', true, 'advice'],
      ['output_length', true, 'advice'],
    ],
  );
});

test('a sending thread that its own work kept busy nearly all the time is fatal, and says what to do', () => {
  const found = finding('client_cpu', client(saturated));
  assert.deepEqual([found?.ok, found?.severity], [false, 'fatal']);
  assert.match(found?.detail ?? '', /99%.*limit 95%.*bottleneck.*concurrency/);
  assert.equal(finding('client_cpu', client({ ...saturated, loopUtilization: 0.94 }))?.ok, true);
});

test('a thread that looked busy because a neighbour had its core is advice', () => {
  const found = finding('client_cpu', client(heldUp));
  assert.deepEqual([found?.ok, found?.severity], [false, 'advice']);
  assert.match(found?.detail ?? '', /ran only 50%.*machine/);
});

test('one core that the process itself fills, with its other threads, is the client at fault', () => {
  const found = finding('client_cpu', { cores: 1, ...client({ ...heldUp, threadCpu: 0.7, cpuSeconds: 58 }) });
  assert.deepEqual([found?.ok, found?.severity], [false, 'fatal']);
});

test('a hypervisor that gave a tenth of the time to others is to blame, not the client', () => {
  assert.equal(finding('client_cpu', { ...client(saturated), noise: { ...quiet, stealShare: 0.2 } })?.severity, 'advice');
});

test('a client saturated for a part of the run only is found, however idle it was on average', () => {
  const found = finding('client_cpu', client({ saturatedSeconds: 12 }));
  assert.deepEqual([found?.ok, found?.severity], [false, 'fatal']);
  assert.match(found?.detail ?? '', /saturated for 12 s of the 60 s/);
  assert.equal(finding('client_cpu', client({ saturatedSeconds: 2 }))?.ok, true);
  assert.equal(finding('client_cpu', client({ saturatedSeconds: 5 }))?.ok, true);
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
  const busy: Partial<ClientFigures> = { eventLoopP99Ms: 100, threadCpu: 0.6, loopUtilization: 0.6, cpuSeconds: 40 };
  const severity = (changes: Partial<ClientFigures>, noise: NoiseFigures | null = null) =>
    finding('event_loop_delay', { ...client({ ...busy, ...changes }), noise })?.severity;
  assert.equal(severity({}), 'fatal');
  assert.equal(severity({ threadCpu: 0.4 }), 'advice');
  assert.equal(severity({ runQueueWait: 0.3 }), 'advice');
  assert.equal(severity({ runQueueWait: null }), 'fatal');
  assert.equal(severity({ runQueueWait: null, loopUtilization: 0.9 }), 'advice');
  assert.equal(severity({}, { ...quiet, stealShare: 0.15 }), 'advice');
});

test('sends later than a tenth of the latency are fatal where the client was busy by itself, advice elsewhere', () => {
  assert.equal(lateBoundMs(null), 5);
  assert.equal(lateBoundMs(20), 5);
  assert.equal(lateBoundMs(300), 30);
  const late = { ...schedule, latenessP99Ms: 25, lateSends: 31 };
  const own = finding('late_sends', { schedule: late, ...client({ threadCpu: 0.7, loopUtilization: 0.7, cpuSeconds: 45 }) });
  assert.deepEqual([own?.ok, own?.severity], [false, 'fatal']);
  assert.match(own?.detail ?? '', /25\.00 ms \(limit 20\.0 ms\), 31 of 1000/);
  assert.deepEqual([finding('late_sends', { schedule: late })?.ok, finding('late_sends', { schedule: late })?.severity], [false, 'advice']);
  assert.equal(finding('late_sends', { schedule: { ...schedule, latenessP99Ms: null } })?.ok, true);
  assert.equal(finding('late_sends', {}), undefined);
});

test('arrivals that were dropped are fatal unless the bound on what is in flight was set', () => {
  const dropped = finding('dropped_arrivals', { schedule: { ...schedule, dropped: 7 } });
  assert.deepEqual([dropped?.ok, dropped?.severity], [false, 'fatal']);
  assert.match(dropped?.detail ?? '', /7 of 1007.*max_in_flight/);
  const asked = finding('dropped_arrivals', { schedule: { ...schedule, dropped: 7, dropsAskedFor: true } });
  assert.deepEqual([asked?.ok, asked?.severity], [false, 'advice']);
});

test('a load above 80% of what the client was certified for is fatal where the client was busy by itself', () => {
  const busy = client({ threadCpu: 0.8, loopUtilization: 0.85, cpuSeconds: 55 });
  const over = { certified, tokensPerSecond: 45_000 };
  assert.deepEqual(
    [finding('client_ceiling', { ...over, ...busy })?.ok, finding('client_ceiling', { ...over, ...busy })?.severity],
    [false, 'fatal'],
  );
  assert.match(finding('client_ceiling', { ...over, ...busy })?.detail ?? '', /45000 tokens\/s are 90% of the 50000/);
  assert.equal(finding('client_ceiling', over)?.severity, 'advice');
  assert.equal(finding('client_ceiling', { ...over, ...busy, workers: 2 })?.ok, true);
  assert.equal(finding('client_ceiling', { certified, requestsPerSecond: 17_000, ...busy })?.ok, false);
  assert.equal(finding('client_ceiling', { ...over, ...busy, certified: { ...certified, sharedCore: true } })?.severity, 'advice');
});

test('a selftest that failed, or had no core of its own, is advice', () => {
  assert.match(finding('selftest', { certified: 'no port was free' })?.detail ?? '', /no port was free/);
  assert.equal(finding('selftest', { certified: 'no port was free' })?.severity, 'advice');
  assert.equal(finding('shared_core', { certified: { ...certified, sharedCore: true } })?.ok, false);
  assert.equal(finding('shared_core', { certified }), undefined);
  const visible = { ...certified, timingErrorMs: { p50: 4, p99: 9 } };
  assert.equal(finding('timing_error', { certified: visible })?.ok, false);
  assert.equal(finding('timing_error', { certified: visible, medianTtftMs: 500 })?.ok, true);
});

test('neighbours are named', () => {
  const heard = (noise: Partial<NoiseFigures>, changes: Partial<ClientFigures> = {}) =>
    finding('quiet_machine', { noise: { ...quiet, ...noise }, ...client(changes) });
  assert.equal(heard({})?.ok, true);
  assert.match(heard({ stealShare: 0.05 })?.detail ?? '', /hypervisor took 5\.0%/);
  assert.match(heard({ throttledShare: 0.3 })?.detail ?? '', /limit held it up for 30%/);
  assert.match(heard({ loadPerCore: 1.2 })?.detail ?? '', /1\.2 tasks per core/);
  assert.match(heard({ otherRun: true })?.detail ?? '', /another llm-bench run/);
  assert.match(heard({}, { runQueueWait: 0.2 })?.detail ?? '', /waited 20%/);
  assert.equal(heard({ stealShare: null, throttledShare: null, loadPerCore: null }, { runQueueWait: null })?.ok, true);
});

test('a beginning that is not like the rest is told, unless the load was not the same', () => {
  const second = (t: number, ttft: number | null, inFlight = 8): TimelineBucket => ({
    t,
    requests: 10,
    tokens: 100,
    errors: 0,
    in_flight: inFlight,
    ttft_ms_p50: ttft,
    latency_ms_p95: 200,
  });
  const seconds = (times: (t: number) => number | null, inFlight?: (t: number) => number) =>
    Array.from({ length: 31 }, (_, t) => second(t, times(t), inFlight?.(t)));
  const cold = finding('warmup_settled', { timeline: seconds((t) => (t < 6 ? 90 : 50)) });
  assert.equal(cold?.ok, false);
  assert.match(cold?.detail ?? '', /TTFT p50 of the first 6 s was 80% above the rest.*warmup/);
  assert.equal(finding('warmup_settled', { timeline: seconds((t) => (t < 6 ? 55 : 50)) })?.ok, true);
  assert.equal(
    finding('warmup_settled', {
      timeline: seconds(
        (t) => (t < 6 ? 90 : 50),
        (t) => t + 1,
      ),
    }),
    undefined,
  );
  assert.equal(finding('warmup_settled', { timeline: seconds((t) => (t < 6 ? 90 : 50)).slice(0, 9) }), undefined);
  assert.match(finding('warmup_settled', { timeline: seconds(() => null) })?.detail ?? '', /latency p95/);
});

test('an exact length that was asked for and did not come is advice', () => {
  const off = finding('output_length', { exactLength: [{ asked: 100, least: 80, most: 100, mean: 97.5 }] });
  assert.deepEqual([off?.ok, off?.severity], [false, 'advice']);
  assert.match(off?.detail ?? '', /100 asked, 80 to 100 came \(mean 97\.5\)/);
  assert.equal(finding('output_length', {}), undefined);
});

test('retries are told where there were any', () => {
  assert.match(finding('retries', { retried: 3 })?.detail ?? '', /3 retries/);
  assert.equal(finding('empty_answers', {}), undefined);
  assert.match(finding('empty_answers', { answers: { counted: 9, empty: 4, uncounted: 0 } })?.detail ?? '', /4 of 9 answers held no output token/);
  assert.equal(finding('uncounted_answers', {}), undefined);
  assert.match(
    finding('uncounted_answers', { answers: { counted: 6, empty: 0, uncounted: 3 } })?.detail ?? '',
    /3 of 9 answers did not say how many tokens/,
  );
  assert.equal(finding('retries', {}), undefined);
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
  const findings = checkValidity({ ...calm, medianLatencyMs: null, medianTtftMs: null, succeeded: 0, durationSeconds: 1, p99Samples: 0, certified });
  assert.ok(findings.every(({ ok, severity }) => ok || severity === 'advice'));
  assert.deepEqual(
    findings.map(({ name }) => name),
    ['client_cpu', 'event_loop_delay', 'client_ceiling'],
  );
});

test('whatever the neighbours do, a thread that ran less than half of the time is never at fault', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, share, share, share, fc.double({ min: 0, max: 1000, noNaN: true }), (loop, ran, waited, stolen, delayMs) => {
      const threadCpu = ran * 0.49;
      const findings = checkValidity({
        ...calm,
        client: { ...idle, loopUtilization: loop, threadCpu, cpuSeconds: threadCpu * 60, runQueueWait: waited, eventLoopP99Ms: delayMs },
        schedule: { ...schedule, latenessP99Ms: delayMs },
        noise: { ...quiet, stealShare: stolen },
        certified,
        tokensPerSecond: 100_000 * loop,
      });
      return findings.every(({ ok, severity }) => ok || severity === 'advice');
    }),
  );
});

test('a machine without sockets for the load is the client’s fault, never the service’s', () => {
  assert.equal(finding('client_limit', {}), undefined);
  const limit = finding('client_limit', { clientLimit: { requests: 236, attempts: 0, example: 'connect EMFILE' } });
  assert.deepEqual([limit?.ok, limit?.severity], [false, 'fatal']);
  assert.match(limit?.detail ?? '', /^236 requests found .*connect EMFILE.*ulimit -n/);
  const mended = finding('client_limit', { clientLimit: { requests: 0, attempts: 12, example: 'connect EADDRNOTAVAIL' } });
  assert.deepEqual([mended?.ok, mended?.severity], [false, 'fatal']);
  assert.match(mended?.detail ?? '', /^12 attempts that were made again found .*EADDRNOTAVAIL/);
});

test('dropped arrivals are told of all that were to be sent', () => {
  const dropped = finding('dropped_arrivals', { schedule: { ...schedule, dropped: 10, sends: 0, arrivals: 50 } });
  assert.match(dropped?.detail ?? '', /^10 of 60 arrivals/);
});
