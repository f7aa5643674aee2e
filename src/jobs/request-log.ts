import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../config/errors.ts';
import type { RequestRecord } from '../measure/record.ts';

/** Writes one JSON line per request, with the run that it belongs to; `--compat` and `report` read it back. Records go to disk as they come, not to memory. */
export interface RequestLog {
  write(record: RequestRecord, run: number): void;
  /** Resolves when everything is on disk, or when it cannot be: a full disk must not cost the measurement. Returns what went wrong; null when nothing did. */
  close(): Promise<string | null>;
}

/** @throws UserError (2) when the file cannot be opened */
export async function openRequestLog(path: string): Promise<RequestLog> {
  const handle = await mkdir(dirname(path), { recursive: true })
    .then(() => open(path, 'w'))
    .catch((cause: Error) => {
      throw new UserError(`cannot write the request log ${path}: ${cause.message}`, { cause });
    });
  const stream = handle.createWriteStream();
  let failure: string | null = null;
  stream.on('error', (error) => {
    failure ??= `the request log ${path} is incomplete: ${error.message}`;
  });
  return {
    write: (record, run) => void (stream.writable && stream.write(`${JSON.stringify({ run, ...record })}\n`)),
    async close() {
      stream.end();
      if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()));
      return failure;
    },
  };
}
