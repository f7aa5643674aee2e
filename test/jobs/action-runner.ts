import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startMock } from '../../src/mock/server.ts';
import type { FakeRun } from '../fakes/artifact-store.ts';
import { type GitHubEmulator, startGitHubEmulator } from '../fakes/github-emulator.ts';
import { runtimeToken } from '../fakes/results-service.ts';
import { type Scene, startScene } from '../fakes/scene.ts';

const script = fileURLToPath(new URL('./action-process.ts', import.meta.url));

/** The platform and the runner around steps of the action, each in a process of its own. */
export class Runner implements AsyncDisposable {
  readonly github: GitHubEmulator;
  readonly scene: Scene;
  readonly root: string;
  #steps = 0;

  private constructor(github: GitHubEmulator, scene: Scene, root: string) {
    this.github = github;
    this.scene = scene;
    this.root = root;
  }

  static async start(): Promise<Runner> {
    const github = await startGitHubEmulator();
    const { id } = await github.call<{ id: number }>('GET', '/repos/octo/service');
    const scene = await startScene({ upstream: github.url, repositoryId: id });
    return new Runner(github, scene, await mkdtemp(join(tmpdir(), 'llm-bench-gate-')));
  }

  /** A job of a run of its own, which the platform knows; its workspace holds `config`. */
  async job({ event, payload, config, env = {}, run = {} }: JobOptions): Promise<Job> {
    const added = this.scene.store.addRun({ event, ...run });
    const job = new Job(join(this.root, `job-${++this.#steps}`), added, {
      GITHUB_API_URL: this.scene.api.url,
      GITHUB_EVENT_NAME: event,
      GITHUB_RUN_ID: String(added.id),
      GITHUB_SHA: added.headSha,
      GITHUB_WORKFLOW: added.workflow,
      ACTIONS_RUNTIME_TOKEN: runtimeToken({ runId: added.id, jobId: 'job-1' }),
      ACTIONS_RESULTS_URL: `${this.scene.results.url}/`,
      'INPUT_GITHUB-TOKEN': this.github.tokens.bot,
      ...env,
    });
    await mkdir(join(job.folder, 'temp'), { recursive: true });
    if (env['GITHUB_WORKSPACE'] === undefined) await mkdir(join(job.folder, 'work'), { recursive: true });
    await writeFile(
      join(job.folder, 'event.json'),
      JSON.stringify({ repository: { id: this.scene.store.repositoryId, default_branch: 'main' }, ...payload(added) }),
    );
    if (config !== null) await writeFile(join(job.workspace, 'llm-bench.yaml'), config);
    for (const name of ['output', 'state', 'summary.md']) await writeFile(join(job.folder, name), '');
    return job;
  }

  onPush(config: string | null, env: Record<string, string> = {}, run: Partial<FakeRun> = {}): Promise<Job> {
    return this.job({ event: 'push', payload: ({ headSha }) => ({ after: headSha }), config, run, env: { GITHUB_REF: 'refs/heads/main', ...env } });
  }

  onPull(
    pull: { number: number; headSha: string },
    config: string | null,
    env: Record<string, string> = {},
    more: { action?: string; label?: string; labels?: string[]; sender?: string; fork?: number } = {},
  ): Promise<Job> {
    const base = { id: this.scene.store.repositoryId };
    const head = { id: more.fork ?? base.id };
    const { action = 'synchronize', label, labels = [], sender } = more;
    return this.job({
      event: 'pull_request',
      payload: () => ({
        action,
        ...(label === undefined ? {} : { label: { name: label } }),
        ...(sender === undefined ? {} : { sender: { login: sender } }),
        pull_request: {
          number: pull.number,
          labels: labels.map((name) => ({ name })),
          head: { sha: pull.headSha, ref: 'change', repo: head },
          base: { ref: 'main', repo: base },
        },
      }),
      config,
      run: { headBranch: 'change', headSha: pull.headSha, headRepositoryId: head.id },
      env: { GITHUB_REF: `refs/pull/${pull.number}/merge`, GITHUB_SHA: 'e'.repeat(40), ...env },
    });
  }

  commentsOf(number: number): Promise<{ body: string; html_url: string }[]> {
    return this.github.call('GET', `/repos/octo/service/issues/${number}/comments`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scene.close();
    await this.github.close();
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface JobOptions {
  event: string;
  /** Members of the event file beside the repository. */
  payload(run: FakeRun): object;
  /** llm-bench.yaml; null: none is written. */
  config: string | null;
  env?: Record<string, string>;
  run?: Partial<FakeRun>;
}

/** What the runner gives to one job: its directories, its event, and a run of its own. */
export class Job {
  readonly folder: string;
  readonly ofRun: FakeRun;
  readonly env: Record<string, string>;

  constructor(folder: string, run: FakeRun, env: Record<string, string>) {
    this.folder = folder;
    this.ofRun = run;
    const at = (name: string) => join(folder, name);
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      TMPDIR: at('temp'),
      RUNNER_TEMP: at('temp'),
      GITHUB_WORKSPACE: at('work'),
      GITHUB_EVENT_PATH: at('event.json'),
      GITHUB_OUTPUT: at('output'),
      GITHUB_STATE: at('state'),
      GITHUB_STEP_SUMMARY: at('summary.md'),
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: 'octo/service',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_JOB: 'bench',
      ...env,
    };
  }

  get workspace(): string {
    return this.env['GITHUB_WORKSPACE'] as string;
  }

  /** Starts an entry of the action as a step of this job. */
  start(entry: string, env: Record<string, string> = {}): { child: ChildProcess; done: Promise<{ code: number | null; log: string }> } {
    const child = spawn(process.execPath, [script, entry], { cwd: this.workspace, env: { ...this.env, ...env } });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text));
    return { child, done: once(child, 'close').then(([code]) => ({ code, log })) };
  }

  run(env: Record<string, string> = {}, entry = 'main') {
    return this.start(entry, env).done;
  }

  /** What a step wrote to a file of `name<<delimiter` blocks. */
  async written(file: 'output' | 'state'): Promise<Record<string, string>> {
    const text = await readFile(join(this.folder, file), 'utf8');
    return Object.fromEntries([...text.matchAll(/^(.+)<<(.+)\n([\s\S]*?)\n\2$/gm)].map(([, name, , value]) => [name, value]));
  }

  summary(): Promise<string> {
    return readFile(join(this.folder, 'summary.md'), 'utf8');
  }
}

/** An engine whose answers take about half a second times the factor: long against what a busy machine adds. */
export async function engineAt<T>(factor: number, use: (env: Record<string, string>) => Promise<T>): Promise<T> {
  const engine = await startMock({ decodeStepMs: 60, naturalTokens: 100, jitterPercent: 0, slowFactor: factor, logEvery: 0 });
  try {
    return await use({ 'INPUT_BASE-URL': engine.url, INPUT_MODEL: 'm' });
  } finally {
    await engine.close();
  }
}
