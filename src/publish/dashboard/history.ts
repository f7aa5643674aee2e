import type { LiveSample } from './sample.ts';

interface Row {
  t: number;
  sums: Map<string, number>;
  counts: Map<string, number>;
}

/** Samples in columns: one time each, and for every key as many values. */
export interface Columns {
  t: number[];
  values: Record<string, (number | null)[]>;
}

/**
 * Samples over time in bounded memory: when there are too many, each two neighbours become one. Keys of `largest` keep the larger of both, the rest their
 * mean over all samples that became one. Used by the server and, with the same bounds, by the page.
 */
export class SampleHistory {
  private readonly limit: number;
  private readonly largest: (key: string) => boolean;
  private rows: Row[] = [];
  private perRow = 1;
  private inLast = 0;

  constructor(limit: number, largest: (key: string) => boolean) {
    if (limit < 2) throw new RangeError(`a history keeps at least 2 samples, found ${limit}`);
    this.limit = limit;
    this.largest = largest;
  }

  get length(): number {
    return this.rows.length;
  }

  add({ t, values }: LiveSample): void {
    let row = this.rows.at(-1);
    if (row === undefined || this.inLast >= this.perRow) {
      if (this.rows.length >= this.limit) this.halve();
      row = { t, sums: new Map(), counts: new Map() };
      this.rows.push(row);
      this.inLast = 0;
    }
    this.inLast++;
    for (const [key, value] of Object.entries(values)) if (value !== null) this.put(row, key, value, 1);
  }

  /** Everything that is kept, oldest first. */
  columns(): Columns {
    const keys = new Set(this.rows.flatMap(({ counts }) => [...counts.keys()]));
    return {
      t: this.rows.map(({ t }) => t),
      values: Object.fromEntries([...keys].map((key) => [key, this.rows.map((row) => cellOf(row, key, this.largest(key)))])),
    };
  }

  /** Values of one key, oldest first; null where there was none. */
  series(key: string): (number | null)[] {
    return this.rows.map((row) => cellOf(row, key, this.largest(key)));
  }

  private put(row: Row, key: string, value: number, count: number): void {
    const known = row.sums.get(key);
    row.counts.set(key, (row.counts.get(key) ?? 0) + count);
    if (known === undefined) row.sums.set(key, value);
    else row.sums.set(key, this.largest(key) ? Math.max(known, value) : known + value);
  }

  private halve(): void {
    const halved: Row[] = [];
    for (let at = 0; at < this.rows.length; at += 2) {
      const [one, other] = [this.rows[at] as Row, this.rows[at + 1]];
      if (other !== undefined) for (const [key, sum] of other.sums) this.put(one, key, sum, other.counts.get(key) ?? 0);
      halved.push(one);
    }
    this.rows = halved;
    this.perRow *= 2;
  }
}

function cellOf({ sums, counts }: Row, key: string, largest: boolean): number | null {
  const sum = sums.get(key);
  if (sum === undefined) return null;
  return largest ? sum : sum / (counts.get(key) as number);
}

/** Percentiles and extremes: a mean of them would hide what they are there to show. */
export const keepsLargest = (key: string): boolean => /\.(p9\d+|max)$/.test(key);
