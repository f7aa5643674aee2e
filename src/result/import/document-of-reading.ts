import { UserError } from '../../config/errors.ts';
import { type Metric, type ResultDocument, type Series, type Statistic, statistics } from '../document.ts';
import { normalise } from '../normalise.ts';
import { normaliseResults } from '../normalise-results.ts';
import type { RawDocument, RawResults } from '../schema.ts';
import type { ImportFormat, Measure, Reading, RunReading } from './format.ts';
import { middleOf } from './middle.ts';

const notesKept = 10;

/**
 * The document of what a file says. The metrics of a series are the median over its runs, statistic by statistic; the runs keep their own.
 * @throws UserError (exit 2) when it holds no figure at all
 */
export function documentOfReading(reading: Reading, format: ImportFormat, name: string): ResultDocument {
  const notes = [...(reading.notes ?? [])];
  const collected = new Map<string, Collected>();
  const runs = reading.runs.map((run) => valuesOfRun(run, collected, notes, name));
  if (![...collected.values()].some(({ metrics }) => metrics.size > 0)) {
    const why = notes.length > 0 ? `: ${notes[0]}` : '';
    throw new UserError(`${name} holds no benchmark result, though it looks like ${format.title}${why}`, {
      hint: 'Did the benchmarks run? Look at what the tool printed.',
    });
  }
  const series = [...collected].map(([id, { labels, metrics }]): Series => ({ id, labels, metrics: Object.fromEntries([...metrics].map(pooled)) }));
  const [first] = reading.runs;
  const total = (of: (run: RunReading) => number | null | undefined) =>
    reading.runs.every((run) => typeof of(run) === 'number') ? reading.runs.reduce((sum, run) => sum + (of(run) as number), 0) : null;
  const [requests, failed] = [total((run) => run.requests), total((run) => run.failed)];
  const raw = {
    tool: { name: format.name, version: reading.toolVersion ?? '' },
    timestamp:
      reading.runs
        .map((run) => run.started ?? '')
        .filter(Boolean)
        .sort()[0] ?? '',
    target: reading.target ?? '',
    scenario: '',
    model: reading.model ?? null,
    series,
    runs: reading.runs.map((run, index) => ({
      round: index,
      order: index,
      started: run.started ?? '',
      duration_seconds: run.durationSeconds ?? 0,
      values: runs[index],
    })),
    git: { sha: reading.sha ?? null },
    environment: { cpu_model: reading.cpuModel ?? '' },
    imported: { from: format.name, sessions: reading.sessions ?? 1, notes: shortened(notes) },
  };
  const document = normalise(raw as unknown as RawDocument);
  const { results } = document;
  const counted = requests === null ? {} : { total_requests: requests, failed: failed ?? 0, successful: requests - (failed ?? 0) };
  return {
    ...document,
    results: normaliseResults({
      ...results,
      ...counted,
      duration_seconds: total((run) => run.durationSeconds) ?? 0,
      concurrency: first?.concurrency ?? null,
    } as RawResults),
  };
}

function shortened(notes: readonly string[]): string[] {
  return notes.length <= notesKept ? [...notes] : [...notes.slice(0, notesKept), `and ${notes.length - notesKept} more left out`];
}

interface Collected {
  labels: Record<string, string | number>;
  metrics: Map<string, Measure[]>;
}

/** The values of a run by series and key; what is no finite number is left out and told. */
function valuesOfRun(run: RunReading, collected: Map<string, Collected>, notes: string[], name: string): Record<string, Record<string, number>> {
  const values = new Map<string, Record<string, number>>();
  for (const measure of run.measures) {
    const entries: [string, number | null | undefined][] =
      typeof measure.value === 'object' && measure.value !== null
        ? Object.entries(measure.value).map(([statistic, value]) => [`${measure.metric}.${statistic}`, value])
        : [[measure.metric, measure.value]];
    const usable = entries.filter((entry): entry is [string, number] => {
      const [key, value] = entry;
      if (value === null || value === undefined) return false;
      if (!Number.isFinite(value)) notes.push(`${name}${measure.where ?? ''}: ${key} of ${measure.series} left out: ${value} is no finite number`);
      return Number.isFinite(value);
    });
    if (usable.length === 0) continue;
    const known = collected.get(measure.series) ?? { labels: measure.labels ?? {}, metrics: new Map<string, Measure[]>() };
    collected.set(measure.series, known);
    const before = known.metrics.get(measure.metric);
    if (before?.[0] && before[0].unit !== measure.unit) {
      notes.push(
        `${name}${measure.where ?? ''}: ${measure.metric} of ${measure.series} left out: its unit is ${shown(measure.unit)}, not ${shown(before[0].unit)} as before`,
      );
      continue;
    }
    if (before) before.push(measure);
    else known.metrics.set(measure.metric, [measure]);
    values.set(measure.series, Object.assign(values.get(measure.series) ?? {}, Object.fromEntries(usable)));
  }
  return Object.fromEntries(values);
}

const shown = (unit: string): string => (unit === '' ? '(none)' : JSON.stringify(unit));

function pooled([name, measures]: [string, Measure[]]): [string, Metric] {
  const [first] = measures as [Measure, ...Measure[]];
  const { unit, better } = first;
  const note = measures.length > 1 ? `median of ${measures.length} runs` : first.note;
  const common = { unit, better, ...(note === undefined ? {} : { note }) };
  if (typeof first.value !== 'object' || first.value === null) {
    return [name, { ...common, value: middleOf(measures.map(({ value }) => value as number)) }];
  }
  const of = (statistic: Statistic) =>
    middleOf(
      measures.flatMap(({ value }) => (typeof value === 'object' ? [value?.[statistic]] : [])).filter((value) => Number.isFinite(value)) as number[],
    );
  const summary = Object.fromEntries(statistics.map((statistic) => [statistic, of(statistic)])) as Record<Statistic, number | null>;
  const count = measures.reduce((sum, measure) => sum + (measure.count ?? 0), 0);
  return [name, { ...common, count, sum: null, ...summary }];
}
