import { ExitCode } from '../../config/errors.ts';
import { type SelftestOptions, type SelftestReport, selftest } from './selftest.ts';

/** The selftest as a command: prints its figures. @returns the exit code */
export async function printSelftest(
  options: SelftestOptions & { json: boolean; out(text: string): void; err(text: string): void },
): Promise<ExitCode> {
  const { plan } = options;
  options.err(
    `selftest: ${plan.rate === null ? `${plan.concurrency} users` : `${plan.rate} requests/s`} for ${plan.seconds} s at a server of known timings`,
  );
  let report: SelftestReport;
  try {
    report = await selftest(options);
  } catch (error) {
    if (!options.signal.aborted) throw error;
    options.err('interrupted');
    return ExitCode.interrupted;
  }
  options.out(options.json ? `${JSON.stringify(report, null, 2)}\n` : renderSelftest(report));
  if (report.shared_core) options.err('advice: client and server share one core; the figures are of both. Run it where there are two.');
  else if ((report.waited ?? 0) >= 0.05)
    options.err(
      `advice: the client waited ${Math.round((report.waited ?? 0) * 100)}% of the time for a core that others had; its error is partly theirs.`,
    );
  return ExitCode.ok;
}

/** Pure. */
export function renderSelftest(report: SelftestReport): string {
  const { reported, truth, error, ceiling, cpu_us, send_lateness_ms, load } = report;
  const ms = (value: number | null) => (value === null ? '-' : `${value.toFixed(2)} ms`).padStart(11);
  const whole = (value: number | null) => (value === null ? '-' : Math.round(value).toLocaleString('en-US'));
  const micro = (value: number | null) => (value === null ? '-' : `${value.toFixed(1)} us`);
  const offered = load.concurrency === null ? `${load.rate} arrivals/s` : `${load.concurrency} users`;
  return [
    `${offered}, ${load.tokens} tokens each, the first after ${load.first_token_ms} ms, one every ${load.token_ms} ms: ${whole(report.requests)} answers, ${whole(report.tokens_per_sec)} tokens/s`,
    '',
    `${''.padEnd(10)}${'reported'.padStart(11)}${'true'.padStart(11)}${'error'.padStart(11)}`,
    ...(['p50', 'p99'] as const).map((key) => `TTFT ${key.padEnd(5)}${ms(reported.ttft_ms[key])}${ms(truth.ttft_ms[key])}${ms(error.ttft_ms[key])}`),
    ...(['p50', 'p99'] as const).map((key) => `ITL ${key.padEnd(6)}${ms(reported.itl_ms[key])}${ms(truth.itl_ms[key])}${ms(error.itl_ms[key])}`),
    ...(send_lateness_ms === null ? [] : [`Send lateness: p50${ms(send_lateness_ms.p50)}, p99${ms(send_lateness_ms.p99)}`]),
    '',
    `One sending thread can take ${whole(ceiling.tokens_per_sec)} tokens/s, or ${whole(ceiling.requests_per_sec)} requests/s.`,
    `CPU of the whole process: ${micro(cpu_us.per_token)} per token, ${micro(cpu_us.per_request)} per plain POST.`,
    '',
  ].join('\n');
}
