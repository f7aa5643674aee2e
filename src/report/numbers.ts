/** Figures for people: three significant digits and a unit, thousands separators, a real minus sign. Nothing here changes what is judged. */

const minus = '−';
const missing = '—';

/** Three significant digits, all digits of the integer part, thousands separated by commas: 0.0123, 1.23, 182, 1,204. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return missing;
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 0.000_1 || magnitude >= 1e15)) return value.toExponential(2).replace('-', minus);
  const rounded = Number(magnitude.toPrecision(3));
  const digits = rounded === 0 ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(rounded))));
  const text = magnitude.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return value < 0 && Number(text.replaceAll(',', '')) !== 0 ? minus + text : text;
}

/** A count: whole, thousands separated. */
export function formatCount(value: number | null): string {
  return value === null || !Number.isFinite(value) ? missing : Math.round(value).toLocaleString('en-US').replace('-', minus);
}

interface Scale {
  factor: number;
  unit: string;
}

const timeUnits: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, seconds: 1000 };
const rates = new Set(['tokens/s', 'requests/s', 'req/s', '1/s', '/s']);

/** The unit to show values of about this size in: times move between µs, ms and s, bytes between B and GiB; others stay. */
function scaleFor(size: number, unit: string): Scale {
  const toMs = timeUnits[unit];
  if (toMs !== undefined) {
    const ms = Math.abs(size) * toMs;
    if (ms >= 1000) return { factor: toMs / 1000, unit: 's' };
    return ms > 0 && ms < 0.1 ? { factor: toMs * 1000, unit: 'µs' } : { factor: toMs, unit: 'ms' };
  }
  if (unit === 'bytes' || unit === 'B') {
    const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    const step = Math.min(steps.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, Math.abs(size))) / 10)));
    return { factor: 1 / 1024 ** step, unit: steps[step] ?? 'B' };
  }
  if (unit === 'percent' || unit === '%') return { factor: 1, unit: '%' };
  if (unit === 'ratio' || unit === 'count' || unit === 'tokens' || unit === '1' || unit === '') return { factor: 1, unit: '' };
  return { factor: 1, unit };
}

export interface ValueOptions {
  /** A value of the same metric whose scale to share, so that a row shows one unit. */
  like?: number | null;
  /** True where the metric's name already says a rate's unit (`Output tokens/s`). */
  namedUnit?: boolean;
  /** A figure that somebody wrote, such as a limit: its own digits, not three. */
  exact?: boolean;
}

/**
 * A value with its unit: `182 ms`, `1.35 s`, `0.40 %`, `1,204 tokens/s`; `—` for one that was not measured.
 */
export function formatValue(value: number | null, unit: string, options: ValueOptions = {}): string {
  if (value === null || !Number.isFinite(value)) return missing;
  const scale = scaleFor(Math.max(Math.abs(value), Math.abs(options.like ?? 0)), unit);
  const scaled = value * scale.factor;
  const number = options.exact
    ? Number(scaled.toPrecision(6)).toLocaleString('en-US', { maximumFractionDigits: 6 }).replace('-', minus)
    : formatNumber(scaled);
  return scale.unit === '' || (options.namedUnit && rates.has(scale.unit)) ? number : `${number} ${scale.unit}`;
}

/** The sign and one decimal: `+31.3 %`, `−6.1 %`, `+1,250 %`; no change at all is `±0 %`, an unknown change `—`. */
export function formatChange(percent: number | null): string {
  if (percent === null || !Number.isFinite(percent)) return missing;
  if (percent === 0) return '±0 %';
  return `${percent < 0 ? minus : '+'}${percentDigits(Math.abs(percent))} %`;
}

/** An interval of changes: `(27 … 35)`, `(−8 … −4)`. */
export function formatInterval(interval: readonly [number, number] | null): string {
  if (interval === null) return '';
  const end = (value: number) =>
    (value < 0 ? minus : '') +
    (Math.abs(value) < 9.95 ? percentDigits(Math.abs(value)).replace('.0', '') : Math.round(Math.abs(value)).toLocaleString('en-US'));
  return `(${end(interval[0])} … ${end(interval[1])})`;
}

/** A percentage without a sign, with one decimal below 100: `2.1 %`. */
export function formatPercent(percent: number | null): string {
  return percent === null || !Number.isFinite(percent) ? missing : `${percent < 0 ? minus : ''}${percentDigits(Math.abs(percent))} %`;
}

function percentDigits(magnitude: number): string {
  const digits = magnitude < 99.95 ? 1 : 0;
  return magnitude.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A limit as it was written: as many digits as it has, no sign: `20 %`, `7.5 %`. */
export function formatLimitPercent(percent: number): string {
  return `${Number(percent.toPrecision(6)).toLocaleString('en-US', { maximumFractionDigits: 6 })} %`;
}

/**
 * How much worse, for a sentence: whole percents, with decimals only as far as they are needed to show on which side of the limit it is:
 * 31.3 -> `31%`, 20.4 against 20 -> `20.4%`.
 */
export function percentInWords(percent: number, limit: number | null = null): string {
  const magnitude = Math.abs(percent);
  for (const digits of magnitude < 10 ? [1, 2, 3] : [0, 1, 2, 3]) {
    const rounded = Number(magnitude.toFixed(digits));
    if (limit === null || magnitude === limit || (rounded > limit === magnitude > limit && rounded !== limit))
      return `${rounded.toLocaleString('en-US')}%`;
  }
  return `${magnitude.toLocaleString('en-US', { maximumFractionDigits: 6 })}%`;
}

/** A span of time: `0.85 s`, `42 s`, `3 min 10 s`, `1 h 5 min`. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds) || seconds < 0) return missing;
  if (seconds < 59.5) return seconds < 9.95 ? `${Number(seconds.toPrecision(2))} s` : `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  return whole % 60 > 0 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
}

/** `1 metric`, `3 metrics`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
