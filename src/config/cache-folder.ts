import { mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where what takes long to make is kept between runs: the user's cache, or the folder for temporary files where that cannot be written to. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  for (const folder of [join(base, 'llm-bench'), join(tmpdir(), 'llm-bench-cache')]) {
    try {
      mkdirSync(folder, { recursive: true });
      return folder;
    } catch {
      // A home that cannot be written to: the next one.
    }
  }
  return tmpdir();
}
