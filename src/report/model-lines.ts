import { isObject } from '../config/is-object.ts';
import type { ResultDocument } from '../result/document.ts';

type Block = Record<string, unknown>;

/** Which model is best for what, a line each, for every scenario that was run with several models; empty where none was. Pure. */
export function modelLines({ results, scenario }: Pick<ResultDocument, 'results' | 'scenario'>): string[] {
  const scenarios = isObject(results['scenarios']) ? Object.entries(results['scenarios']) : [[scenario, results] as const];
  return scenarios.flatMap(([name, block]) => {
    const comparison = isObject(block) ? block['model_comparison'] : undefined;
    if (!isObject(block) || !isObject(comparison)) return [];
    const models = isObject(block['models']) ? block['models'] : {};
    const line = (what: string, key: 'latency' | 'throughput' | 'cost', text: (of: Block) => string) => {
      const [first, ...others] = bestModels(comparison, key);
      const block = first === undefined ? undefined : models[first];
      if (!isObject(block)) return [];
      return [`${name}: best ${what}: ${[first, ...others].join(' and ')}${others.length > 0 ? ', equally' : ''} (${text(block)})`];
    };
    return [
      ...line('latency', 'latency', (of) => `median ${figure(isObject(of['latency_s']) ? of['latency_s']['p50'] : null)} s`),
      ...line('throughput', 'throughput', (of) => `${figure(isObject(of['throughput']) ? of['throughput']['tokens_per_sec'] : null)} tokens/s`),
      ...line('cost per token', 'cost', (of) => {
        const currency = typeof of['currency'] === 'string' ? ` ${of['currency']}` : '';
        return `${figure(of['cost_per_million_output_tokens'])}${currency} per million output tokens, ${figure(of['tokens_per_dollar'])} tokens for 1${currency}`;
      }),
    ];
  });
}

/** The best of the models for something: one, all that are equally good, or none where it was not measured. */
export function bestModels(comparison: Block, what: 'latency' | 'throughput' | 'cost'): string[] {
  const ties = isObject(comparison['ties']) ? comparison['ties'][what] : undefined;
  const named = Array.isArray(ties) ? ties : [comparison[`best_${what}`]];
  return named.filter((model) => typeof model === 'string');
}

function figure(value: unknown): string {
  return typeof value === 'number' ? Number(value.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 }) : 'unknown';
}
