import { isObject } from '../../config/is-object.ts';
import { has, listOf, type Members, membersOf, numberOf, textOf } from './fields.ts';
import type { ImportFormat, Measure } from './format.ts';
import { runsByRepetition } from './repetitions.ts';

/** hyperfine's --export-json: each of its times is a process of its own, and so a run. */
export const hyperfine: ImportFormat = {
  name: 'hyperfine',
  title: 'the JSON of `hyperfine --export-json`',
  matches: ({ json }) => isObject(json) && listOf(json['results']).some((one) => has(one, 'command', 'mean')),
  read: ({ json }) => {
    const notes: string[] = [];
    const results = listOf((json as Members)['results']).map(membersOf);
    const measures = results.flatMap((result, index): Measure[] => {
      const series = seriesOf(result, results);
      if (series === null) return [];
      const failed = listOf(result['exit_codes']).filter((code) => code !== 0).length;
      if (failed > 0) notes.push(`${series}: ${failed} of ${listOf(result['exit_codes']).length} runs ended with an error`);
      const times = listOf(result['times'])
        .map(numberOf)
        .filter((time) => time !== null);
      const values = times.length > 0 ? times : [numberOf(result['median']) ?? numberOf(result['mean'])].filter((time) => time !== null);
      return values.map((value) => ({ series, metric: 'time_s', unit: 's', better: 'lower', value, where: ` results[${index}]` }));
    });
    return { runs: runsByRepetition(measures), notes };
  },
};

/** The command; with its parameters where another result of the same command (hyperfine's --command-name) has others. */
function seriesOf(result: Members, results: readonly Members[]): string | null {
  const command = textOf(result['command']);
  if (command === null) return null;
  const parameters = parametersOf(result);
  const alone = results.every((other) => other['command'] !== command || parametersOf(other) === parameters);
  return alone || parameters === '' ? command : `${command}/${parameters}`;
}

function parametersOf({ parameters }: Members): string {
  return Object.entries(membersOf(parameters))
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join('/');
}
