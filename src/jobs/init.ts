import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../config/errors.ts';

export interface InitOptions {
  /** The repository's folder; made where it does not exist. */
  dir: string;
  /** Write over files that are there. */
  force: boolean;
}

/** Paths written, relative to `dir`, and the branch that the workflow measures. */
export interface InitOutcome {
  files: string[];
  defaultBranch: string;
}

/**
 * Writes llm-bench.yaml and the workflow that runs it.
 * @throws UserError (exit 2) when one of them is there already and `force` is not set; then nothing is written
 */
export async function initProject({ dir, force }: InitOptions): Promise<InitOutcome> {
  const defaultBranch = await findDefaultBranch(dir);
  const contents = { 'llm-bench.yaml': configuration, '.github/workflows/llm-bench.yml': workflow(defaultBranch) };
  const files = Object.keys(contents);
  const present = await asyncFilter(files, (file) => exists(join(dir, file)));
  if (present.length > 0 && !force) {
    throw new UserError(`${present.join(' and ')} ${present.length === 1 ? 'is' : 'are'} there already; nothing was written`, {
      hint: 'Add --force to write over what is there, or --dir for another folder.',
    });
  }
  for (const [file, text] of Object.entries(contents)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), text);
  }
  return { files, defaultBranch };
}

async function asyncFilter<T>(items: T[], keep: (item: T) => Promise<boolean>): Promise<T[]> {
  const kept = await Promise.all(items.map(keep));
  return items.filter((_, index) => kept[index]);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** What the remote calls its default branch; `main` where that is not known here. */
async function findDefaultBranch(dir: string): Promise<string> {
  const answer = await promisify(execFile)('git', ['-C', dir, 'symbolic-ref', '--short', 'refs/remotes/origin/HEAD']).catch(() => null);
  const branch = answer?.stdout.trim().replace(/^origin\//, '') ?? '';
  return /^[\w./-]+$/.test(branch) ? branch : 'main';
}

const configuration = `# What llm-bench measures in this repository. With all of it left out, an embedded engine is measured.

target:
  name: my-service
  # How to start the service; \${PORT} is a free port. For one that already runs, leave command out and give its base_url.
  command: ./start-my-service --port \${PORT}
  # Run before the start, such as a build or the download of a model:
  # setup: [npm ci, npm run build]
  ready: { url: /health, timeout_seconds: 120 }
  # model: the-model-to-ask-for
  # api_key_env: MY_API_KEY

# What to send: \`llm-bench run --list\` prints the names. Or a scenario of your own, such as
# scenario: { name: chat, extends: quick_validation, load: { requests: 200, concurrency: 4 } }
scenario: quick_validation

# When the check fails. The default: p95 latency worse by more than 20%, or more than 1% of requests failing.
thresholds:
  extends: default
  # max_p95_latency_ms: 2000
  # min_tokens_per_sec: 100
`;

function workflow(defaultBranch: string): string {
  return `name: llm-bench

on:
  push:
    branches: [${JSON.stringify(defaultBranch)}] # measures the baseline that pull requests are compared with
  pull_request:
    types: [opened, synchronize, reopened, labeled, unlabeled] # a label judges the stored result again
  merge_group:

permissions:
  contents: read
  actions: read # finds the baseline of the default branch
  pull-requests: write # posts the comment

concurrency:
  # One measurement at a time per branch; a newer push to a pull request replaces the older, a label waits for it.
  group: llm-bench-\${{ github.ref }}
  cancel-in-progress: \${{ github.event.action == 'synchronize' }}

jobs:
  llm-bench:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: org/llm-bench-action@v1
`;
}
