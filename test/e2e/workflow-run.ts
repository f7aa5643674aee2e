import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FakeRun } from '../fakes/artifact-store.ts';
import { programOf } from './components.ts';
import { checkOut, type Platform, pullEvent, pushEvent } from './runner.ts';
import { actionFolder } from './staged.ts';
import { type Finished, marked, type Started, scratch, start, told } from './support.ts';

/** A run of `.github/workflows/bench.yml` by act, which stands in for the platform's runner. */
export interface WorkflowRun {
  platform: Platform;
  event: { name: string; payload: Record<string, unknown>; run: Partial<FakeRun> };
  /** What main holds, the workflow included; what a step copies to `kept` outlives the runner's folders. */
  files(kept: string): Record<string, string>;
  /** Files of a change: committed to a branch of their own, which is checked out. */
  change?: Record<string, string>;
  env?: Record<string, string>;
  /** actions/checkout is a stand-in that clones the branch it is given from the folder: act itself would go to the network for another than the event's. */
  checkout?: boolean;
}

export interface Ran extends Finished {
  log: string;
  /** Where steps kept what they wished to. */
  folder: string;
  /** The commit of main. */
  base: string;
  /** The outcome and outputs of a step that kept them by `keeping`, and its report. */
  kept(name?: string): Promise<{ outcome: string; outputs: Record<string, string>; report: string }>;
}

/** The step that keeps what the step `id` left, before the runner's folders go. */
export function keeping(id: string, folder: string): string {
  return `      - if: always()
        env:
          OUTPUTS: \${{ toJSON(steps.${id}.outputs) }}
          OUTCOME: \${{ steps.${id}.outcome }}
        run: |
          mkdir -p "${folder}"
          printf %s "$OUTPUTS" > "${folder}/outputs.json"
          printf %s "$OUTCOME" > "${folder}/outcome"
          cp "\${{ steps.${id}.outputs.report-path }}" "\${{ steps.${id}.outputs.result-path }}" "${folder}/" || true
`;
}

export async function startWorkflow(t: TestContext, run: WorkflowRun): Promise<Started & { folder: string; base: string }> {
  const { platform, event, env = {} } = run;
  const folder = await scratch(t);
  const repository = join(folder, 'repository');
  const kept = join(folder, 'kept');
  await mkdir(kept);
  const base = await checkOut(repository, run.files(kept), run.change);
  const eventFile = join(folder, 'event.json');
  await writeFile(eventFile, JSON.stringify(event.name === 'push' ? { ...event.payload, after: base } : event.payload));
  const registered = platform.addRun({ ...event.run, ...(event.name === 'push' ? { headSha: base } : {}) });
  const variables = Object.entries({ ...registered.env, ...env }).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const args = [event.name, '-P', 'ubuntu-latest=-self-hosted', '-W', '.github/workflows/bench.yml', '-e', eventFile, ...variables];
  args.push('-s', `GITHUB_TOKEN=${platform.github.tokens.bot}`, '--no-cache-server', '--action-cache-path', join(folder, 'cache'));
  args.push('--local-repository', `org/llm-bench-action@v1=${actionFolder}`);
  if (run.checkout)
    args.push(
      '--env',
      `REPOSITORY=${repository}`,
      '--local-repository',
      `actions/checkout@v4=${fileURLToPath(new URL('./fixtures/checkout', import.meta.url))}`,
    );
  return { ...start(t, programOf('act'), args, { cwd: repository, env: { HOME: folder } }), folder: kept, base };
}

export async function runWorkflow(t: TestContext, options: WorkflowRun): Promise<Ran> {
  const { done, folder, base } = await startWorkflow(t, options);
  const finished = await done;
  return {
    ...finished,
    log: finished.stdout,
    folder,
    base,
    async kept(name = '.') {
      const at = join(folder, name);
      assert.ok(existsSync(join(at, 'outcome')), told(finished));
      const read = (file: string) => readFile(join(at, file), 'utf8');
      return { outcome: await read('outcome'), outputs: JSON.parse(await read('outputs.json')), report: await read('result.md').catch(() => '') };
    },
  };
}

/** A commit on main. */
export const push = (platform: Platform) => ({ name: 'push', payload: pushEvent(platform, ''), run: { event: 'push' } });

/** A new pull request of the emulator. */
export async function pullRequest(platform: Platform, branch: string) {
  const pull = await platform.github.openPull(branch);
  const event = {
    name: 'pull_request',
    payload: pullEvent(platform, pull),
    run: { event: 'pull_request', headBranch: branch, headSha: pull.headSha },
  };
  return { pull, event };
}

/** Nothing of the service is left. */
export async function assertGone(mark: string, ran: Finished): Promise<void> {
  assert.deepEqual(marked(mark), [], `the service still runs\n${told(ran)}`);
}
