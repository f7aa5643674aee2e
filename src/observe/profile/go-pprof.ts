import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mostFunctions, type ProfiledFunction } from './profiled.ts';

const run = promisify(execFile);
/** Since Go 1.25 pprof is compiled when it is first asked for, which takes minutes on a busy machine with a cold cache. */
const pprofTimeoutMs = 300_000;

/**
 * The functions with the largest share of a profile, by `go tool pprof -top`; with a base those whose share changed most.
 * @throws Error where Go is not installed, or pprof cannot read the file
 */
export async function topFunctions(
  file: string,
  { kind, base, env }: { kind: 'cpu' | 'memory'; base: string | null; env: NodeJS.ProcessEnv },
): Promise<ProfiledFunction[]> {
  const flags = ['-top', `-nodecount=${mostFunctions}`, ...(kind === 'memory' ? ['-sample_index=alloc_space'] : [])];
  const difference = base === null ? [] : [`-diff_base=${base}`];
  const { stdout } = await goTool([...flags, ...difference, file], env);
  return parseTop(stdout).slice(0, mostFunctions);
}

/** `go tool pprof` with these arguments. @throws Error where Go is not installed, in words that say so */
export async function goTool(args: readonly string[], env: NodeJS.ProcessEnv, timeoutMs = pprofTimeoutMs): Promise<{ stdout: string }> {
  try {
    return await run('go', ['tool', 'pprof', ...args], { env, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error('go is not installed: the profile is kept, its functions are not named');
    // What was compiled until then is kept by Go: the next try goes on from there.
    if ((error as { killed?: boolean }).killed === true)
      throw new Error(
        `gave no answer within ${timeoutMs / 1000} s (Go compiles it when it is first used; \`go tool pprof -h\` does that before): the profile is kept, its functions are not named`,
      );
    throw error;
  }
}

/** `1.20s 40.0% 40.0% 1.50s 50.0%  example.com/x.(*T).Method (inline)` */
export function parseTop(text: string): ProfiledFunction[] {
  const row = /^\s*(-?[\d.]+\w*)\s+(-?[\d.]+)%\s+-?[\d.]+%\s+-?[\d.]+\w*\s+-?[\d.]+%\s+(.+?)(?: \(inline\))?$/;
  return text.split('\n').flatMap((line) => {
    const [, flat, percent, name] = row.exec(line) ?? [];
    if (flat === undefined || name === undefined || Number(percent) === 0) return [];
    // pprof leaves the sign of a difference to its value.
    const share = flat.startsWith('-') ? -Math.abs(Number(percent)) : Number(percent);
    return [{ function: name, flat, flat_percent: share }];
  });
}
