import { isObject } from '../../config/is-object.ts';
import { directionBy } from './direction.ts';
import { has, membersOf, numberOf, textOf } from './fields.ts';
import type { ImportFormat, Measure, Reading, Source } from './format.ts';
import { runsByRepetition } from './repetitions.ts';

const toNs: Record<string, number> = { ps: 1e-3, ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9 };
const bencher = /^test (.+?)\s+(?:- bench )?\.\.\. bench:\s+([\d,.]+) ns\/iter(?: \(\+\/- [\d,.]+\))?(?: = (\d+) MB\/s)?/;
const ownLine = /^(\S.*?)?\s*time:\s+\[\s*[\d.]+ (?:ps|ns|us|µs|μs|ms|s) ([\d.]+) (ps|ns|us|µs|μs|ms|s) /;

/**
 * Criterion's estimates.json, what `cargo bench` prints (Criterion's own words or libtest's), or the JSON lines of cargo-criterion.
 * A file is one run: its samples share a process. The value is the one that Criterion shows: the slope, or where there is none the mean.
 */
export const criterion: ImportFormat = {
  name: 'criterion',
  title: "Criterion's estimates.json, the text of `cargo bench` or the JSON lines of `cargo criterion --message-format=json`",
  matches: ({ json, jsonLines, text }) => {
    if (jsonLines !== null) return jsonLines.some(isComplete);
    if (json !== undefined) return isObject(json) && (has(json['mean'], 'point_estimate') || isComplete(json));
    return text.split(/\r?\n/).some((line) => bencher.test(line) || ownLine.test(line));
  },
  read: (source) => {
    if (isObject(source.json) && has(source.json['mean'], 'point_estimate')) return estimates(source, source.json);
    const events = source.jsonLines ?? (isObject(source.json) ? [source.json] : null);
    return { runs: runsByRepetition(events === null ? printed(source.text) : messages(events)) };
  },
};

const isComplete = (event: unknown): boolean => isObject(event) && event['reason'] === 'benchmark-complete';

const timeOf = (series: string, value: number, where: string): Measure => ({ series, metric: 'time_ns', unit: 'ns', better: 'lower', value, where });

function estimates({ name }: Source, json: Record<string, unknown>): Reading {
  const typical = has(json['slope'], 'point_estimate') ? json['slope'] : membersOf(json['mean']);
  const value = numberOf(typical['point_estimate']);
  return { runs: [{ measures: value === null ? [] : [timeOf(benchmarkOf(name), value, '')] }] };
}

/** The file does not say which benchmark it is of; its path does: target/criterion/GROUP/BENCHMARK/new/estimates.json. */
function benchmarkOf(path: string): string {
  const parts = path.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const inside = parts.slice(parts.lastIndexOf('criterion') + 1);
  const file = inside.pop() ?? path;
  if (file !== 'estimates.json') return file.replace(/\.json$/, '').replace(/[.-]?estimates$/, '') || 'criterion';
  const folders = parts.includes('criterion') ? inside : inside.slice(-3);
  return folders.filter((folder, index) => index < folders.length - 1 || !['new', 'base', 'change'].includes(folder)).join('/') || 'criterion';
}

function messages(events: readonly unknown[]): Measure[] {
  return events.flatMap((event, index): Measure[] => {
    if (!isObject(event) || !isComplete(event)) return [];
    const typical = membersOf(event['typical'] ?? event['mean']);
    const value = numberOf(typical['estimate']);
    const series = textOf(event['id']);
    return value === null || series === null ? [] : [timeOf(series, value * (toNs[textOf(typical['unit']) ?? 'ns'] ?? 1), `:${index + 1}`)];
  });
}

function printed(text: string): Measure[] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, index): Measure[] => {
    const where = `:${index + 1}`;
    const libtest = bencher.exec(line);
    if (libtest) {
      const series = libtest[1] as string;
      const rate =
        libtest[3] === undefined ? [] : [{ series, metric: 'MB/s', unit: 'MB/s', better: directionBy('MB/s'), value: Number(libtest[3]), where }];
      return [timeOf(series, Number((libtest[2] as string).replaceAll(',', '')), where), ...rate];
    }
    const found = ownLine.exec(line);
    if (!found) return [];
    // A name too long for its column stands on the line before.
    const series = found[1]?.trim() || lines[index - 1]?.trim();
    return series ? [timeOf(series, Number(found[2]) * (toNs[found[3] as string] ?? 1), where)] : [];
  });
}
