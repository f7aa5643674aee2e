import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { FakeRun } from '../fakes/artifact-store.ts';
import { type GitHubEmulator, type PullRequest, startGitHubEmulator } from '../fakes/github-emulator.ts';
import { runtimeToken } from '../fakes/results-service.ts';
import { type Scene, startScene } from '../fakes/scene.ts';
import { built } from './staged.ts';
import { markOf } from './support.ts';

/** The platform around a workflow: the API emulator with the routes it lacks, and the artifact service. */
export interface Platform {
  github: GitHubEmulator;
  scene: Scene;
  repositoryId: number;
  /** A run of its own, as the platform would start one: its id, and the variables by which its job speaks to the platform. */
  addRun(run?: Partial<FakeRun>): { run: FakeRun; env: Record<string, string> };
  comments(pull: PullRequest): Promise<Array<{ id: number; body: string; user: { login: string } }>>;
}

export async function startPlatform(t: TestContext): Promise<Platform> {
  const github = await startGitHubEmulator();
  const { id: repositoryId } = await github.call<{ id: number }>('GET', `/repos/${github.owner}/${github.repo}`);
  const scene = await startScene({ upstream: github.url, repositoryId });
  t.after(async () => {
    await scene.close();
    await github.close();
  });
  return {
    github,
    scene,
    repositoryId,
    addRun(run = {}) {
      const added = scene.store.addRun(run);
      const env = {
        GITHUB_API_URL: scene.api.url,
        GITHUB_GRAPHQL_URL: `${scene.api.url}/graphql`,
        GITHUB_RUN_ID: String(added.id),
        ACTIONS_RESULTS_URL: scene.results.url,
        ACTIONS_RUNTIME_TOKEN: runtimeToken({ runId: added.id, jobId: 'bench' }),
      };
      return { run: added, env };
    },
    comments: ({ number }) => github.call('GET', `/repos/${github.owner}/${github.repo}/issues/${number}/comments?per_page=100`),
  };
}

/** The event file of a push to main. */
export function pushEvent({ repositoryId }: Platform, sha: string): Record<string, unknown> {
  return { after: sha, ref: 'refs/heads/main', repository: { id: repositoryId, default_branch: 'main' } };
}

/** The event file of a pull request from a branch of the same repository. */
export function pullEvent({ repositoryId }: Platform, pull: PullRequest): Record<string, unknown> {
  const repo = { id: repositoryId };
  return {
    action: 'synchronize',
    number: pull.number,
    pull_request: {
      number: pull.number,
      head: { sha: pull.headSha, ref: 'change', repo },
      base: { sha: pull.baseSha, ref: 'main', repo },
      user: { login: 'reviewer' },
    },
    repository: { id: repositoryId, default_branch: 'main' },
  };
}

/**
 * A checked out repository with this configuration, its remote named as the platform's. Returns the commit of main.
 * @param change files of a branch `change`, which then is the one checked out
 */
export async function checkOut(folder: string, files: Record<string, string>, change?: Record<string, string>): Promise<string> {
  const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: folder });
  await mkdir(folder, { recursive: true });
  await git('init', '-q', '-b', 'main');
  await git('remote', 'add', 'origin', 'https://github.com/octo/service');
  const commit = async (written: Record<string, string>, message: string) => {
    for (const [name, text] of Object.entries(written)) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    await git('add', '-A');
    await git('-c', 'user.name=e2e', '-c', 'user.email=e2e@example.com', 'commit', '-q', '--allow-empty', '-m', message);
    return (await git('rev-parse', 'HEAD')).stdout.trim();
  };
  const main = await commit(files, 'A service');
  if (change) {
    await git('checkout', '-q', '-b', 'change');
    await commit(change, 'A change');
  }
  return main;
}

/**
 * How a workflow starts the embedded engine as its service. An answer of 24 tokens takes about 0.2 s, so that what a busy machine adds stays far
 * below the limit of 20%, and a slow-down by 30% far above it.
 */
export function engineCommand(mark: string, flags = ''): string {
  return `exec env ${markOf(mark)} node ${built('cli')} mock --port \${PORT} --decode-step-ms 8 --prefill-tokens-per-second 1500 --natural-tokens 24 ${flags}`.trim();
}

export const newMark = (): string => randomUUID();

/** 80 requests in about 4 s, after a warm-up. */
export const engineConfig = `scenario: { name: chat, extends: default, load: { requests: 80, concurrency: 4 }, warmup: 8 }
`;
