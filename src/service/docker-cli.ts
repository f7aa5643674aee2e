import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface DockerAnswer {
  /** Null when it was ended by a signal (cancelled or too slow) or could not be started. */
  code: number | null;
  stdout: string;
  /** Lines of both outputs as they came. */
  lines: string[];
  /** Set when there is no docker command. */
  missing: boolean;
}

/** What is kept of one call's output, in characters. */
const keptOutput = 1024 * 1024;
/** A cancelled docker command has this long to tell the daemon, then it is killed. */
const cancelGraceMs = 2000;

/** Calls the docker command and waits for it. Never throws. Aborting the signal ends the call (and it still answers). */
export function docker(
  args: readonly string[],
  options: { env: Record<string, string>; cwd?: string; timeoutMs: number; signal?: AbortSignal | undefined; onLine?: (line: string) => void },
): Promise<DockerAnswer> {
  return new Promise((resolve) => {
    const answer: DockerAnswer = { code: null, stdout: '', lines: [], missing: false };
    let child: ChildProcess;
    try {
      // A group of its own: Ctrl-C on a terminal is for us to handle, in order.
      child = spawn('docker', args, { cwd: options.cwd, env: options.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (error) {
      resolve({ ...answer, lines: [String(error)] });
      return;
    }
    const hear = (line: string): void => {
      answer.lines.push(line);
      if (answer.lines.length > 1000) answer.lines.shift();
      options.onLine?.(line);
    };
    child.stdout?.on('data', (chunk: Buffer | string) => {
      if (answer.stdout.length < keptOutput) answer.stdout += String(chunk);
    });
    if (child.stdout !== null) readLines(child.stdout, hear);
    if (child.stderr !== null) readLines(child.stderr, hear);
    let killer: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      child.kill('SIGTERM');
      killer ??= setTimeout(() => child.kill('SIGKILL'), cancelGraceMs);
    };
    const limit = setTimeout(cancel, options.timeoutMs);
    // Waiting for the end of a container must not keep this process alive by itself.
    limit.unref();
    options.signal?.addEventListener('abort', cancel, { once: true });
    if (options.signal?.aborted) cancel();
    const end = (code: number | null): void => {
      clearTimeout(limit);
      clearTimeout(killer);
      options.signal?.removeEventListener('abort', cancel);
      answer.code = code;
      resolve(answer);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      answer.missing = error.code === 'ENOENT';
      answer.lines.push(error.message);
      end(null);
    });
    child.once('close', (code) => end(code));
  });
}

function readLines(stream: Readable, hear: (line: string) => void): void {
  let pending = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (pending + chunk).split(/\r?\n|\r/);
    pending = (parts.pop() ?? '').slice(-keptOutput);
    for (const part of parts) hear(part);
  });
  stream.on('end', () => {
    if (pending !== '') hear(pending);
  });
}
