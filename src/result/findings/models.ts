import type { ResultDocument, Results } from '../document.ts';
import { mergeResults } from '../merge.ts';
import type { Finding, MeasuredPart } from './finding.ts';

interface Prices {
  input_per_million: number;
  output_per_million: number;
  currency?: string;
}

/** What one model's requests cost by the target's prices; null where there are none, or tokens are not known. */
interface Cost {
  currency: string | null;
  /** Of prompts and answers together, by output tokens. */
  cost_per_million_output_tokens: number | null;
  /** Output tokens for one unit of the currency. */
  tokens_per_dollar: number | null;
}

/** Which model is best for what; null where it was not measured for any, and the first of those that are equally good. */
export interface ModelComparison {
  best_latency: string | null;
  best_throughput: string | null;
  best_cost: string | null;
  /** All that are equally good, by what for; left out where there is one best each. */
  ties?: Partial<Record<'latency' | 'throughput' | 'cost', string[]>>;
}

/** `results.models`: the results of each model by name; `results.model_comparison`: the best by median latency, by tokens per second and by cost. */
export const models: Finding = ({ parts }) => {
  const byModel = new Map<string, MeasuredPart[]>();
  for (const part of parts) {
    const model = part.scenario.part?.labels['model'];
    if (model !== undefined) byModel.set(String(model), [...(byModel.get(String(model)) ?? []), part]);
  }
  const blocks = [...byModel].map(([model, own]): [string, Results & Cost] => {
    const documents = own.map(({ document }) => document);
    const whole =
      documents.length === 1
        ? (documents[0] as ResultDocument)
        : mergeResults(
            documents,
            own.map(({ scenario }) => scenario.name),
          );
    return [model, { ...whole.results, ...costOf(whole) }];
  });
  const best = (of: (results: Results & Cost) => number | null | undefined, sign: 1 | -1): string[] => {
    const known = blocks.flatMap(([model, results]) => {
      const value = of(results);
      return results.successful === 0 || value === null || value === undefined ? [] : [{ model, value: sign * value }];
    });
    const least = Math.min(...known.map(({ value }) => value));
    return known.filter(({ value }) => value === least).map(({ model }) => model);
  };
  const found = {
    latency: best((results) => results.latency_s?.p50, 1),
    throughput: best((results) => results.throughput.tokens_per_sec, -1),
    cost: best((results) => results.cost_per_million_output_tokens, 1),
  };
  const ties = Object.entries(found).filter(([, names]) => names.length > 1);
  const comparison: ModelComparison = {
    best_latency: found.latency[0] ?? null,
    best_throughput: found.throughput[0] ?? null,
    best_cost: found.cost[0] ?? null,
    ...(ties.length === 0 ? {} : { ties: Object.fromEntries(ties) }),
  };
  return { results: { models: Object.fromEntries(blocks), model_comparison: comparison } };
};

function costOf({ config, results }: ResultDocument): Cost {
  const prices = (config.resolved as { target?: { prices?: Prices } } | null | undefined)?.target?.prices;
  const { input_tokens: input, output_tokens: output } = results;
  const currency = prices?.currency ?? null;
  if (prices === undefined || input === null || output === null || output === 0)
    return { currency, cost_per_million_output_tokens: null, tokens_per_dollar: null };
  const cost = (input * prices.input_per_million + output * prices.output_per_million) / 1e6;
  return { currency, cost_per_million_output_tokens: (cost / output) * 1e6, tokens_per_dollar: cost === 0 ? null : output / cost };
}
