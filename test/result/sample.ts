import { Distribution } from '../../src/measure/distribution.ts';
import { distributionDefinitions } from '../../src/measure/metrics.ts';
import type { Metric, ResultDocument, Series } from '../../src/result/document.ts';
import { parseResult } from '../../src/result/read.ts';

/** A metric of the result document as measuring makes it. Values are in the metric's recorded unit (ms for latency_s). */
export function measuredMetric(name: string, values: readonly number[]): Metric {
  const definition = distributionDefinitions.find((one) => one.name === name)!;
  const distribution = new Distribution(definition.resolution);
  for (const value of values) distribution.record(value);
  const { unit, better, scale, resolution } = definition;
  return {
    unit,
    better,
    count: distribution.count,
    sum: distribution.sum * scale,
    ...distribution.summary(scale),
    hdr: distribution.encode(),
    hdr_per_unit: Math.round(resolution / scale),
  };
}

/** A series of one scenario from the latencies and first-token times of its requests, in ms. */
export function measuredSeries(
  id: string,
  latencies: readonly number[],
  ttfts: readonly number[] = latencies,
  values: Record<string, number> = {},
): Series {
  const named: Record<string, Metric> = {};
  const units: Record<string, Metric> = {
    tokens_per_sec: { unit: 'tokens/s', better: 'higher', value: 0 },
    requests_per_sec: { unit: 'req/s', better: 'higher', value: 0 },
    error_rate: { unit: '%', better: 'lower', value: 0 },
  };
  for (const [name, value] of Object.entries(values)) named[name] = { ...units[name]!, value };
  return {
    id,
    labels: { scenario: id },
    metrics: { latency_s: measuredMetric('latency_s', latencies), ttft_ms: measuredMetric('ttft_ms', ttfts), ...named },
  };
}

/** A whole document from the members that a test is about. */
export function documentOf(members: Record<string, unknown>): ResultDocument {
  return parseResult(JSON.stringify({ schema_version: 1, scenario: 'chat', ...members }), 'test.json');
}
