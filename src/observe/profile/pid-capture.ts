import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Captured, messageOf, profileFiles } from './profiled.ts';

const run = promisify(execFile);

/** Both tools write what they have after the time is over. */
const writeMs = 60_000;
const samplesPerSecond = 99;

export interface PidCapture {
  tool: 'py-spy' | 'perf';
  pids: readonly number[];
}

/** Whether a tool is installed. @returns null, or in one sentence why it cannot be used */
export async function probeTool(tool: 'py-spy' | 'perf', env: NodeJS.ProcessEnv): Promise<string | null> {
  try {
    await run(tool, ['--version'], { env, timeout: 10_000 });
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? `${tool} is not installed` : `${tool} cannot be used: ${messageOf(error)}`;
  }
}

/** Samples processes from outside for some seconds. What cannot be had is a problem in the answer, never an error. */
export async function capturePids(
  { tool, pids }: PidCapture,
  context: { folder: string; seconds: number; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Captured> {
  const { folder, env, signal } = context;
  const seconds = Math.max(1, Math.round(context.seconds));
  const file = join(folder, profileFiles[tool]);
  const taken = { tool, seconds, memory: null, goroutines: null };
  const flags =
    tool === 'py-spy'
      ? [
          'record',
          '--nonblocking',
          '--pid',
          String(pids[0]),
          '--duration',
          String(seconds),
          '--rate',
          String(samplesPerSecond),
          '--format',
          'raw',
          '--output',
          file,
        ]
      : ['record', '-q', '-F', String(samplesPerSecond), '-g', '-p', pids.join(','), '-o', file, '--', 'sleep', String(seconds)];
  try {
    await run(tool, flags, { env, signal, timeout: seconds * 1000 + writeMs, maxBuffer: 16 * 1024 * 1024 });
    return { ...taken, cpu: file, problems: [] };
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    const why = stderr.trim().split('\n').slice(0, 3).join(' ');
    return { ...taken, cpu: null, problems: [`${tool}: ${why === '' ? messageOf(error) : why}`] };
  }
}

/** The samples of a perf.data by symbol, as `selfSamplesOfPerf` reads them. */
export async function perfReport(file: string, env: NodeJS.ProcessEnv): Promise<string> {
  const flags = ['report', '-i', file, '--stdio', '--no-children', '-g', 'none', '-F', 'sample,dso,symbol', '-t', '|'];
  const { stdout } = await run('perf', flags, { env, timeout: writeMs, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
