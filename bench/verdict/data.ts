import { readFileSync } from 'node:fs';

/** One benchmark that was run many times with no change of code. */
export interface Benchmark {
  name: string;
  unit: string;
  better: 'lower' | 'higher';
  /** A fresh machine for each run. */
  short: number[];
  /** One machine, in order of time. */
  long: number[];
}

/** Log ratios of pairs of rounds of two engines that are alike, by metric; two pairs make a block. */
export interface EmbeddedNoise {
  seconds_per_pair: number;
  log_ratios: Record<string, number[]>;
}

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../data/${name}`, import.meta.url), 'utf8'));

export const readEmbeddedNoise = (): EmbeddedNoise => read('embedded-noise.json') as EmbeddedNoise;

/** The benchmarks shipped beside this program, or those of a CSV with the columns test,unit,lifespan,value (others are ignored). */
export function readBenchmarks(csv: string | null): Benchmark[] {
  if (csv === null) return (read('azure-vm-noise.json') as { benchmarks: Benchmark[] }).benchmarks;
  const [head = '', ...lines] = readFileSync(csv, 'utf8').trim().split(/\r?\n/);
  const names = head.split(',');
  const found = new Map<string, Benchmark>();
  for (const line of lines) {
    // A name may hold commas; the columns behind it do not.
    const cells = line.split(',');
    const cell = (name: string) => cells.at(names.indexOf(name) - names.length) ?? '';
    const name = cells.slice(0, cells.length - names.length + 1).join(',');
    const unit = cell('unit');
    const known = found.get(name) ?? { name, unit, better: /^(ms|s|us|ns)$/i.test(unit) ? 'lower' : 'higher', short: [], long: [] };
    known[cell('lifespan') === 'long' ? 'long' : 'short'].push(Number(cell('value')));
    found.set(name, known);
  }
  return [...found.values()];
}

interface Pinned {
  values: number[];
  otava_expected: { window_len: number; max_pvalue: number; min_magnitude: number; change_points: number[] }[];
}

/** A series with the change points that Apache Otava's own tests pin. */
export function readPinned(): Pinned {
  return JSON.parse(readFileSync(new URL('../../test/fixtures/verdict/otava-tigerbeetle.json', import.meta.url), 'utf8')) as Pinned;
}
