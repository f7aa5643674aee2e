import { isDistribution, type ResultDocument, type Series } from '../result/document.ts';
import { formatValue } from './numbers.ts';

/** Below this share a change of the mean needs no explanation. */
const worthSaying = 0.05;

/**
 * Where a change of TTFT comes from, by the server's own histograms of both sides: queue, prefill, and what is left for network and the rest. Null where a side
 * lacks them, or where TTFT did not get worse.
 */
export function attributionSentence(current: ResultDocument, baseline: ResultDocument | null): string | null {
  if (baseline === null) return null;
  const sentences = current.series.flatMap((series) => {
    const other = baseline.series.find(({ id }) => id === series.id);
    const sentence = series.detail || other === undefined ? null : ofSeries(series, other);
    return sentence === null ? [] : [sentence];
  });
  return sentences[0] ?? null;
}

function ofSeries(current: Series, baseline: Series): string | null {
  const [now, before] = [partsOf(current), partsOf(baseline)];
  if (now === null || before === null) return null;
  const risen = now.ttft - before.ttft;
  if (risen <= worthSaying * before.ttft) return null;
  const queue = now.queue - before.queue;
  const prefill = now.prefill - before.prefill;
  const parts = [
    ['the queue', queue],
    ['prefill', prefill],
    ['network and the rest', risen - queue - prefill],
  ] as const;
  const words = parts.toSorted(([, a], [, b]) => b - a).map(([name, ms]) => `${name} ${ms < 0 ? '−' : '+'}${formatValue(Math.abs(ms), 'ms')}`);
  return `Mean TTFT rose by ${formatValue(risen, 'ms')}; by the server's own histograms: ${words.join(', ')}.`;
}

function partsOf({ metrics }: Series): { ttft: number; queue: number; prefill: number } | null {
  const mean = (name: string) => {
    const metric = metrics[name];
    return metric !== undefined && isDistribution(metric) ? metric.mean : null;
  };
  const [ttft, queue, prefill] = [mean('ttft_ms'), mean('server_queue_ms'), mean('server_prefill_ms')];
  return ttft === null || queue === null || prefill === null ? null : { ttft, queue, prefill };
}
