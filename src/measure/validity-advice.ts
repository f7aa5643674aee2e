import type { TimelineBucket } from './timeline.ts';
import type { ExactLength, ValidityFinding, ValidityInput } from './validity-input.ts';

const confidentSeconds = 30;
/** A p99 has a relative standard error of some 10% from here on, for a latency distribution with an exponential tail. */
const markedP99Samples = 662;
/** Shares of the machine's time beyond which neighbours are told about. */
const steal = 0.02;
const throttled = 0.01;
const waited = 0.05;
const loaded = 0.5;
/** The client's own error, as a share of the TTFT that it is part of. */
const visibleError = 0.05;
/** The beginning is not settled when its median is so much above or below the rest. */
const settledRatio = 1.25;
const leastSettleSeconds = 10;
const firstPart = 0.2;
/** A load that is still growing is expected to change its latencies. */
const steadyInFlight = 1.1;

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
const advice = (name: string, ok: boolean, detail: string): ValidityFinding => ({ name, ok, severity: 'advice', detail });

/** Where the figures are weaker than they look; never a reason to fail. */
export function adviceFindings(input: ValidityInput): ValidityFinding[] {
  const { succeeded, durationSeconds, p99Samples } = input;
  const findings = [...certificateFindings(input), ...noiseFindings(input)];
  if (succeeded > 0) findings.push(...sampleFindings(durationSeconds, p99Samples));
  const settled = settledFinding(input.timeline);
  if (settled !== null) findings.push(settled);
  if (input.exactLength !== null && input.exactLength.length > 0) findings.push(lengthFinding(input.exactLength));
  const { counted, empty, uncounted } = input.answers;
  if (empty > 0)
    findings.push(
      advice(
        'empty_answers',
        false,
        `${empty} of ${counted} answers held no output token: they count as successful and quick; does the model answer?`,
      ),
    );
  if (uncounted > 0)
    findings.push(
      advice(
        'uncounted_answers',
        false,
        `${uncounted} of ${counted + uncounted} answers did not say how many tokens they hold, though the one sent ahead did: rates of tokens are too low by them; does one of several servers not send usage?`,
      ),
    );
  if (input.retried > 0)
    findings.push(advice('retries', false, `${input.retried} retries were needed; latencies count from each request's first attempt`));
  return findings;
}

/** Whether what was measured was long enough for a throughput and enough for a p99. @param p99Samples latencies that the p99 is of */
export function sampleFindings(durationSeconds: number, p99Samples: number): ValidityFinding[] {
  const long = durationSeconds >= confidentSeconds;
  const few = p99Samples < 100 ? '; the p99 of fewer than 100 is not given' : `; a p99 of fewer than ${markedP99Samples} is a rough one`;
  return [
    advice(
      'throughput_window',
      long,
      `throughput was measured for ${durationSeconds.toFixed(1)} s${long ? '' : `; under ${confidentSeconds} s it is of low confidence`}`,
    ),
    advice('p99_samples', p99Samples >= markedP99Samples, `${p99Samples} latencies${p99Samples >= markedP99Samples ? '' : few}`),
  ];
}

function certificateFindings({ certified, medianTtftMs, medianLatencyMs }: ValidityInput): ValidityFinding[] {
  if (certified === null) return [];
  if (typeof certified === 'string') return [advice('selftest', false, `the client was not certified: ${certified}`)];
  const findings: ValidityFinding[] = [];
  if (certified.sharedCore)
    findings.push(advice('shared_core', false, 'client and service share one core: each slows the other down; give the client a core of its own'));
  const measuredMs = medianTtftMs ?? medianLatencyMs;
  const { p50, p99 } = certified.timingErrorMs;
  if (p50 !== null && measuredMs !== null) {
    const ok = Math.abs(p50) <= visibleError * measuredMs;
    const seen = `beside a server of known timings the client's own error was ${p50.toFixed(2)} ms at p50${p99 === null ? '' : ` and ${p99.toFixed(2)} ms at p99`}`;
    findings.push(
      advice('timing_error', ok, ok ? seen : `${seen}: a visible part of a median of ${measuredMs.toFixed(1)} ms, and part of what is reported`),
    );
  }
  return findings;
}

function noiseFindings({ noise, client }: ValidityInput): ValidityFinding[] {
  if (noise === null) return [];
  const { stealShare, throttledShare, loadPerCore, otherRun } = noise;
  const heard: string[] = [];
  if ((stealShare ?? 0) >= steal) heard.push(`the hypervisor took ${percent(stealShare ?? 0)} of the cores' time (steal)`);
  if ((throttledShare ?? 0) >= throttled) heard.push(`the container's CPU limit held it up for ${percent(throttledShare ?? 0)} of the time`);
  if ((client.runQueueWait ?? 0) >= waited)
    heard.push(`the sending thread waited ${percent(client.runQueueWait ?? 0)} of the time for a core that others had`);
  if ((loadPerCore ?? 0) >= loaded)
    heard.push(`the machine was at work before the measurement began (${(loadPerCore ?? 0).toFixed(1)} tasks per core)`);
  if (otherRun) heard.push('another llm-bench run was going on it');
  return [
    advice(
      'quiet_machine',
      heard.length === 0,
      heard.length === 0 ? 'nothing else was seen to run on this machine' : `the machine was not quiet: ${heard.join('; ')}`,
    ),
  ];
}

/** The first fifth of the window against the rest, by the medians of its seconds; null where the load changed, or there is too little to tell. */
function settledFinding(timeline: readonly TimelineBucket[]): ValidityFinding | null {
  const seconds = timeline.slice(0, -1).filter((bucket) => bucket.requests - bucket.errors > 0);
  if (seconds.length < leastSettleSeconds) return null;
  const count = Math.max(2, Math.floor(seconds.length * firstPart));
  const [begin, rest] = [seconds.slice(0, count), seconds.slice(count)];
  const ratio = (of: (bucket: TimelineBucket) => number | null) => {
    const [a, b] = [medianOf(begin.map(of)), medianOf(rest.map(of))];
    return a === null || b === null || b <= 0 ? null : a / b;
  };
  const load = ratio((bucket) => bucket.in_flight);
  if (load !== null && (load > steadyInFlight || load < 1 / steadyInFlight)) return null;
  const name = rest.some((bucket) => bucket.ttft_ms_p50 !== null) ? 'TTFT p50' : 'latency p95';
  const change = ratio((bucket) => (name === 'TTFT p50' ? bucket.ttft_ms_p50 : bucket.latency_ms_p95));
  if (change === null) return null;
  const ok = change <= settledRatio && change >= 1 / settledRatio;
  const seen = `${name} of the first ${count} s was ${percent(Math.abs(change - 1))} ${change >= 1 ? 'above' : 'below'} the rest`;
  return advice('warmup_settled', ok, ok ? seen : `${seen}: the service had not settled; raise warmup, or measure longer`);
}

function medianOf(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

function lengthFinding(classes: ExactLength): ValidityFinding {
  const off = classes.filter(({ asked, least, most }) => least !== asked || most !== asked);
  const shown = off.map(({ asked, least, most, mean }) => `${asked} asked, ${least} to ${most} came (mean ${mean.toFixed(1)})`).join('; ');
  return advice(
    'output_length',
    off.length === 0,
    off.length === 0
      ? 'every answer had the length that was asked for'
      : `output tokens are not those asked for with ignore_eos: ${shown}; the server does not keep to it`,
  );
}
