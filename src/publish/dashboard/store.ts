import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { UserError } from '../../config/errors.ts';
import { isObject } from '../../config/is-object.ts';
import type { Alert } from './alert-book.ts';
import type { LiveSample } from './sample.ts';

/** A line of a monitoring file. */
export type StoredLine = ({ kind: 'sample' } & LiveSample) | { kind: 'alert'; t: number; alert: Alert };

export interface StoreBounds {
  /** A file is ended at this size, and the oldest are removed beyond so many. */
  fileBytes: number;
  files: number;
  /** Lines that wait for the disk; beyond it they are dropped and counted. */
  waiting: number;
}

const bounds: StoreBounds = { fileBytes: 8 * 1024 * 1024, files: 8, waiting: 2_000 };
const fileName = /^monitoring-\d{8}T\d{9}Z-\d+(-\d+)?\.jsonl$/;
const longestLine = 256 * 1024;

/**
 * Keeps samples and alerts in JSON lines: several files of bounded size, of which the oldest go. Writing never waits for the disk and never throws: a disk
 * that is slow or full loses lines, which are counted.
 */
export class MonitoringStore {
  readonly folder: string;
  dropped = 0;
  /** Why lines could not be written; null while they can. */
  failure: string | null = null;
  private readonly bounds: StoreBounds;
  private waiting: string[] = [];
  private writing: Promise<void> | null = null;
  private file: FileHandle | null = null;
  private bytes = 0;
  private opened = 0;
  private closed = false;

  /** @throws UserError (2) where the folder cannot be made */
  static async open(folder: string, limits: Partial<StoreBounds> = {}): Promise<MonitoringStore> {
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw new UserError(`output.monitoring_data: cannot make the folder ${folder}: ${(cause as Error).message}`, { cause });
    }
    return new MonitoringStore(folder, { ...bounds, ...limits });
  }

  private constructor(folder: string, limits: StoreBounds) {
    this.folder = folder;
    this.bounds = limits;
  }

  add(line: StoredLine): void {
    if (this.closed || this.waiting.length >= this.bounds.waiting) {
      this.dropped++;
      return;
    }
    this.waiting.push(`${JSON.stringify(line)}\n`);
    this.writing ??= this.drain().finally(() => {
      this.writing = null;
    });
  }

  /** Writes what waits and closes the file. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.writing !== null) await this.writing;
    await this.file?.close().catch(() => {});
    this.file = null;
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const lines = this.waiting;
      this.waiting = [];
      try {
        if (this.file === null || this.bytes >= this.bounds.fileBytes) await this.rotate();
        const text = lines.join('');
        await this.file?.write(text);
        this.bytes += Buffer.byteLength(text);
        this.failure = null;
      } catch (error) {
        this.dropped += lines.length;
        this.failure = (error as Error).message;
      }
    }
  }

  private async rotate(): Promise<void> {
    await this.file?.close();
    this.file = null;
    const time = new Date().toISOString().replaceAll(/[-:.]/g, '');
    this.file = await open(join(this.folder, `monitoring-${time}-${process.pid}-${++this.opened}.jsonl`), 'a');
    this.bytes = 0;
    const names = await monitoringFiles(this.folder);
    for (const name of names.slice(0, Math.max(0, names.length - this.bounds.files))) await unlink(join(this.folder, name)).catch(() => {});
  }
}

/** Names of the monitoring files in a folder, oldest first; none where there is no folder. */
async function monitoringFiles(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => fileName.test(name)).sort();
}

/**
 * Every line that was kept, oldest file first. A line that was cut off, or that is none, is passed over: a process may have been killed while it wrote.
 * @param newestBytes only the newest files, as long as they are not more than this together; left out: all
 */
export async function* readMonitoring(folder: string, newestBytes = Number.POSITIVE_INFINITY): AsyncGenerator<StoredLine> {
  const names = await monitoringFiles(folder);
  let first = names.length;
  for (let bytes = 0; first > 0; first--) {
    bytes += await stat(join(folder, names[first - 1] as string)).then(
      ({ size }) => size,
      () => 0,
    );
    if (bytes > newestBytes && first < names.length) break;
  }
  for (const name of names.slice(first)) {
    const file = await open(join(folder, name)).catch(() => null);
    if (file === null) continue;
    for await (const text of createInterface({ input: file.createReadStream(), crlfDelay: Number.POSITIVE_INFINITY })) {
      const line = parseLine(text);
      if (line !== null) yield line;
    }
  }
}

/** Null for what is no line of ours. Numbers alone are taken as values. */
export function parseLine(text: string): StoredLine | null {
  if (text.length > longestLine) return null;
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof data !== 'object' || data === null) return null;
  const { kind, t, values, alert } = data as Record<string, unknown>;
  if (typeof t !== 'number' || !Number.isFinite(t)) return null;
  if (kind === 'sample' && isObject(values)) {
    const known = Object.entries(values).filter((entry): entry is [string, number | null] => entry[1] === null || typeof entry[1] === 'number');
    return { kind, t, values: Object.fromEntries(known) };
  }
  return kind === 'alert' && isAlert(alert) ? { kind, t, alert } : null;
}

function isAlert(data: unknown): data is Alert {
  if (typeof data !== 'object' || data === null) return false;
  const alert = data as Record<string, unknown>;
  const texts = ['key', 'category', 'severity', 'title', 'detail'].every((name) => typeof alert[name] === 'string');
  const numbers = ['id', 'sinceMs', 'toldMs', 'quietUntilMs'].every((name) => typeof alert[name] === 'number');
  return texts && numbers && (alert['overMs'] === null || typeof alert['overMs'] === 'number');
}
