import { isDistribution, type ResultDocument, type Series } from '../result/document.ts';

/** One of several results that stand beside each other, by the name that people chose. */
export interface ComparedSide {
  name: string;
  /** Null: it could not be measured, and `why` says so. */
  result: ResultDocument | null;
  why: string | null;
}

/** One figure of every side. */
export interface SideRow {
  series: string;
  metric: string;
  unit: string;
  better: 'lower' | 'higher' | 'neither';
  values: (number | null)[];
  /** Of each side against the first one, percent; null where one lacks it. */
  changes: (number | null)[];
  /** Which side is best; null where neither direction is, or all are alike. */
  best: number | null;
}

export interface SideBySide {
  sides: { name: string; target: string; model: string | null; why: string | null }[];
  rows: SideRow[];
  /** The rows that differ most, largest first. */
  largest: SideRow[];
}

const keys: readonly [string, 'p50' | 'p95' | 'mean' | null][] = [
  ['ttft_ms', 'p50'],
  ['ttft_ms', 'p95'],
  ['tpot_ms', 'p50'],
  ['itl_ms', 'p50'],
  ['latency_s', 'p50'],
  ['latency_s', 'p95'],
  ['tokens_per_sec', null],
  ['requests_per_sec', null],
  ['error_rate', null],
  ['input_tokens', 'mean'],
  ['output_tokens', 'mean'],
  ['service_cpu_cores', 'mean'],
  ['service_memory_mb', 'mean'],
  ['energy_joules_per_token', null],
];
const mostHighlighted = 3;
/** A difference below this is none that anybody should choose by. */
const worthSayingPercent = 5;

/** Sets results of the same scenario beside each other, series by series. One run each says nothing of noise: differences are shown, not judged. Pure. */
export function sideBySide(sides: readonly ComparedSide[]): SideBySide {
  const ids = [...new Set(sides.flatMap(({ result }) => (result?.series ?? []).filter(({ detail }) => !detail).map(({ id }) => id)))];
  const rows = ids.flatMap((id) => {
    const series = sides.map(({ result }) => result?.series.find((one) => one.id === id) ?? null);
    return keys.flatMap(([name, statistic]) => rowOf(id, name, statistic, series));
  });
  const spread = (row: SideRow) => Math.max(...row.changes.map((change) => Math.abs(change ?? 0)));
  return {
    sides: sides.map(({ name, result, why }) => ({ name, target: result?.target ?? name, model: result?.model ?? null, why })),
    rows,
    largest: rows
      .filter((row) => row.better !== 'neither' && spread(row) >= worthSayingPercent)
      .toSorted((a, b) => spread(b) - spread(a))
      .slice(0, mostHighlighted),
  };
}

function rowOf(id: string, name: string, statistic: 'p50' | 'p95' | 'mean' | null, series: readonly (Series | null)[]): SideRow[] {
  const metrics = series.map((one) => one?.metrics[name]);
  const first = metrics.find((metric) => metric !== undefined);
  if (first === undefined || isDistribution(first) !== (statistic !== null)) return [];
  const values = metrics.map((metric) => {
    if (metric === undefined || metric.unit !== first.unit) return null;
    return isDistribution(metric) ? (statistic === null ? null : metric[statistic]) : metric.value;
  });
  if (values.every((value) => value === null)) return [];
  const [base = null] = values;
  const known = values.filter((value) => value !== null);
  const wanted = first.better === 'lower' ? Math.min(...known) : Math.max(...known);
  return [
    {
      series: id,
      metric: statistic === null ? name : `${name}.${statistic}`,
      unit: first.unit,
      better: first.better,
      values,
      changes: values.map((value, side) => (side === 0 || value === null || base === null || base === 0 ? null : (100 * (value - base)) / base)),
      best: first.better === 'neither' || known.length < 2 || known.every((value) => value === known[0]) ? null : values.indexOf(wanted),
    },
  ];
}
