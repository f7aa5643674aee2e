import { resolve } from 'node:path';
import { type EarlierResult, trendOf } from '../../report/history.ts';
import type { ResultDocument } from '../../result/document.ts';
import { readResult } from '../../result/read.ts';
import { resultFiles } from '../earlier.ts';

const mostFiles = 40;
/** Larger ones would hold up the load beside which they are read. */
const mostBytes = 4 * 1024 * 1024;

/** The results of a folder as a trend, of the same thing as the newest of them. Every file is read once for as long as it does not change. */
export class PastResults {
  private readonly folder: string;
  private readonly known = new Map<string, { changedMs: number; result: ResultDocument | null }>();
  private reading: Promise<EarlierResult[]> | null = null;

  constructor(folder: string) {
    this.folder = resolve(folder);
  }

  /** Oldest first; empty where there are none. */
  read(): Promise<EarlierResult[]> {
    this.reading ??= this.readAll().finally(() => {
      this.reading = null;
    });
    return this.reading;
  }

  private async readAll(): Promise<EarlierResult[]> {
    const files = (await resultFiles(this.folder, mostBytes)).slice(0, mostFiles);
    for (const file of this.known.keys()) if (!files.some((one) => one.file === file)) this.known.delete(file);
    for (const { file, changedMs } of files) {
      if (this.known.get(file)?.changedMs === changedMs) continue;
      const read = await readResult(file).catch(() => null);
      // A trend is of the figures for people: histograms and series would be much memory.
      this.known.set(file, { changedMs, result: read === null ? null : { ...read, series: [], timeline: [], runs: [], slowest: [], errors: [] } });
    }
    const results = [...this.known.values()].flatMap(({ result }) => (result === null || result.timestamp === '' ? [] : [result]));
    const newest = results.toSorted((a, b) => b.timestamp.localeCompare(a.timestamp))[0];
    return newest === undefined ? [] : trendOf(newest, results);
  }
}
