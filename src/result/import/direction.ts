import type { Better } from '../document.ts';

const times = new Set(
  [
    ['ns', 'nsec', 'nsecs', 'nanos', 'nanosecond', 'nanoseconds'],
    ['us', 'µs', 'μs', 'usec', 'usecs', 'micros', 'microsecond', 'microseconds'],
    ['ms', 'msec', 'msecs', 'millis', 'millisecond', 'milliseconds'],
    ['s', 'sec', 'secs', 'second', 'seconds'],
    ['min', 'mins', 'minute', 'minutes'],
    ['hour', 'hours'],
  ].flat(),
);
/** Times as a unit; in a name these words say something else. */
const timeUnits = new Set([...times, 'h', 'hr', 'hrs', 'day', 'days']);
/** Words of a name that tell of a time. */
const timeNames = new Set(['latency', 'duration', 'time', 'ttft', 'tpot', 'itl']);
const rates = new Set([
  'ops',
  'rps',
  'qps',
  'tps',
  'bps',
  'hz',
  'fps',
  'iops',
  'flops',
  'throughput',
  'rate',
  'speed',
  'bandwidth',
  'goodput',
  'speedup',
]);
/** Units of a rate in one word: `Mbps`, `GiBps`, `GFLOPS`, `MHz`, `Mops`. */
const rateWord = /^[kmgt]?(i?b|bit)?(ps|flops|hz|i?ops)$/;
/** A rate that does not say of what. */
const bareRate = /^(1?\/(s|sec|seconds?|min|minute)|s(\^|\*\*)?-1|[kmg]?hz|rate|per[ _-]?(s|sec|second|min|minute))$/;
/** An amount and then a second, `GB_sec`: the stroke between them got lost in a column's name. */
const amountSecond =
  /(^|[^a-z])([kmgt]i?b|bytes?|[kmgt]?bits?|reqs?|requests?|events?|tokens?|transactions?|tx|queries|ops?|operations?|messages|msgs?|items|samples|images|frames|rows|records)[ _-](s|sec|secs|seconds?)$/;
const amounts = /^([kmgt]i?b|b|((kilo|mega|giga|tera|kibi|mebi|gibi|tebi)|[kmgt]i?)?bytes?|allocs?|allocations|instructions|cycles|page[ _-]faults)$/;
/** Of these amounts, more is better. */
const spare = /(^|[^a-z])(free|available|idle|remaining|saved|headroom)([^a-z]|$)/;
const failures = /(^|[^a-z])(errors?|fail(s|ed|ures?)?|miss(es)?|drop(s|ped)?|loss|lost|reject(s|ed|ions?)?|timeouts?|retr(y|ies))([^a-z]|$)/;
/** Words beside which a metric's name still says no more than that it counts failures: `failed_requests_per_sec`. */
const besideFailures = new Set([
  'rate',
  'count',
  'total',
  'number',
  'num',
  'of',
  'per',
  's',
  'sec',
  'second',
  'min',
  'http',
  'req',
  'reqs',
  'request',
  'requests',
]);
const betterStated = /\b(lower|smaller|less|higher|bigger|larger|more) is better\b/;

/** Users say which values are better. */
export const directionWords = ['smaller', 'bigger'] as const;
export type DirectionWord = (typeof directionWords)[number];

/** The way that a user's word means; null where none was said. */
export function directionOfWord(word: DirectionWord | null): Better | null {
  return word === null ? null : word === 'smaller' ? 'lower' : 'higher';
}

/**
 * Which way is good, by the unit and, where that is silent, by the name. The first that applies:
 * 1. a unit that says so (`ms (lower is better)`); 2. what counts failures, by its unit or its metric (`error-rate`, `drops/s`, `failures`): lower;
 * 3. a unit of something per time (`MB/s`, `req/sec`, `tokens/s/user`, `requests per ms`, `GB_sec`, `Mbps`): higher, whatever words stand in the name;
 * 4. a name that tells of failures: lower; 5. a time, or something per operation (`ns/op`, `B/op`, `ms/token`, `cycles/byte`): lower;
 * 6. `ops`, `rate`, `throughput` and their like in the name: higher; 7. an amount of memory or of work (`MB`, `allocations`): lower, but what is free of it;
 * 8. else neither, so that nothing is called a regression by guess.
 * @param metric what is counted
 * @param series what it was counted of, where the tool has no other name: it may tell of anything (`parser: error handling`)
 */
export function directionBy(unit: string, metric = '', series = ''): Better {
  const [ofUnit, ofMetric, ofSeries] = [unit.trim().toLowerCase(), metric.toLowerCase(), series.toLowerCase()];
  const stated = betterStated.exec(ofUnit)?.[1];
  if (stated !== undefined) return /^(lower|smaller|less)$/.test(stated) ? 'lower' : 'higher';
  if (failures.test(ofUnit) || countsFailures(ofMetric)) return 'lower';
  const byUnit = byWords(ofUnit, timeUnits);
  if (byUnit === 'higher' && !bareRate.test(ofUnit)) return 'higher';
  if (failures.test(ofMetric) || failures.test(ofSeries)) return 'lower';
  return byUnit ?? byWords(ofMetric, times) ?? byWords(ofSeries, times) ?? byAmount(ofUnit, `${ofMetric} ${ofSeries}`);
}

function countsFailures(metric: string): boolean {
  const words = wordsOf(metric);
  return words.some((word) => failures.test(word)) && words.every((word) => failures.test(word) || besideFailures.has(word));
}

function byAmount(unit: string, name: string): Better {
  return amounts.test(unit) ? (spare.test(name) ? 'higher' : 'lower') : 'neither';
}

function byWords(text: string, known: ReadonlySet<string>): Better | null {
  if (/^s(\^|\*\*)?-1$/.test(text)) return 'higher';
  const [above = [], ...below] = text.split(/\s*\/\s*|(?:^|[\s_-]+)per[\s_-]+/).map(wordsOf);
  if (below.length > 0) {
    if (isTime(above.at(-1) ?? '', times)) return 'lower';
    if (below.some(([first = '']) => timeUnits.has(first))) return 'higher';
    if (amounts.test(above.at(-1) ?? '')) return 'lower';
    if (/^(op|ops|iter|iteration|call|request|req|token|query|row)$/.test(below.at(-1)?.at(-1) ?? '')) return 'lower';
  }
  if (/[a-z]persec(ond)?$/.test(text) || amountSecond.test(text)) return 'higher';
  const words = wordsOf(text);
  if (words.some((word) => rates.has(word) || rateWord.test(word))) return 'higher';
  return words.some((word) => isTime(word, known)) ? 'lower' : null;
}

function isTime(word: string, known: ReadonlySet<string>): boolean {
  return known.has(word) || timeNames.has(word);
}

function wordsOf(text: string): string[] {
  return text.split(/[^\p{L}\d]+/u).filter((word) => word !== '');
}
