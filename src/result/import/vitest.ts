import { isObject } from '../../config/is-object.ts';
import { has, listOf, type Members, membersOf, numberOf, textOf } from './fields.ts';
import type { ImportFormat, Measure } from './format.ts';

/** `vitest bench --outputJson`. The samples of a benchmark share one process: together they are one run, their mean its value. */
export const vitest: ImportFormat = {
  name: 'vitest',
  title: 'the JSON of `vitest bench --outputJson`',
  matches: ({ json }) => isObject(json) && listOf(json['files']).some((file) => has(file, 'filepath', 'groups')),
  read: ({ json }) => {
    const measures = listOf((json as Members)['files']).flatMap((file) =>
      listOf(membersOf(file)['groups']).flatMap((one): Measure[] => {
        const group = membersOf(one);
        return listOf(group['benchmarks']).flatMap((benchmark) => measuresOf(textOf(group['fullName']) ?? '', membersOf(benchmark)));
      }),
    );
    return { runs: [{ measures }] };
  },
};

function measuresOf(group: string, benchmark: Members): Measure[] {
  const name = textOf(benchmark['name']);
  const mean = numberOf(benchmark['mean']);
  if (name === null || mean === null) return [];
  const samples = numberOf(benchmark['sampleCount']) ?? listOf(benchmark['samples']).length;
  const series = [...group.split(' > '), name].filter(Boolean).join('/');
  return [{ series, metric: 'time_ms', unit: 'ms', better: 'lower', value: mean, ...(samples > 0 ? { note: `mean of ${samples} samples` } : {}) }];
}
