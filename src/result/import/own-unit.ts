const times: readonly [factor: number, words: RegExp][] = [
  [1e-9, /^(ns|nsecs?|nanos(econds?)?)$/],
  [1e-6, /^([uµμ]s|usecs?|micros(econds?)?)$/],
  [1e-3, /^(ms|msecs?|millis(econds?)?)$/],
  [1, /^(s|secs?|seconds?)$/],
  [60, /^(min|mins|minutes?)$/],
  [3600, /^(h|hrs?|hours?)$/],
];
const shares: readonly [factor: number, words: RegExp][] = [
  [0.01, /^(%|percent|pct)$/],
  [1, /^(ratio|fraction|share|1)$/],
];
const amounts: Readonly<Record<string, RegExp>> = { tokens: /^tok(en)?s?$/, req: /^req(uest)?s?$/ };
const perSecond: Readonly<Record<string, string>> = { tps: 'tokens/s', rps: 'req/s', qps: 'req/s' };

/**
 * By what a value in one unit is multiplied to be in the unit that one of our metrics has (`ms`, `s`, `%`, `tokens/s`, `req/s`).
 * @returns null where the two are of no common kind
 */
export function factorBetween(from: string, to: string): number | null {
  const unit = from.trim().toLowerCase();
  if (unit === to) return 1;
  for (const kind of [times, shares]) {
    const [of, into] = [factorIn(kind, unit), factorIn(kind, to)];
    // One division of powers of ten is exact where two multiplications are not.
    if (of !== null && into !== null) return of >= into ? Math.round(of / into) : 1 / Math.round(into / of);
  }
  return rateFactor(perSecond[unit] ?? unit.replace(/[\s_]+per[\s_]+/, '/'), to);
}

function rateFactor(unit: string, to: string): number | null {
  const [amount = '', time = '', ...rest] = unit.split('/');
  const [wanted = '', second] = to.split('/');
  const seconds = factorIn(times, time);
  return second === 's' && rest.length === 0 && seconds !== null && amounts[wanted]?.test(amount) ? 1 / seconds : null;
}

function factorIn(kind: typeof times, unit: string): number | null {
  return kind.find(([, words]) => words.test(unit))?.[0] ?? null;
}
