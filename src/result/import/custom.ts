import { directionBy } from './direction.ts';
import { has, listOf, membersOf, numberOf, textOf } from './fields.ts';
import type { ImportFormat, Measure } from './format.ts';
import { runsByRepetition } from './repetitions.ts';
import { isTable, readRuns } from './runs-table.ts';

/**
 * What people write themselves: github-action-benchmark's `[{name, unit, value, range}]` (customSmallerIsBetter, customBiggerIsBetter), one name several
 * times being several runs, or a table with the columns series,run,metric,value,unit.
 */
export const custom: ImportFormat = {
  name: 'custom',
  title: '`[{"name", "unit", "value"}]` as of github-action-benchmark, or a CSV table series,run,metric,value,unit',
  matches: (source) => listOf(source.json).some((one) => has(one, 'name', 'value')) || (source.json === undefined && isTable(source)),
  read: (source, { direction }) => {
    if (source.json === undefined) return readRuns(source, direction);
    const notes: string[] = [];
    const measures = listOf(source.json).flatMap((one, index): Measure[] => {
      const { name, unit, value, range } = membersOf(one);
      const series = textOf(name);
      const where = `[${index}]`;
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : numberOf(value);
      if (series === null || number === null) {
        notes.push(`${source.name}${where} left out: expected a name and a number as value, found ${JSON.stringify(one)?.slice(0, 80)}`);
        return [];
      }
      const unitText = textOf(unit) ?? '';
      const rangeText = typeof range === 'string' || typeof range === 'number' ? { note: `range ${range}` } : {};
      return [
        { series, metric: 'value', unit: unitText, better: direction ?? directionBy(unitText, '', series), value: number, where, ...rangeText },
      ];
    });
    return { runs: runsByRepetition(measures), notes };
  },
};
