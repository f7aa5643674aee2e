import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isObject } from '../../config/is-object.ts';
import type { ResultDocument } from '../../result/document.ts';

const run = promisify(execFile);

/** Which commit is measured: the working tree's, null outside a git repository. `base_sha` is filled in by whoever finds the baseline. */
export async function readGit(cwd: string, env: NodeJS.ProcessEnv): Promise<ResultDocument['git']> {
  const git = async (...args: string[]) => {
    try {
      return (await run('git', ['-C', cwd, ...args])).stdout.trim() || null;
    } catch {
      return null;
    }
  };
  const [sha, branch] = await Promise.all([git('rev-parse', 'HEAD'), git('symbolic-ref', '--quiet', 'HEAD')]);
  return { sha, ref: env['GITHUB_REF'] || branch, base_sha: null };
}

/** Which workflow run this is; null outside a workflow. */
export function readCi(env: NodeJS.ProcessEnv): ResultDocument['ci'] {
  if (env['GITHUB_ACTIONS'] !== 'true') return null;
  const attempt = Number(env['GITHUB_RUN_ATTEMPT']);
  return {
    run_id: env['GITHUB_RUN_ID'] ?? null,
    attempt: Number.isInteger(attempt) && attempt > 0 ? attempt : null,
    event: env['GITHUB_EVENT_NAME'] ?? null,
    workflow: env['GITHUB_WORKFLOW'] ?? null,
  };
}

/** The version that results carry, from the shipped package.json. */
export async function readTool(packageRoot: URL): Promise<ResultDocument['tool']> {
  const { name, version } = JSON.parse(await readFile(new URL('package.json', packageRoot), 'utf8')) as { name: string; version: string };
  return { name, version };
}

/** SHA-256 of a value's JSON with the members of every object in order of name, so that equal configurations have equal hashes. */
export function sha256Of(value: unknown): string {
  const ordered = JSON.stringify(value, (_, member: unknown) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  );
  return createHash('sha256').update(ordered).digest('hex');
}
