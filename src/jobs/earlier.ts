import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { type EarlierResult, trendOf } from '../report/history.ts';
import type { ResultDocument } from '../result/document.ts';
import { readResult } from '../result/read.ts';

const mostFiles = 60;
const mostBytes = 20 * 1024 * 1024;

/**
 * The trend that a result is the end of: results of the same thing that lie in its folder, the newest of them. What is no result, cannot be read or is very
 * large is passed over.
 * @param path of the result itself
 */
export async function earlierResults(path: string, result: ResultDocument): Promise<EarlierResult[]> {
  const newest = (await resultFiles(dirname(resolve(path)), mostBytes)).filter(({ file }) => file !== resolve(path));
  const others: ResultDocument[] = [];
  // One at a time: sixty documents with their histograms at once would be much memory.
  for (const { file } of newest.slice(0, mostFiles)) {
    const other = await readResult(file).catch(() => null);
    if (other !== null) others.push({ ...other, series: [], timeline: [], runs: [], slowest: [] });
  }
  return trendOf(result, others);
}

/** What may be a result in a folder, newest first; nothing where there is no folder. */
export async function resultFiles(folder: string, mostBytes: number): Promise<{ file: string; changedMs: number }[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => extname(name) === '.json' && !/\.(verdict|schema)\.json$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      const there = await stat(file).catch(() => null);
      return there?.isFile() && there.size <= mostBytes ? { file, changedMs: there.mtimeMs } : null;
    }),
  );
  return found.filter((one) => one !== null).sort((a, b) => b.changedMs - a.changedMs);
}
