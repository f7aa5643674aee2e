import type { ResultDocument } from '../result/document.ts';

type Block = Record<string, unknown>;
const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Which model is best for what, a line each, for every scenario that was run with several models; empty where none was. Pure. */
export function modelLines({ results, scenario }: Pick<ResultDocument, 'results' | 'scenario'>): string[] {
  const scenarios = isBlock(results['scenarios']) ? Object.entries(results['scenarios']) : [[scenario, results] as const];
  return scenarios.flatMap(([name, block]) => {
    const comparison = isBlock(block) ? block['model_comparison'] : undefined;
    if (!isBlock(block) || !isBlock(comparison)) return [];
    const models = isBlock(block['models']) ? block['models'] : {};
    const line = (what: string, model: unknown, text: (of: Block) => string) =>
      typeof model === 'string' && isBlock(models[model]) ? [`${name}: best ${what}: ${model} (${text(models[model])})`] : [];
    return [
      ...line('latency', comparison['best_latency'], (of) => `median ${figure(isBlock(of['latency_s']) ? of['latency_s']['p50'] : null)} s`),
      ...line(
        'throughput',
        comparison['best_throughput'],
        (of) => `${figure(isBlock(of['throughput']) ? of['throughput']['tokens_per_sec'] : null)} tokens/s`,
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
