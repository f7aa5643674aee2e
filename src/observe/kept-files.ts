import { closeSync, openSync, readSync } from 'node:fs';
import { type ReadText, readText } from './proc-files.ts';

/** Longer files are read as any other. */
const bufferBytes = 32 * 1024;
const mostOpen = 512;

/**
 * Files of the kernel that are read again and again: kept open, each reading is one call instead of five. That of a process belongs to this very process;
 * once it is gone there is nothing to read.
 */
export class KeptFiles {
  private readonly open = new Map<string, number>();
  private readonly buffer = Buffer.allocUnsafe(bufferBytes);

  readonly read: ReadText = (path) => {
    let descriptor = this.open.get(path);
    try {
      if (descriptor === undefined) {
        if (this.open.size >= mostOpen) this.closeOldest();
        descriptor = openSync(path, 'r');
        this.open.set(path, descriptor);
      }
      const length = readSync(descriptor, this.buffer, 0, bufferBytes, 0);
      return length < bufferBytes ? this.buffer.toString('latin1', 0, length) : readText(path);
    } catch {
      if (descriptor !== undefined) {
        this.open.delete(path);
        closeSync(descriptor);
      }
      return null;
    }
  };

  close(): void {
    for (const descriptor of this.open.values()) closeSync(descriptor);
    this.open.clear();
  }

  private closeOldest(): void {
    const [oldest] = this.open;
    if (oldest === undefined) return;
    this.open.delete(oldest[0]);
    closeSync(oldest[1]);
  }
}
