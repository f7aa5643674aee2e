import { UserError } from '../config/errors.ts';
import { isObject } from '../config/is-object.ts';
import { isDistribution, type Metric, type ResultDocument, type Series } from './document.ts';
import { addValues, type WeighedValue } from './merge-values.ts';
import { valueAt } from './metric-values.ts';
import { addDistributions } from './pooled.ts';

/** A result and what errors call it. */
export interface Part {
  document: ResultDocument;
  name: string;
}

/**
 * Unites the series of several parts; those of the same id are added metric by metric.
 * @param together the parts were measured at the same time
 * @param wholeSeconds measured time of the given parts together, null when not known
 * @throws UserError (exit 2) when a metric has unlike units or kinds, or a series was measured on unlike models or targets
 */
export function mergeSeries(parts: readonly Part[], wholeSeconds: (parts: readonly Part[]) => number | null, together = false): Series[] {
  const byId = new Map<string, { part: Part; series: Series }[]>();
  for (const part of parts) {
    for (const series of part.document.series) {
      const known = byId.get(series.id);
      if (known) known.push({ part, series });
      else byId.set(series.id, [{ part, series }]);
    }
  }
  return [...byId.values()].map((members) => mergeOne(members, wholeSeconds, together));
}

type Member = { part: Part; series: Series };

function mergeOne(members: readonly Member[], wholeSeconds: (parts: readonly Part[]) => number | null, together: boolean): Series {
  const first = members[0] as Member;
  if (members.length === 1) return first.series;
  checkAlike(members);
  const names = [...new Set(members.flatMap(({ series }) => Object.keys(series.metrics)))];
  const metrics: Record<string, Metric> = {};
  for (const name of names) {
    const having = members.filter(({ series }) => Object.hasOwn(series.metrics, name));
    // A level is a stretch of its run: in turn each weighs by what it lasted itself, where all say so.
    const own = together ? [null] : having.map(({ series }) => secondsOf(series));
    const known = own.every((one) => one !== null);
    const seconds = known ? own.reduce((sum, one) => sum + one, 0) : wholeSeconds(having.map(({ part }) => part));
    const observed = having.every(({ series }) => series.metrics[name]?.observed);
    metrics[name] = { ...mergeMetric(name, having, seconds, known ? own : null), ...(observed ? { observed } : {}) };
  }
  addRatio(metrics);
  const labels = Object.entries(first.series.labels).filter(([key, value]) => members.every(({ series }) => series.labels[key] === value));
  const { requests: _, ...unchanged } = first.series;
  const requests = addRequests(members.map(({ series }) => series));
  return { ...unchanged, labels: Object.fromEntries(labels), metrics, ...(requests === null ? {} : { requests }) };
}

/** How long a series was measured, by its own count and rate; null where these do not say. */
function secondsOf(series: Series): number | null {
  const counted = requestsOf(series);
  const rate = valueAt(series, 'successful_requests_per_sec');
  return counted === null || counted.successful === 0 || rate === null || rate <= 0 ? null : counted.successful / rate;
}

/** Null where a part did not count them. */
function addRequests(all: readonly Series[]): NonNullable<Series['requests']> | null {
  const counted = all.map(requestsOf);
  if (!counted.every((one) => one !== null)) return null;
  const total = (name: 'successful' | 'failed') => counted.reduce((sum, one) => sum + one[name], 0);
  return { successful: total('successful'), failed: total('failed') };
}

/** A document of another tool may have anything there. */
function requestsOf({ requests }: Series): NonNullable<Series['requests']> | null {
  if (!isObject(requests)) return null;
  const { successful, failed } = requests as { successful?: unknown; failed?: unknown };
  return typeof successful === 'number' && typeof failed === 'number' ? { successful, failed } : null;
}

/** The ratio of tokens follows from their added sums. */
function addRatio(metrics: Record<string, Metric>): void {
  const { input_output_token_ratio: ratio, input_tokens: input, output_tokens: output } = metrics;
  if (!ratio || isDistribution(ratio) || !input || !output || !isDistribution(input) || !isDistribution(output)) return;
  if (input.sum === null || !output.sum) return;
  metrics['input_output_token_ratio'] = { unit: ratio.unit, better: ratio.better, value: input.sum / output.sum };
}

/** @param ownSeconds of each member; null: they last as long as their parts */
function mergeMetric(name: string, members: readonly Member[], wholeSeconds: number | null, ownSeconds: readonly number[] | null): Metric {
  const of = ({ series }: Member) => series.metrics[name] as Metric;
  const [first, ...others] = members as [Member, ...Member[]];
  for (const other of others) {
    const [a, b] = [of(first), of(other)];
    const kind = (metric: Metric) => (isDistribution(metric) ? 'a distribution' : 'one value');
    const unlike =
      a.unit !== b.unit
        ? [JSON.stringify(a.unit), JSON.stringify(b.unit)]
        : kind(a) !== kind(b)
          ? [kind(a), kind(b)]
          : a.better !== b.better
            ? [`better ${a.better}`, `better ${b.better}`]
            : null;
    if (unlike) {
      throw new UserError(
        `cannot add ${name} of series ${first.series.id}: it is ${unlike[0]} in ${first.part.name} and ${unlike[1]} in ${other.part.name}`,
      );
    }
  }
  if (isDistribution(of(first))) {
    return addDistributions(
      name,
      members.map((member) => ({
        metric: of(member) as Extract<Metric, { count: number }>,
        where: `${member.part.name}, series ${member.series.id}`,
      })),
    );
  }
  const weighed = members.map((member, index): WeighedValue => {
    const weights = weightsOf(member);
    return { metric: of(member) as WeighedValue['metric'], ...weights, durationSeconds: ownSeconds?.[index] ?? weights.durationSeconds };
  });
  return addValues(name, weighed, wholeSeconds);
}

/** What a part's values weigh. Where a series did not count its requests, they follow from its successes (the count of its latencies) and its error rate. */
function weightsOf({ part, series }: Member): Omit<WeighedValue, 'metric'> {
  const { results, series: all } = part.document;
  const durationSeconds = results.duration_seconds > 0 ? results.duration_seconds : null;
  const counted = requestsOf(series);
  if (counted !== null) return { durationSeconds, requests: counted.successful + counted.failed, successful: counted.successful };
  if (!series.detail && all.filter((one) => !one.detail).length === 1 && results.total_requests > 0)
    return { durationSeconds, requests: results.total_requests, successful: results.successful };
  const latency = Object.hasOwn(series.metrics, 'latency_s') ? series.metrics['latency_s'] : undefined;
  const successful = latency !== undefined && isDistribution(latency) ? latency.count : null;
  const errorRate = valueAt(series, 'error_rate');
  const requests = successful === null || errorRate === null || errorRate >= 100 ? null : Math.round(successful / (1 - errorRate / 100));
  return { durationSeconds, requests, successful };
}

function checkAlike(members: readonly Member[]): void {
  const [first, ...others] = members as [Member, ...Member[]];
  for (const key of ['model', 'target'] as const) {
    for (const other of others) {
      const [a, b] = [first.part.document[key], other.part.document[key]];
      if (!a || !b || a === b) continue;
      throw new UserError(
        `cannot add series ${first.series.id}: ${first.part.name} measured the ${key} ${JSON.stringify(a)}, ${other.part.name} the ${key} ${JSON.stringify(b)}`,
        { hint: 'Only runs of the same thing add up; compare unlike ones with `llm-bench compare`.' },
      );
    }
  }
}
