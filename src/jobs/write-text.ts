import { access, constants, mkdir, stat, writeFile } from 'node:fs/promises';
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

/**
 * Makes the folders of a file that will be written later, and sees that it can be: a long measurement must not end in a bad path.
 * @throws UserError (2) naming the path
 */
export async function prepareToWrite(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const there = await stat(path).catch(() => null);
    if (there?.isDirectory()) throw new Error('it is a directory');
    await access(there === null ? dirname(path) : path, constants.W_OK);
  } catch (cause) {
    throw new UserError(`cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
