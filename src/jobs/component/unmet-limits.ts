import { componentGroups } from '../../config/component.ts';
import { UserError } from '../../config/errors.ts';
import { limitsFor } from '../../config/thresholds/limits-for.ts';
import type { Thresholds } from '../../config/thresholds/thresholds.ts';
import type { ResultDocument } from '../../result/document.ts';
import { valueAt } from '../../result/metric-values.ts';

/**
 * Limits on the value itself of components that nothing measured: to pass them over would call ok what nobody looked at.
 * @param run `only` one component was run; `whole`: all benchmarks of the configuration were, so that one which a limit names has to be there
 */
export function unmetLimits(
  document: ResultDocument,
  { thresholds, origins }: { thresholds: Thresholds; origins: Readonly<Record<string, string>> },
  { only, whole }: { only: string | null; whole: boolean },
): string[] {
  const components = new Set(document.series.map(({ labels }) => labels['component']).filter((name) => typeof name === 'string'));
  const expected = only === null ? new Set<string>([...components, ...componentGroups]) : new Set([only]);
  return Object.entries(thresholds.series).flatMap(([glob, metrics]) => {
    const [component = ''] = glob.split('/');
    if (!expected.has(component)) return [];
    return Object.entries(metrics).flatMap(([key, limits]) => {
      const words = (['max', 'min'] as const).filter((word) => limits[word] !== undefined);
      if (words.length === 0) return [];
      const origin = origins[`thresholds.series.${glob}.${key}.${words[0]}`] ?? 'default';
      const meant = document.series.filter(({ id }) => limitsFor({ series: { [glob]: metrics } }, id, key) !== null);
      // Shipped limits are for those who have such a benchmark.
      if (meant.length === 0 && (!whole || origin === 'default' || !components.has(component))) return [];
      if (meant.some((series) => valueAt(series, key) !== null)) return [];
      const what = `${glob}: ${key} has ${words.map((word) => `${word} ${limits[word]}`).join(' and ')} (${origin})`;
      if (meant.length === 0) return [`${what}, but no benchmark of that name was run`];
      const benchmark = meant.map(({ labels, id }) => labels['benchmark'] ?? id).join(', ');
      return [`${what}, but ${benchmark} reports no ${unitFor(key)}`];
    });
  });
}

/** What a benchmark has to report for a metric. */
function unitFor(key: string): string {
  const [, statistic] = /^latency_s\.(\w+)$/.exec(key) ?? [];
  return statistic === undefined ? key.replace('hit_rate', 'hit-rate') : `${statistic}-ms`;
}

/** Exit 2, with every limit that nothing was measured for. */
export function unmetError(unmet: readonly string[]): UserError {
  return new UserError(`${unmet.length === 1 ? 'a limit has' : `${unmet.length} limits have`} no measurement:\n  ${unmet.join('\n  ')}`, {
    hint: 'Report the metric from the benchmark (Go: b.ReportMetric(p95, "p95-ms")), or take the limit out (docs/components.md).',
  });
}
