import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../config/errors.ts';
import type { RequestRecord } from '../measure/record.ts';

/** Writes one JSON line per request; `--compat` and `report` read it back. Records go to disk as they come, not to memory. */
export interface RequestLog {
  write(record: RequestRecord): void;
  close(): Promise<void>;
}

/** @throws UserError (2) when the file cannot be opened */
export async function openRequestLog(path: string): Promise<RequestLog> {
  await mkdir(dirname(path), { recursive: true });
  const stream = createWriteStream(path);
  try {
    await once(stream, 'open');
  } catch (cause) {
    throw new UserError(`cannot write the request log ${path}: ${(cause as Error).message}`, { cause });
  }
  return {
    write: (record) => void stream.write(`${JSON.stringify(record)}\n`),
    async close() {
      stream.end();
      await once(stream, 'close');
    },
  };
}
