import { isObject } from '../../config/is-object.ts';
import type { Statistic } from '../document.ts';
import { directionBy } from './direction.ts';
import { has, type Members, membersOf, numberOf, scaled, summaryOf } from './fields.ts';
import type { ImportFormat, Measure } from './format.ts';
import { llmMeasures } from './llm.ts';

const names = { mean: 'avg', min: 'min', p50: ['med', 'p(50)'], p90: 'p(90)', p95: 'p(95)', p99: 'p(99)', p999: 'p(99.9)', max: 'max' } as const;

/** What k6 itself measures beside latency, rate and failures: phases of a request and amounts, which say little of a change. */
const left =
  /^(http_req_(blocked|connecting|tls_handshaking|sending|receiving|duration|failed)(\{.*)?|data_(sent|received)|vus(_max)?|iteration_duration|iterations|http_reqs|group_duration|checks)$/;

/** k6's --summary-export, or the data that handleSummary was given. Their figures are the same; the latter wraps them in `values` and says their type. */
export const k6: ImportFormat = {
  name: 'k6',
  title: 'the JSON of `k6 run --summary-export`, or of handleSummary',
  matches: ({ json }) => isObject(json) && isObject(json['metrics']) && (has(json, 'root_group') || has(json['metrics'], 'iterations')),
  read: ({ json }) => {
    const file = json as Members;
    const metrics = membersOf(file['metrics']);
    const of = (name: string): Members => valuesOf(metrics[name]);
    const rate = (name: string) => numberOf(of(name)['rate'] ?? of(name)['value']);
    const requests = numberOf(of('http_reqs')['count']);
    const failedShare = rate('http_req_failed');
    const failed = requests === null || failedShare === null ? null : Math.round(requests * failedShare);
    const own = llmMeasures('k6', {}, requests, {
      latency_s: summaryOf(of('http_req_duration'), names, 1e-3),
      requests_per_sec: numberOf(of('http_reqs')['rate']),
      error_rate: scaled(failedShare, 100),
    });
    const checks = rate('checks');
    const iterations = numberOf(of('iterations')['rate']);
    if (checks !== null) own.push({ series: 'k6', metric: 'checks', unit: '%', better: 'higher', value: 100 * checks });
    if (iterations !== null && requests === null)
      own.push({ series: 'k6', metric: 'iterations_per_sec', unit: 'iterations/s', better: 'higher', value: iterations });
    const others = Object.entries(metrics).flatMap(([name, metric]) => (left.test(name) ? [] : otherMeasures(name, membersOf(metric))));
    const durationMs = numberOf(membersOf(file['state'])['testRunDurationMs']);
    return { runs: [{ durationSeconds: durationMs === null ? null : durationMs / 1000, requests, failed, measures: [...own, ...others] }] };
  },
};

function valuesOf(metric: unknown): Members {
  const members = membersOf(metric);
  return isObject(members['values']) ? members['values'] : members;
}

/** A metric of the script's own: a trend, a rate, a counter or a gauge, told apart by what it holds. */
function otherMeasures(name: string, metric: Members): Measure[] {
  const values = valuesOf(metric);
  const of = (metricName: string, unit: string, value: number | Partial<Record<Statistic, number>> | null): Measure[] =>
    value === null ? [] : [{ series: 'k6', metric: metricName, unit, better: directionBy(unit, name), value }];
  const trend = summaryOf(values, names, 1);
  if (trend.mean !== undefined) {
    const time =
      metric['contains'] === 'time' || (metric['contains'] === undefined && directionBy('', name) === 'lower') || name === 'http_req_waiting';
    return of(time && !/_ms$/.test(name) ? `${name}_ms` : name, time ? 'ms' : '', trend);
  }
  if (has(values, 'passes') || has(values, 'fails')) return of(name, '%', scaled(values['rate'] ?? values['value'], 100));
  if (has(values, 'count')) return of(`${name}_per_sec`, `${name}/s`, numberOf(values['rate']));
  return of(name, '', numberOf(values['value']));
}
