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
    const line = (what: string, model: unknown, text: (of: Block) => string) =>
      typeof model === 'string' && isObject(models[model]) ? [`${name}: best ${what}: ${model} (${text(models[model])})`] : [];
    return [
      ...line('latency', comparison['best_latency'], (of) => `median ${figure(isObject(of['latency_s']) ? of['latency_s']['p50'] : null)} s`),
      ...line(
        'throughput',
        comparison['best_throughput'],
        (of) => `${figure(isObject(of['throughput']) ? of['throughput']['tokens_per_sec'] : null)} tokens/s`,
      ),
      ...line('cost per token', comparison['best_cost'], (of) => {
        const currency = typeof of['currency'] === 'string' ? ` ${of['currency']}` : '';
        return `${figure(of['cost_per_million_output_tokens'])}${currency} per million output tokens, ${figure(of['tokens_per_dollar'])} tokens for 1${currency}`;
      }),
    ];
  });
}

function figure(value: unknown): string {
  return typeof value === 'number' ? Number(value.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 }) : 'unknown';
}
