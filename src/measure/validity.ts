/** A finding about the measurement itself; the shape is the result document's. */
export interface ValidityFinding {
  name: string;
  ok: boolean;
  severity: 'fatal' | 'advice';
  detail: string;
}

/** What the client knows of its own state while it measured. */
export interface ClientFigures {
  cpuSeconds: number;
  wallSeconds: number;
  /** Share of the wall time in which the sending thread's event loop was busy, 0 to 1. */
  loopUtilization: number;
  eventLoopP99Ms: number;
}

export interface ValidityInput {
  client: ClientFigures;
  /** Median latency of the successful requests; null when there were none. */
  medianLatencyMs: number | null;
  succeeded: number;
  durationSeconds: number;
  p99Samples: number;
}

const saturatedUtilization = 0.95;
/** A loop delay matters when it is a visible part of what is measured; below 20 ms it is the machine's usual noise. */
const delayFloorMs = 20;
const delayShareOfLatency = 0.2;
/** A late loop that is mostly idle was held up by the machine (a neighbour, a hypervisor), which is no fault of the client's work. */
const busyUtilization = 0.5;
const confidentSeconds = 30;
const markedP99Samples = 662;

/**
 * Judges the client, never the server: fatal where the client was the bottleneck, advice where the figures are weaker than they look.
 * Too few samples and failed requests are not its business (the percentile is null; the error rate is a limit).
 */
export function checkValidity(input: ValidityInput): ValidityFinding[] {
  const { client, medianLatencyMs } = input;
  const delayLimitMs = Math.max(delayFloorMs, delayShareOfLatency * (medianLatencyMs ?? 0));
  const findings: ValidityFinding[] = [
    {
      name: 'client_cpu',
      ok: client.loopUtilization < saturatedUtilization,
      severity: 'fatal',
      detail: `the client's sending thread was busy ${(client.loopUtilization * 100).toFixed(0)}% of the time (limit ${saturatedUtilization * 100}%)${client.loopUtilization < saturatedUtilization ? '' : ': lower the concurrency or the rate, or give the client more cores'}`,
    },
    {
      name: 'event_loop_delay',
      ok: client.eventLoopP99Ms <= delayLimitMs,
      severity: client.loopUtilization >= busyUtilization ? 'fatal' : 'advice',
      detail: `event loop delay p99 ${client.eventLoopP99Ms.toFixed(1)} ms (limit ${delayLimitMs.toFixed(1)} ms)${client.eventLoopP99Ms <= delayLimitMs ? '' : client.loopUtilization >= busyUtilization ? ': the client was held up by its own work; lower the load or give it more cores' : ': the machine held the client up; run it where nothing else does, or on a core of its own'}`,
    },
  ];
  if (input.succeeded > 0) {
    findings.push({
      name: 'throughput_window',
      ok: input.durationSeconds >= confidentSeconds,
      severity: 'advice',
      detail: `throughput was measured for ${input.durationSeconds.toFixed(1)} s${input.durationSeconds >= confidentSeconds ? '' : `; under ${confidentSeconds} s it is of low confidence`}`,
    });
    findings.push({
      name: 'p99_samples',
      ok: input.p99Samples >= markedP99Samples,
      severity: 'advice',
      detail: `${input.p99Samples} latencies${input.p99Samples >= markedP99Samples ? '' : input.p99Samples < 100 ? '; the p99 of fewer than 100 is not given' : `; a p99 of fewer than ${markedP99Samples} is a rough one`}`,
    });
  }
  return findings;
}
