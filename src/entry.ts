/**
 * The one bundle behind every `dist/<entry>/index.js`: ncc shares nothing between entries, so thin launchers load this and name what they are.
 * A worker thread is started from this same file with its role in workerData, because a worker file of its own would not be found in the bundle.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import type { EntryContext } from './config/entry-context.ts';

const entryUrl = new URL(import.meta.url);
const fromSource = entryUrl.pathname.endsWith('/src/entry.ts');
const packageRoot = new URL(fromSource ? '..' : '../..', entryUrl);
const context: EntryContext = { entryUrl, packageRoot, cliPath: new URL(fromSource ? 'src/cli/index.ts' : 'dist/cli/index.js', packageRoot) };

type Starter = () => Promise<{ start(context: EntryContext): Promise<void> }>;
const starters: Record<string, Starter> = {
  cli: () => import('./cli/main.ts'),
  main: () => import('./action/main.ts'),
  post: () => import('./action/post.ts'),
  compare: () => import('./action/compare.ts'),
  comment: () => import('./action/comment.ts'),
  baseline: () => import('./action/baseline.ts'),
  merge: () => import('./action/merge.ts'),
  'load-worker': () => import('./load/worker.ts'),
  alarm: () => import('./load/alarm-thread.ts'),
  pressure: () => import('./service/pressure-thread.ts'),
};

/** Starts what the launcher is for: `cli`, `main`, `post`, ... */
export async function start(name: string): Promise<void> {
  const load = starters[name];
  if (!load) throw new Error(`no entry is named ${name}`);
  await (await load()).start(context);
}

if (!isMainThread && typeof workerData?.role === 'string') await start(workerData.role);
