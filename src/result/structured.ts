import type { SchemaTally } from '../measure/series-meter.ts';
import type { Results } from './document.ts';
import { weighedMean } from './merge-values.ts';

/** `results.structured`, in percent: how the answers kept to their JSON schema, and what checking took of their latency. */
export interface StructuredRates {
  checked: number;
  compliance_rate: number;
  invalid_json_rate: number;
  violation_rate: number;
  validation_overhead_percent: number | null;
}

/** Null where no answer was checked. */
export function structuredRates({ valid, invalid_json, violation, checkMs, latencyMs }: SchemaTally): StructuredRates | null {
  const checked = valid + invalid_json + violation;
  if (checked === 0) return null;
  return {
    checked,
    compliance_rate: (100 * valid) / checked,
    invalid_json_rate: (100 * invalid_json) / checked,
    violation_rate: (100 * violation) / checked,
    validation_overhead_percent: latencyMs > 0 ? (100 * checkMs) / latencyMs : null,
  };
}

/** Those of several runs together, where each checked some: rates by the answers checked, the overhead by their latency. */
export function addStructured(all: readonly Results[]): { structured?: StructuredRates } {
  const known = all.flatMap(({ structured, latency_s }) => (isRates(structured) ? [{ rates: structured, latency: latency_s?.mean ?? null }] : []));
  if (known.length === 0 || known.length < all.length) return {};
  const mean = (name: 'compliance_rate' | 'invalid_json_rate' | 'violation_rate') =>
    weighedMean(
      known.map(({ rates }) => rates[name]),
      known.map(({ rates }) => rates.checked),
    );
  const overheads = known.map(({ rates }) => rates.validation_overhead_percent);
  return {
    structured: {
      checked: known.reduce((sum, { rates }) => sum + rates.checked, 0),
      compliance_rate: mean('compliance_rate') ?? 0,
      invalid_json_rate: mean('invalid_json_rate') ?? 0,
      violation_rate: mean('violation_rate') ?? 0,
      validation_overhead_percent: overheads.some((one) => typeof one !== 'number')
        ? null
        : weighedMean(
            overheads as number[],
            known.map(({ rates, latency }) => (latency === null ? null : rates.checked * latency)),
          ),
    },
  };
}

/** Another tool's document may hold anything there. */
const isRates = (value: unknown): value is StructuredRates =>
  typeof value === 'object' &&
  value !== null &&
  (value as StructuredRates).checked > 0 &&
  (['compliance_rate', 'invalid_json_rate', 'violation_rate'] as const).every((key) => Number.isFinite((value as StructuredRates)[key]));
