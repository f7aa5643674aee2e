import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../config/errors.ts';
import { type ExportFormat, exportMonitoring } from '../../publish/dashboard/export.ts';
import { readMonitoring } from '../../publish/dashboard/store.ts';
import { prepareToWrite } from '../write-text.ts';

/**
 * Writes what dashboards kept in a folder, whether one is running or not. Null as file: to stdout.
 * @returns how many samples there were
 * @throws UserError (2) where nothing was kept, or the file cannot be written
 */
export async function exportMonitoringTo(folder: string, { format, file }: { format: ExportFormat; file: string | null }): Promise<number> {
  let samples = 0;
  for await (const line of readMonitoring(folder)) if (line.kind === 'sample') samples++;
  if (samples === 0) {
    throw new UserError(`no samples are kept in ${folder}`, {
      hint: 'A dashboard keeps them while it runs: `llm-bench dashboard` or `run --dashboard`; output.monitoring_data names the folder.',
    });
  }
  if (file !== null) await prepareToWrite(file);
  const pieces = Readable.from(exportMonitoring(folder, format));
  if (file !== null) await pipeline(pieces, createWriteStream(file));
  else for await (const piece of pieces) process.stdout.write(piece as string);
  return samples;
}
