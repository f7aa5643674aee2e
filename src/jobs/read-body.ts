import { readFile } from 'node:fs/promises';
import { UserError } from '../config/errors.ts';

/** The text of a request body's file. @throws UserError (2) when it cannot be read */
export async function readBody(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new UserError(`--body ${path}: ${(cause as Error).message}`, { cause });
  }
}
