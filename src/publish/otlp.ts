import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { ExposedHistogram, Family } from '../report/exposition/exposition.ts';

const intervalMs = 5000;
const timeoutMs = 4000;
/** What the SDK calls a double. */
const double = 1;
const units = { seconds: 's', bytes: 'By', ratio: '1' } as const;

export interface OtlpPusher {
  /** Pushes what there is now and ends. Returns what went wrong, in one sentence; null when nothing did. */
  close(): Promise<string | null>;
}

/**
 * Pushes metrics by OTLP over HTTP (JSON) every five seconds, and once more at the end. Never throws for a collector that is not there: the measurement goes on.
 * @param url of the collector; one without a path gets /v1/metrics. Null: as OTEL_EXPORTER_OTLP_ENDPOINT and its like say, headers included
 */
export function pushOtlp(url: string | null, version: string, read: () => readonly Family[]): OtlpPusher {
  const startTime = hrTime(Date.now());
  let failures = 0;
  let pushes = 0;
  let reason = '';
  const inner = new OTLPMetricExporter({ ...(url === null ? {} : { url: addressOf(url) }), timeoutMillis: timeoutMs });
  const exporter: PushMetricExporter = {
    export: (metrics, told) =>
      inner.export(metrics, (result) => {
        pushes++;
        if (result.code !== 0) {
          failures++;
          reason = result.error?.message ?? 'no reason was given';
        }
        told(result);
      }),
    forceFlush: () => inner.forceFlush(),
    shutdown: () => inner.shutdown(),
    selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
  };
  const resource = resourceFromAttributes({ 'service.name': 'llm-bench', 'service.version': version });
  const collect = async (): Promise<CollectionResult> => {
    const endTime = hrTime(Date.now());
    const metrics = read().map((family) => metricOf(family, startTime, endTime));
    return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'llm-bench', version }, metrics }] }, errors: [] };
  };
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: timeoutMs,
    metricProducers: [{ collect }],
  });
  const provider = new MeterProvider({ resource, readers: [reader] });
  return {
    async close() {
      await provider.forceFlush().catch((error: unknown) => noteOf(error));
      await provider.shutdown().catch((error: unknown) => noteOf(error));
      return failures === 0 ? null : `OTLP: ${failures} of ${pushes} pushes failed: ${reason}`;
    },
  };

  function noteOf(error: unknown): void {
    reason ||= error instanceof Error ? error.message : String(error);
    failures = Math.max(1, failures);
    pushes = Math.max(pushes, failures);
  }
}

/** The address that metrics are sent to, of a collector's address. @throws TypeError for a text that is none */
export function addressOf(text: string): string {
  const url = new URL(text);
  if (url.pathname === '/' || url.pathname === '') url.pathname = '/v1/metrics';
  return url.href;
}

type HrTime = [seconds: number, nanoseconds: number];

function hrTime(epochMs: number): HrTime {
  return [Math.floor(epochMs / 1000), Math.round((epochMs % 1000) * 1e6)];
}

function metricOf(family: Family, startTime: HrTime, endTime: HrTime): MetricData {
  const { name, help, unit } = family;
  const common = {
    descriptor: { name, description: help, unit: unit === undefined ? '' : units[unit], valueType: double },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  } as const;
  const at = (labels: Readonly<Record<string, string>>) => ({ startTime, endTime, attributes: { ...labels } });
  if (family.type === 'histogram')
    return {
      ...common,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: family.histograms.map((one) => ({ ...at(one.labels), value: histogramOf(one) })),
    };
  const dataPoints = family.values.map(({ labels, value }) => ({ ...at(labels), value }));
  return family.type === 'counter'
    ? { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
}

function histogramOf({ bounds, counts, sum, count }: ExposedHistogram) {
  return { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count };
}
