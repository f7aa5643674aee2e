import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../config/errors.ts';

/** Writes a text file, making its folders. @throws UserError (2) naming the path when it cannot be written */
export async function writeText(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (cause) {
    throw new UserError(`cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
