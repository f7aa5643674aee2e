import { resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Files } from '../yaml/files.ts';
import { originAt } from '../yaml/layers.ts';
import { readPrompts } from './prompts.ts';
import type { ResolvedScenario } from './resolve-scenario.ts';
import { scaledCount } from './scale.ts';
import { readShareGpt } from './sharegpt.ts';
import { type ReplayOptions, readTrace, replayRows } from './trace-file.ts';

/** Checks the files that a scenario's prompts come from: a prompts file, ShareGPT conversations, a trace. What is wrong with them goes to `files.issues`. */
export async function resolvePromptFiles(resolved: ResolvedScenario, files: Files, builtinRoot: string): Promise<void> {
  await resolvePrompts(resolved, files, builtinRoot);
  await resolveShareGpt(resolved, files);
  await resolveTrace(resolved, files, builtinRoot);
}

/**
 * Checks the prompts file, every line. The user's own file is left as written (relative to `root`); one that only ships with the program becomes an
 * absolute path.
 */
async function resolvePrompts({ scenario, layers }: ResolvedScenario, files: Files, builtinRoot: string): Promise<void> {
  const { prompts } = scenario.request;
  if (prompts === undefined) return;
  const origin = originAt(layers, ['request', 'prompts']);
  let path = resolve(files.cwd, prompts);
  if (!(await files.exists(path))) {
    if (!origin.shipped) {
      files.issues.push({
        ...origin.place,
        message: `prompts file ${files.display(path)} not found; expected a file with lines such as {"prompt": "...", "max_tokens": 50}`,
      });
      return;
    }
    path = scenario.request.prompts = resolve(builtinRoot, prompts);
  }
  await checked(readPrompts(path, files.display(path)), files);
}

/** Checks the conversations file, every row. The path is left as written (relative to `root`). */
async function resolveShareGpt({ scenario, layers }: ResolvedScenario, files: Files): Promise<void> {
  const { sharegpt } = scenario.request;
  if (sharegpt === undefined) return;
  const path = resolve(files.cwd, sharegpt.file);
  if (!(await files.exists(path))) {
    const message = `ShareGPT file ${files.display(path)} not found; expected [{"conversations": [{"from": "human", "value": "..."}, ...]}]`;
    files.issues.push({ ...originAt(layers, ['request', 'sharegpt', 'file']).place, message });
    return;
  }
  await checked(readShareGpt(path, files.display(path)), files);
}

/** Checks the trace that a scenario replays, every row, and that its window holds any. The path is left as written (relative to `root`), but one that only ships with the program becomes absolute. */
async function resolveTrace({ scenario: { load, scale = 1 }, layers, faulty }: ResolvedScenario, files: Files, builtinRoot: string): Promise<void> {
  if (load.executor !== 'trace' || load['file'] === undefined) return;
  let path = resolve(files.cwd, String(load['file']));
  const blame = (key: string, message: string) => files.issues.push({ ...originAt(layers, ['load', key]).place, message });
  if (!(await files.exists(path)) && originAt(layers, ['load', 'file']).shipped) {
    path = resolve(builtinRoot, String(load['file']));
    load['file'] = path;
  }
  if (!(await files.exists(path))) {
    blame('file', `trace file ${files.display(path)} not found; expected Mooncake JSONL or an Azure CSV (TIMESTAMP,ContextTokens,GeneratedTokens)`);
    return;
  }
  const rows = await checked(readTrace(path, files.display(path)), files);
  if (rows === null || faulty) return;
  const replayed = replayRows(rows, load as unknown as ReplayOptions).length;
  // What the load says of its end is shortened already; where it says nothing, the trace is.
  const ends = load['max_requests'] ?? load['duration'] ?? (load['window'] as ReplayOptions['window'])?.duration;
  if (scale < 1 && ends === undefined) load['max_requests'] = scaledCount(replayed, scale);
  if (replayed === 0) {
    const seconds = ((rows.at(-1)?.timestampMs ?? 0) - (rows[0]?.timestampMs ?? 0)) / 1000;
    blame('window', `expected a part of the trace that holds a request, found none; the trace is ${seconds} s long`);
  }
}

/** Null where the file is faulty. */
async function checked<T>(reading: Promise<T>, files: Files): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    files.issues.push(...error.issues);
    return null;
  }
}
