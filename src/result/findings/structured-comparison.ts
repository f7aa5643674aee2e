import type { Metric, Series } from '../document.ts';
import type { Finding, MeasuredPart } from './finding.ts';

/** One case at one endpoint: a row of results.csv and what stands beside it. */
export interface StructuredRow {
  model: string | null;
  case: string;
  title: string;
  endpoint: string;
  requests: number | null;
  median_latency_s: number | null;
  mean_latency_s: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  expected_input_tokens: number | null;
  expected_output_tokens: number | null;
  /** Beyond (+) or below (-) what the case expects, percent; null where it expects nothing or nothing was counted. */
  input_deviation_percent: number | null;
  output_deviation_percent: number | null;
  /** Both within half of what is expected; null where neither is known. */
  tokens_as_expected: boolean | null;
  error_rate: number | null;
  compliance_rate: number | null;
  invalid_json_rate: number | null;
  validation_overhead_percent: number | null;
  registration_ms: { count: number; mean: number | null; max: number | null } | null;
}

/** Cases state about how many tokens an answer has; models and their tokenizers differ by less than this, percent, while they do the same task. */
const widestDeviation = 50;

/** `results.structured_vs_unstructured`: every case at both endpoints, and how the structured one differs from the other. */
export const structuredComparison: Finding = ({ parts }) => {
  const rows = parts.flatMap(rowsOf);
  const differences = [...new Set(rows.map((row) => row.case))].map((name) => {
    const at = (endpoint: string) => rows.find((row) => row.case === name && row.endpoint === endpoint);
    const [structured, unstructured] = [at('structured'), at('unstructured')];
    const less = (key: 'mean_latency_s' | 'output_tokens' | 'compliance_rate' | 'error_rate') => {
      const [a, b] = [structured?.[key] ?? null, unstructured?.[key] ?? null];
      return a === null || b === null ? null : a - b;
    };
    return {
      case: name,
      latency_s: less('mean_latency_s'),
      output_tokens: less('output_tokens'),
      compliance_rate: less('compliance_rate'),
      error_rate: less('error_rate'),
    };
  });
  return { results: { structured_vs_unstructured: { rows, structured_less_unstructured: differences } } };
};

function rowsOf({ scenario, document }: MeasuredPart): StructuredRow[] {
  const endpoint = String(scenario.part?.labels['endpoint'] ?? scenario.name);
  return (scenario.request.cases?.cases ?? []).map((one) => {
    const series = document.series.find(({ labels }) => labels['case'] === one.name);
    const registration = series?.metrics['schema_registration_ms'];
    const tokens = { input: statOf(series, 'input_tokens', 'mean'), output: statOf(series, 'output_tokens', 'mean') };
    const off = [deviation(tokens.input, one.expected_input_tokens), deviation(tokens.output, one.expected_output_tokens)] as const;
    const known = off.filter((percent) => percent !== null);
    return {
      model: document.model,
      case: one.name,
      title: one.title ?? one.name,
      endpoint,
      requests: countOf(series?.metrics['latency_s']),
      median_latency_s: statOf(series, 'latency_s', 'p50'),
      mean_latency_s: statOf(series, 'latency_s', 'mean'),
      input_tokens: tokens.input,
      output_tokens: tokens.output,
      expected_input_tokens: one.expected_input_tokens ?? null,
      expected_output_tokens: one.expected_output_tokens ?? null,
      input_deviation_percent: off[0],
      output_deviation_percent: off[1],
      tokens_as_expected: known.length === 0 ? null : known.every((percent) => Math.abs(percent) <= widestDeviation),
      error_rate: statOf(series, 'error_rate', 'mean'),
      compliance_rate: statOf(series, 'schema_compliance_rate', 'mean'),
      invalid_json_rate: statOf(series, 'invalid_json_rate', 'mean'),
      validation_overhead_percent: statOf(series, 'validation_overhead_percent', 'mean'),
      registration_ms:
        registration && !('value' in registration) ? { count: registration.count, mean: registration.mean, max: registration.max } : null,
    };
  });
}

function deviation(found: number | null, expected: number | undefined): number | null {
  return found === null || !expected ? null : 100 * (found / expected - 1);
}

function statOf(series: Series | undefined, name: string, stat: 'mean' | 'p50'): number | null {
  const metric = series?.metrics[name];
  if (metric === undefined) return null;
  return 'value' in metric ? metric.value : metric[stat];
}

function countOf(metric: Metric | undefined): number | null {
  return metric === undefined || 'value' in metric ? null : metric.count;
}
