import { isObject } from '../../config/is-object.ts';
import { directionBy } from './direction.ts';
import { has, isoOf, listOf, type Members, membersOf, numberOf, textOf } from './fields.ts';
import type { ImportFormat, Measure } from './format.ts';
import { runsByRepetition } from './repetitions.ts';

const toNs: Record<string, number> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** Members of a benchmark that are no counters of the user's. */
const own = new Set(
  'name run_name run_type repetitions repetition_index threads iterations real_time cpu_time time_unit family_index per_family_instance_index aggregate_name aggregate_unit label error_occurred error_message big_o rms complexity_n'.split(
    ' ',
  ),
);

/** Google Benchmark's --benchmark_out: with --benchmark_repetitions=N, N runs. Times in ns, whatever unit was chosen. */
export const googleBenchmark: ImportFormat = {
  name: 'google-benchmark',
  title: "Google Benchmark's JSON (`--benchmark_out=FILE --benchmark_out_format=json`)",
  matches: ({ json }) => isObject(json) && listOf(json['benchmarks']).some((one) => has(one, 'name', 'real_time', 'time_unit')),
  read: ({ json }) => {
    const file = json as Members;
    const context = membersOf(file['context']);
    const all = listOf(file['benchmarks']).map(membersOf);
    const notes: string[] = [];
    const single = all.filter((one) => one['run_type'] !== 'aggregate');
    // --benchmark_report_aggregates_only leaves the repetitions out: then their median is what there is.
    const chosen = single.length > 0 ? single : all.filter((one) => one['aggregate_name'] === 'median');
    const measures = chosen.flatMap((one): Measure[] => {
      const series = textOf(one['run_name']) ?? textOf(one['name']) ?? '';
      const where = ` benchmarks[${all.indexOf(one)}]`;
      if (one['error_occurred'] === true) {
        notes.push(`${series} failed: ${textOf(one['error_message']) ?? 'no message'}`);
        return [];
      }
      const factor = toNs[textOf(one['time_unit']) ?? 'ns'] ?? 1;
      const time = (metric: string, value: number | null): Measure[] =>
        value === null ? [] : [{ series, metric, unit: 'ns', better: 'lower', value: value * factor, where }];
      const counters = Object.entries(one).flatMap(([metric, value]): Measure[] => {
        if (own.has(metric) || typeof value !== 'number') return [];
        const unit = metric === 'bytes_per_second' ? 'B/s' : metric === 'items_per_second' ? 'items/s' : '';
        return [{ series, metric, unit, better: directionBy(unit, metric), value, where }];
      });
      return [...time('real_time_ns', numberOf(one['real_time'])), ...time('cpu_time_ns', numberOf(one['cpu_time'])), ...counters];
    });
    const runs = runsByRepetition(measures);
    if (runs[0]) runs[0].started = isoOf(context['date']);
    return { runs, notes, toolVersion: textOf(context['library_version']) };
  },
};
