import type { Statistic } from '../document.ts';
import type { ImportFormat, RunReading } from './format.ts';
import { llmMeasures } from './llm.ts';

const seconds: Record<string, number> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
const thousands: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/** What wrk and wrk2 print. Several outputs one after the other in a file are several runs. */
export const wrk: ImportFormat = {
  name: 'wrk',
  title: 'the text that wrk or wrk2 prints',
  matches: ({ text }) => /^Running .+ test @ /m.test(text) && /^\s*Requests\/sec:/m.test(text),
  read: ({ text }) => {
    const parts = text.split(/^(?=Running .+ test @ )/m).filter((part) => part.startsWith('Running '));
    const target = /test @ (\S+)/.exec(text)?.[1] ?? null;
    return { runs: parts.map(runOf), sessions: parts.length, target };
  },
};

function runOf(text: string): RunReading {
  const time = (pattern: RegExp): number | null => {
    const found = pattern.exec(text);
    return found === null ? null : Number(found[1]) * (seconds[found[2] as string] ?? 1);
  };
  const number = (pattern: RegExp): number | null => {
    const found = pattern.exec(text);
    return found === null ? null : Number(found[1]);
  };
  const columns = /^\s*Latency\s+([\d.]+)(us|ms|s|m|h)\s+([\d.]+)(us|ms|s|m|h)\s+([\d.]+)(us|ms|s|m|h)/m.exec(text);
  const column = (at: number) => (columns === null ? undefined : Number(columns[at]) * (seconds[columns[at + 1] as string] ?? 1));
  const latency: Partial<Record<Statistic, number>> = {};
  const put = (statistic: Statistic, value: number | null | undefined) => {
    if (value !== null && value !== undefined) latency[statistic] = value;
  };
  put('mean', column(1));
  put('stddev', column(3));
  put('max', column(5));
  for (const [statistic, percent] of [
    ['p50', '50'],
    ['p90', '90'],
    ['p95', '95'],
    ['p99', '99'],
    ['p999', '99\\.9'],
  ] as const)
    put(statistic, time(new RegExp(`^\\s*${percent}(?:\\.0+)?0*%\\s+([\\d.]+)(us|ms|s|m|h)\\s*$`, 'm')));
  const requests = number(/^\s*(\d+) requests in /m);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const failed = (sockets?.slice(1).reduce((sum, one) => sum + Number(one), 0) ?? 0) + (number(/Non-2xx or 3xx responses: (\d+)/) ?? 0);
  const rate = /^\s*Requests\/sec:\s+([\d.]+|-?nan|inf)([kMG]?)/m.exec(text);
  const perSecond = rate === null ? null : Number(rate[1]) * (thousands[rate[2] as string] ?? 1);
  const all = requests === null ? null : Math.max(requests, failed);
  return {
    durationSeconds: time(/requests in ([\d.]+)(us|ms|s|m|h)/),
    requests: all,
    failed,
    concurrency: number(/threads and (\d+) connections/),
    measures: llmMeasures('wrk', {}, requests, {
      latency_s: latency,
      requests_per_sec: perSecond,
      error_rate: all === null || all === 0 ? null : (100 * failed) / all,
    }),
  };
}
