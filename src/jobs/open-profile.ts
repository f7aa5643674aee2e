import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { ExitCode, UserError } from '../config/errors.ts';

/**
 * `llm-bench profile cpu|mem`: opens a captured profile with `go tool pprof -http`, until it is stopped.
 * @throws UserError (exit 2) where there is no such profile, or no Go
 */
export async function openProfile(file: string, address: string, env: NodeJS.ProcessEnv): Promise<number> {
  if (!existsSync(file)) {
    throw new UserError(`no profile ${file}: expected one that was captured before`, {
      hint: 'llm-bench component --profile always writes reports/cpu.prof and reports/mem.prof; --profiles names another folder.',
    });
  }
  const child = spawn('go', ['tool', 'pprof', `-http=${address}`, file], { env, stdio: 'inherit' });
  const missing = once(child, 'error').then(([error]) => {
    throw new UserError(`go tool pprof could not be started: ${(error as Error).message}`, {
      hint: 'Install Go (https://go.dev/dl), which brings pprof.',
    });
  });
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' && code !== 0 ? code : ExitCode.ok));
  return Promise.race([missing, ended]);
}
