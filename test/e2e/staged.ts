import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, repositoryRoot } from './components.ts';

const run = promisify(execFile);

/** The action as `uses:` downloads it, with the dist/ that the sources of this moment build to. That the committed dist/ is the same is the dist check's. */
export const actionFolder = join(cacheFolder, 'action');

/** The built command line and the action's steps. */
export const built = (entry: 'cli' | 'main' | 'post'): string => join(actionFolder, 'dist', entry, 'index.js');

const sourcesOfDist = /^(src|scripts)\/|^(package(-lock)?|tsconfig)\.json$/;
/** What the action has no use for at run time. */
const notShipped = /^((src|scripts|test|bench|dist)\/|node_modules$)/;

/** Builds what is not built yet, and lays it out beside action.yml, config/ and everything else that is shipped. */
export async function stageAction(tell: (line: string) => void = () => {}): Promise<void> {
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: repositoryRoot });
  const files = stdout.split('\0').filter((file) => file !== '' && existsSync(join(repositoryRoot, file)));
  const sources = await digest(files.filter((file) => sourcesOfDist.test(file)));
  const stamp = join(cacheFolder, 'action.sha256');
  const dist = join(actionFolder, 'dist');
  if (!existsSync(built('cli')) || (await readFile(stamp, 'utf8').catch(() => '')) !== sources) {
    tell('building dist');
    const fresh = join(cacheFolder, 'dist');
    const path = `${join(repositoryRoot, 'node_modules', '.bin')}:${process.env['PATH']}`;
    await run(process.execPath, ['scripts/build.ts', fresh], { cwd: repositoryRoot, env: { ...process.env, PATH: path } }).catch((error: unknown) => {
      throw new Error(`dist cannot be built:\n${(error as { stderr: string }).stderr}`);
    });
    // The last one that could be built stays until then.
    await rm(dist, { recursive: true, force: true });
    await mkdir(actionFolder, { recursive: true });
    await rename(fresh, dist);
    await writeFile(stamp, sources);
  }
  // What was deleted or renamed meanwhile must not stay.
  for (const name of await readdir(actionFolder)) if (name !== 'dist') await rm(join(actionFolder, name), { recursive: true });
  for (const file of files.filter((name) => !notShipped.test(name))) {
    const to = join(actionFolder, file);
    await mkdir(dirname(to), { recursive: true });
    await cp(join(repositoryRoot, file), to);
  }
}

async function digest(files: string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(join(repositoryRoot, file)));
  return hash.digest('hex');
}
