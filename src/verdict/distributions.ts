/**
 * Normal, Student and binomial distributions, to about 1e-12 in probability. Formulas: Abramowitz & Stegun 26.2, 26.5, 26.7; the incomplete beta
 * function by its continued fraction with Lentz's method. Pure.
 */

const lanczos: readonly [number, ...number[]] = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
  9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x > 0 (Lanczos, g = 7). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const t = shifted + 7.5;
  const [first, ...others] = lanczos;
  const sum = others.reduce((total, coefficient, index) => total + coefficient / (shifted + index + 1), first);
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The regularised incomplete beta function I_x(a, b). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  const guarded = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let c = 1;
  let d = 1 / guarded(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guarded(1 + even * d);
    c = guarded(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guarded(1 + odd * d);
    c = guarded(1 + odd / c);
    const step = d * c;
    result *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return result;
}

/** P(T > t) for Student's t with `df` degrees of freedom, which need not be whole. */
export function tUpperTail(t: number, df: number): number {
  if (Number.isNaN(t)) return Number.NaN;
  const tail = 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5);
  return t >= 0 ? tail : 1 - tail;
}

/** The t whose upper tail is `tail` (0 < tail < 1): `tQuantile(0.01, 19)` is 2.539. */
export function tQuantile(tail: number, df: number): number {
  const key = `${tail}/${df}`;
  const known = quantiles.get(key);
  if (known !== undefined) return known;
  const found = tail > 0.5 ? -solve((t) => tUpperTail(t, df), 1 - tail) : solve((t) => tUpperTail(t, df), tail);
  if (quantiles.size > 10_000) quantiles.clear();
  quantiles.set(key, found);
  return found;
}
const quantiles = new Map<string, number>();

/** P(Z > z) of the standard normal. */
export function normalUpperTail(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  return z >= 0 ? 0.5 * erfcPositive(z / Math.SQRT2) : 1 - 0.5 * erfcPositive(-z / Math.SQRT2);
}

/** The z whose upper tail is `tail` (0 < tail < 1): `normalQuantile(0.01)` is 2.326. */
export function normalQuantile(tail: number): number {
  return tail > 0.5 ? -solve(normalUpperTail, 1 - tail) : solve(normalUpperTail, tail);
}

/** erfc(x), x >= 0: its series below 2.5, its continued fraction from there on. */
function erfcPositive(x: number): number {
  if (x < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 100 && Math.abs(term) > 1e-17 * sum; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  if (x > 27) return 0;
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}

/** The root >= 0 of a falling tail function: doubling, then bisection. */
function solve(tailOf: (t: number) => number, tail: number): number {
  if (!(tail > 0)) return Number.POSITIVE_INFINITY;
  let low = 0;
  let high = 1;
  while (tailOf(high) > tail && high < 1e300) {
    low = high;
    high *= 2;
  }
  for (let i = 0; i < 200 && high - low > 1e-14 * high; i++) {
    const middle = (low + high) / 2;
    if (tailOf(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
