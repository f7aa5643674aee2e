import type { MockOptions } from './options.ts';
import { startMock } from './server.ts';

/**
 * Runs the embedded engine in the foreground; returns when SIGTERM or SIGINT has stopped it, within a second.
 * @param write takes the lines of the log; the first says where it listens.
 */
export async function serveMock(options: MockOptions, write: (line: string) => void): Promise<void> {
  // A signal that comes while it starts must not be lost.
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
  const server = await startMock(options, { log: write });
  try {
    await Promise.race([stopped, server.loaded]);
    await stopped;
  } finally {
    await server.close();
  }
}
