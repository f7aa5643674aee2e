import type { Definition } from '../measure/definitions.ts';
import { distributionDefinitions } from '../measure/metrics.ts';
import type { RetrievalTally, SeriesMeter } from '../measure/series-meter.ts';
import type { Metric } from './document.ts';
import { structuredRates } from './structured.ts';

/**
 * The metrics of a series, by name, each with its unit; what was not measured at all is left out.
 * @param runSeconds null for a class of requests within a phase, of which a rate would say nothing
 */
export function metricsOf(
  meter: SeriesMeter,
  runSeconds: number | null,
  notes: { itl?: string; outputTokens?: string },
  definition: Definition,
): Record<string, Metric> {
  const seconds = runSeconds === null ? null : (meter.windowSeconds ?? runSeconds);
  const metrics: Record<string, Metric> = {};
  for (const { name, unit, better, resolution, scale } of distributionDefinitions) {
    const distribution = meter.distributions.get(name);
    if (!distribution || distribution.count === 0) continue;
    metrics[name] = {
      unit,
      better,
      count: distribution.count,
      sum: distribution.sum * scale,
      ...distribution.summary(scale),
      hdr: distribution.encode(),
      hdr_per_unit: Math.round(resolution / scale),
      ...(name === 'itl_ms' && meter.gapsEstimated ? { note: 'estimated: the server does not say how many tokens a chunk holds' } : {}),
      ...(name === 'output_tokens' && notes.outputTokens ? { note: notes.outputTokens } : {}),
    };
  }
  const total = meter.succeeded + meter.failed;
  const percent = (part: number) => (total === 0 ? null : (100 * part) / total);
  metrics['error_rate'] = { unit: '%', better: 'lower', value: percent(meter.failed) };
  metrics['success_rate'] = { unit: '%', better: 'higher', value: percent(meter.succeeded) };
  if (seconds !== null && seconds > 0) {
    metrics['requests_per_sec'] = { unit: 'req/s', better: 'higher', value: definition.ratedRequests(meter.succeeded, meter.failed) / seconds };
    metrics['successful_requests_per_sec'] = { unit: 'req/s', better: 'higher', value: meter.succeeded / seconds };
    if (metrics['output_tokens']) metrics['tokens_per_sec'] = { unit: 'tokens/s', better: 'higher', value: meter.outputTokens / seconds };
  }
  if (metrics['output_tokens'] && metrics['input_tokens'] && meter.outputTokens > 0)
    metrics['input_output_token_ratio'] = { unit: 'ratio', better: 'neither', value: meter.inputTokens / meter.outputTokens };
  Object.assign(metrics, retrievalMetrics(meter.retrieval));
  const kept = structuredRates(meter.checks);
  if (kept !== null) {
    metrics['schema_compliance_rate'] = { unit: '%', better: 'higher', value: kept.compliance_rate };
    metrics['invalid_json_rate'] = { unit: '%', better: 'lower', value: kept.invalid_json_rate };
    metrics['schema_violation_rate'] = { unit: '%', better: 'lower', value: kept.violation_rate };
    metrics['validation_overhead_percent'] = { unit: '%', better: 'lower', value: kept.validation_overhead_percent };
  }
  return metrics;
}

function retrievalMetrics({ recalled, recallSum, hitsKnown, hits, hitsChecked, hitsRight }: RetrievalTally): Record<string, Metric> {
  return {
    ...(recalled > 0 ? { recall_at_k: { unit: 'ratio', better: 'higher', value: recallSum / recalled } } : {}),
    ...(hitsKnown > 0 ? { hit_rate_percent: { unit: '%', better: 'higher', value: (100 * hits) / hitsKnown } } : {}),
    ...(hitsChecked > 0 ? { hit_accuracy_percent: { unit: '%', better: 'higher', value: (100 * hitsRight) / hitsChecked } } : {}),
  };
}
