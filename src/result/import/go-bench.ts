import { isObject } from '../../config/is-object.ts';
import { directionBy } from './direction.ts';
import type { ImportFormat, Measure, Source } from './format.ts';
import { runsByRepetition } from './repetitions.ts';

/** `BenchmarkName-8   1000   1234 ns/op   56 B/op   2 allocs/op   0.98 hit-rate` */
const line = /^(Benchmark\S*?)(?:-(\d+))?\s+(\d+)\s+(\S.*)$/;

/**
 * `go test -bench`, also with -json: with -count=N, N runs. Where every benchmark's name ends with the same `-N`, that is GOMAXPROCS and no part of the
 * names, so that machines of other sizes have the same series. Else it is part of them: with -cpu=1,2 the same code ran in other ways (`Benchmark`,
 * `Benchmark-2`), and Go writes no suffix at all where GOMAXPROCS is 1 (`Benchmark/batch-1`, `Benchmark/batch-8`).
 */
export const goBench: ImportFormat = {
  name: 'go-bench',
  title: 'the text of `go test -bench` (also with -json)',
  matches: (source) => lines(source).some((text) => line.test(text) && /\s(ns\/op|[\w%/.-]+\/(op|s))(\s|$)/.test(text)),
  read: (source) => {
    let cpuModel: string | null = null;
    let module = '';
    const names = new Map<string, Set<string>>();
    const all = lines(source);
    const suffixes = new Set(all.flatMap((text) => line.exec(text)?.slice(2, 3) ?? []));
    const found: { pkg: string; measures: Measure[] }[] = [];
    for (const [index, text] of all.entries()) {
      const [, key, value] = /^(cpu|pkg): (.+)$/.exec(text) ?? [];
      if (key === 'cpu') cpuModel = value as string;
      if (key === 'pkg') module = value as string;
      const parts = line.exec(text);
      if (parts === null) continue;
      const name = suffixes.size === 1 || parts[2] === undefined ? (parts[1] as string) : `${parts[1]}-${parts[2]}`;
      names.set(name, (names.get(name) ?? new Set()).add(module));
      const measures = figures(parts[4] as string).map(
        ([value, unit]): Measure => ({ series: name, metric: unit, unit, better: directionBy(unit), value, where: `:${index + 1}` }),
      );
      found.push({ pkg: module, measures });
    }
    // One name in two packages is two benchmarks.
    for (const { pkg, measures } of found) {
      for (const measure of measures) if ((names.get(measure.series)?.size ?? 0) > 1) measure.series = `${pkg.split('/').at(-1)}/${measure.series}`;
    }
    return { runs: runsByRepetition(found.flatMap(({ measures }) => measures)), cpuModel };
  },
};

/** `1234 ns/op 56 B/op`: values and units in turn. */
function figures(text: string): [number, string][] {
  const words = text.split(/\s+/);
  const pairs: [number, string][] = [];
  for (let at = 0; at + 1 < words.length; at += 2) {
    const value = numberIn(words[at] as string);
    if (value === null) break;
    pairs.push([value, words[at + 1] as string]);
  }
  return pairs;
}

function numberIn(text: string): number | null {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (text === 'NaN') return Number.NaN;
  return Number.isNaN(Number(text)) ? null : Number(text);
}

/** The lines of the text, or what `go test -json` wraps of them: it may break a line into a name and its figures. */
function lines({ text, jsonLines }: Source): string[] {
  if (jsonLines === null) return text.split(/\r?\n/);
  const output = jsonLines.map((event) => (isObject(event) && typeof event['Output'] === 'string' ? event['Output'] : '')).join('');
  return output.split(/\r?\n/);
}
