import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../config/errors.ts';
import type { ResultDocument } from './document.ts';

/** Order of the members in the file: what a person looks for first stands first. Members not named here follow in their own order. */
const order: readonly string[] = [
  'schema_version',
  'tool',
  'timestamp',
  'target',
  'scenario',
  'base_url',
  'model',
  'note',
  'tag',
  'imported',
  'partial',
  'stop_reason',
  'results',
  'series',
  'runs',
  'timeline',
  'slowest',
  'errors',
  'retries',
  'validity',
  'admissible',
  'client',
  'environment',
  'cohort',
  'git',
  'ci',
  'config',
];

/** The document as text: members in a fixed order, two spaces of indent, a newline at the end. NaN and infinities become null, as in any JSON. */
export function formatResult(document: ResultDocument): string {
  const ordered: Record<string, unknown> = {};
  for (const key of order) if (document[key] !== undefined) ordered[key] = document[key];
  for (const [key, value] of Object.entries(document)) if (!Object.hasOwn(ordered, key)) ordered[key] = value;
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

let written = 0;

/**
 * Writes a result document, creating missing folders. The file appears whole or not at all: it is written beside its place and renamed, so that
 * a reader, a full disk or a Ctrl-C never leaves half a result where a whole one stood. What is there and no plain file (/dev/null, a pipe, a link) stays what it is and is
 * written through.
 * @throws UserError (exit 2) naming the path when it cannot be written
 */
export async function writeResult(path: string, document: ResultDocument): Promise<void> {
  const temporary = `${path}.${process.pid}.${++written}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const there = await lstat(path).catch(() => null);
    if (there !== null && !there.isFile()) {
      await writeFile(path, formatResult(document));
      return;
    }
    await writeFile(temporary, formatResult(document));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`${path} could not be written: ${code ?? message}`, { cause: error });
  }
}
