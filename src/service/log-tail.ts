import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { loggedLines } from './service-error.ts';

/** A longer line is cut here; its rest is dropped. In characters. */
export const longestLine = 64 * 1024;

/**
 * The output of a service: appended line by line to a file, secrets masked and terminal colours removed, with the last 50 lines kept in memory.
 * A file that cannot be written (disk full) loses lines, never the service.
 */
export class LogTail {
  readonly file: string;
  /** Puts `***` in the place of secrets. */
  readonly mask: (text: string) => string;
  readonly #stream: WriteStream;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  readonly #sources = new Set<Readable>();
  readonly #flushers: (() => void)[] = [];
  #broken = false;

  constructor(file: string, mask: (text: string) => string) {
    this.file = file;
    this.mask = mask;
    mkdirSync(path.dirname(file), { recursive: true });
    this.#stream = createWriteStream(file, { flags: 'a' });
    this.#stream.on('error', () => {
      this.#broken = true;
      this.#resume();
    });
    this.#stream.on('drain', () => this.#resume());
  }

  /** Reads the stream to its end. A slow disk holds the stream back, as a shell's redirection would. */
  attach(source: Readable): void {
    let pending = '';
    let over = false;
    const finish = (text: string): void => {
      if (!over) this.add(lastOverwrite(text));
      over = false;
    };
    source.setEncoding('utf8');
    source.on('data', (chunk: string) => {
      const parts = (pending + chunk).split('\n');
      pending = parts.pop() ?? '';
      for (const part of parts) finish(part);
      // Progress bars rewrite their line with carriage returns and may never end it.
      const rewritten = pending.lastIndexOf('\r', pending.length - 2);
      if (rewritten >= 0) pending = pending.slice(rewritten + 1);
      if (pending.length > longestLine) {
        if (!over) this.add(pending);
        over = true;
        pending = '';
      }
    });
    const flush = (): void => {
      if (pending !== '') finish(pending);
      pending = '';
      this.#sources.delete(source);
    };
    this.#flushers.push(flush);
    source.on('end', flush);
    source.on('error', flush);
    this.#sources.add(source);
  }

  /** Adds one line. Listeners hear it as it was written, before masking. */
  add(text: string): void {
    const plain = stripVTControlCharacters(text);
    // Masked before it is cut, so that no half of a secret stays at the end.
    const line = cut(this.mask(plain));
    this.#lines.push(line);
    if (this.#lines.length > loggedLines) this.#lines.shift();
    if (!this.#broken && !this.#stream.writableEnded && !this.#stream.write(`${line}\n`)) for (const source of this.#sources) source.pause();
    for (const listener of this.#listeners) listener(cut(plain));
  }

  /** The last lines, at most 50 and at most `count`, oldest first. */
  last(count: number): string[] {
    return count <= 0 ? [] : this.#lines.slice(-count);
  }

  /** Calls for every further line; returns what ends it. */
  onLine(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Writes what is pending and closes the file. Lines that come later are kept in memory only. */
  async close(): Promise<void> {
    for (const flush of this.#flushers.splice(0)) flush();
    if (this.#stream.destroyed || this.#broken) return;
    await new Promise<void>((resolve) => {
      this.#stream.once('close', resolve);
      this.#stream.once('error', () => resolve());
      this.#stream.end();
    });
  }

  #resume(): void {
    for (const source of this.#sources) source.resume();
  }
}

function cut(line: string): string {
  return line.length > longestLine ? `${line.slice(0, longestLine)} ... (line cut at 64 KiB)` : line;
}

function lastOverwrite(text: string): string {
  const ended = text.endsWith('\r') ? text.slice(0, -1) : text;
  return ended.slice(ended.lastIndexOf('\r') + 1);
}
