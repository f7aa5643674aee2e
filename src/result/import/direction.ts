import type { Better } from '../document.ts';

const times = new Set([
  'ns',
  'us',
  'µs',
  'μs',
  'ms',
  's',
  'sec',
  'secs',
  'second',
  'seconds',
  'min',
  'minutes',
  'nanoseconds',
  'microseconds',
  'milliseconds',
]);
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
/** Units of a rate in one word: `Mbps`, `GiBps`, `GFLOPS`, `MHz`. */
const rateWord = /^[kmgt]?(i?b|bit)?(ps|flops|hz|iops)$/;
/** An amount and then a second, `GB_sec`: the stroke between them got lost in a column's name. */
const amountSecond =
  /(^|[^a-z])([kmgt]i?b|bytes?|[kmgt]?bits?|reqs?|requests?|events?|tokens?|transactions?|tx|queries|ops?|operations?|messages|msgs?|items|samples|images|frames|rows|records)[ _-](s|sec|secs|seconds?)$/;
const amounts = /^([kmgt]i?b|b|bytes?|[kmgt]i?bytes|allocs?|allocations|instructions|cycles|page[ _-]faults)$/;
const failures = /(^|[^a-z])(errors?|fail(s|ed|ures?)?|miss(es)?|drop(s|ped)?|loss|lost|reject(s|ed|ions?)?|timeouts?|retr(y|ies))([^a-z]|$)/;

/** Users say which values are better. */
export const directionWords = ['smaller', 'bigger'] as const;
export type DirectionWord = (typeof directionWords)[number];

/** The way that a user's word means; null where none was said. */
export function directionOfWord(word: DirectionWord | null): Better | null {
  return word === null ? null : word === 'smaller' ? 'lower' : 'higher';
}

/**
 * Which way is good, by the unit and, where that is silent, by the metric's name. The first that applies:
 * 1. what counts failures (`error-rate`, `drops/s`): lower; 2. something per operation (`ns/op`, `B/op`, `ns/iter`): lower;
 * 3. something per second (`MB/s`, `req/sec`, `GB_sec`, `Mbps`), or `ops`, `rate`, `throughput` and their like: higher; 4. a time: lower;
 * 5. an amount of memory or of work (`MB`, `allocations`, `instructions`): lower; 6. else neither, so that nothing is called a regression by guess.
 */
export function directionBy(unit: string, name = ''): Better {
  const [ofUnit, ofName] = [unit.trim().toLowerCase(), name.toLowerCase()];
  if (failures.test(ofUnit) || failures.test(ofName)) return 'lower';
  return byWords(ofUnit) ?? byWords(ofName) ?? (amounts.test(ofUnit) ? 'lower' : 'neither');
}

function byWords(text: string): Better | null {
  if (/(\/|\bper[ _-])(op|ops|iter|iteration|call|request|req|token|query|row)$/.test(text)) return 'lower';
  if (/(\/|(^|[\s_-])per[ _-])(s|sec|secs|second|seconds|min|minute)$/.test(text) || /[a-z]persec(ond)?$/.test(text) || amountSecond.test(text))
    return 'higher';
  const words = text.split(/[^\p{L}\d]+/u);
  if (words.some((word) => rates.has(word) || rateWord.test(word))) return 'higher';
  if (words.some((word) => times.has(word) || word === 'latency' || word === 'duration' || word === 'time')) return 'lower';
  return null;
}
