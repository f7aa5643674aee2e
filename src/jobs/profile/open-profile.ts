import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode, UserError } from '../../config/errors.ts';
import { profileFiles } from '../../observe/profile/profiled.ts';

/** What opens the files that pprof does not read. */
const openers = [
  [profileFiles.node, "the developer tools of Chrome (Performance, Load profile) or VS Code open a profile of Node's"],
  [profileFiles['py-spy'], 'https://www.speedscope.app shows collapsed stacks'],
  [profileFiles.perf, 'perf report -i shows it'],
] as const;

/**
 * `llm-bench profile cpu|mem`: opens a captured profile with `go tool pprof -http`, until it is stopped.
 * @throws UserError (exit 2) where there is no such profile, or no Go
 */
export async function openProfile(kind: 'cpu' | 'mem', folder: string, address: string, env: NodeJS.ProcessEnv): Promise<number> {
  const file = join(folder, kind === 'cpu' ? profileFiles.cpu : profileFiles.memory);
  if (!existsSync(file)) throw absent(kind, folder, file);
  // In a group of its own: `go tool` starts the real pprof, which must not outlive us.
  const child = spawn('go', ['tool', 'pprof', `-http=${address}`, file], { env, stdio: 'inherit', detached: true });
  const stop = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
  };
  const missing = once(child, 'error').then(([error]) => {
    throw new UserError(`go tool pprof could not be started: ${(error as Error).message}`, {
      hint: 'Install Go (https://go.dev/dl), which brings pprof.',
    });
  });
  // Ended by a signal means that the user had enough.
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : ExitCode.ok));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await Promise.race([missing, ended]);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

function absent(kind: 'cpu' | 'mem', folder: string, file: string): UserError {
  const other = kind === 'cpu' ? openers.find(([name]) => existsSync(join(folder, name))) : undefined;
  if (other !== undefined) return new UserError(`${join(folder, other[0])} is no profile that pprof reads`, { hint: `For this one: ${other[1]}.` });
  return new UserError(`no profile ${file}: expected one that was captured before`, {
    hint: 'llm-bench run, ab and component write it with --profile always, or after a red verdict; --profiles names another folder (docs/profiles.md).',
  });
}
