import { isObject } from '../../config/is-object.ts';
import { median } from '../../measure/median.ts';
import { has, isoOf, listOf, type Members, membersOf, numberOf, textOf } from './fields.ts';
import type { ImportFormat, Measure } from './format.ts';

/** pytest-benchmark's --benchmark-json. The rounds of a benchmark share one process: together they are one run, their median its value. */
export const pytestBenchmark: ImportFormat = {
  name: 'pytest-benchmark',
  title: 'the JSON of `pytest --benchmark-json`',
  matches: ({ json }) => isObject(json) && listOf(json['benchmarks']).some((one) => has(membersOf(one)['stats'], 'rounds')),
  read: ({ json }) => {
    const file = json as Members;
    const measures = listOf(file['benchmarks']).flatMap((one, index): Measure[] => {
      const benchmark = membersOf(one);
      const stats = membersOf(benchmark['stats']);
      const value = medianOf(stats);
      const series = textOf(benchmark['fullname']) ?? textOf(benchmark['name']);
      if (series === null || value === null) return [];
      const rounds = numberOf(stats['rounds']);
      const note = rounds === null ? {} : { note: `median of ${rounds} round${rounds === 1 ? '' : 's'}` };
      return [{ series, metric: 'time_s', unit: 's', better: 'lower', value, where: ` benchmarks[${index}]`, ...note }];
    });
    return {
      runs: [{ started: isoOf(file['datetime']), measures }],
      toolVersion: textOf(file['version']),
      sha: textOf(membersOf(file['commit_info'])['id']),
      cpuModel: textOf(membersOf(membersOf(file['machine_info'])['cpu'])['brand_raw']),
    };
  },
};

function medianOf(stats: Members): number | null {
  const stated = numberOf(stats['median']);
  if (stated !== null) return stated;
  return median(listOf(stats['data']).map(numberOf)) ?? numberOf(stats['mean']);
}
