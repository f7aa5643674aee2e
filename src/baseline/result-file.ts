import { readFile, stat } from 'node:fs/promises';
import { UserError } from '../config/errors.ts';
import { maxResultBytes, parseResult } from '../result/read.ts';
import { Refused, type StoredResult } from './store.ts';

/**
 * Reads one stored result.
 * @param shown what errors of its content call it
 * @throws Refused when it is missing (ineligible: there is none yet), unreadable, too large, or no result
 */
export async function readResultFile(path: string, shown: string): Promise<StoredResult> {
  try {
    const { size } = await stat(path);
    if (size > maxResultBytes) throw new Refused(`has ${size} bytes; at most ${maxResultBytes} are read`);
    const document = parseResult(await readFile(path, 'utf8'), shown);
    return { document, sha: document.git.sha };
  } catch (cause) {
    if (cause instanceof Refused) throw cause;
    if (cause instanceof UserError) throw new Refused(cause.message, { cause });
    if (isMissing(cause)) throw new Refused('does not exist', { ineligible: true, cause });
    throw new Refused(`cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The file, or a folder on the way to it, is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
