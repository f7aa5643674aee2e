/**
 * The platform in a process of its own, for tests that run whole workflows: `node test/fakes/serve.ts [--repository octo/service]` starts the GitHub API
 * emulator, the routes it lacks and the Results service over one store of artifacts, and prints one line of JSON:
 *   {"emulator", "api", "results", "blobs": URLs, "repository", "repository_id", "tokens": {"owner", "bot", "person"}}
 * GITHUB_API_URL is `api`, ACTIONS_RESULTS_URL is `results`; POST to `api`/_fake/runs registers a run and gives its ACTIONS_RUNTIME_TOKEN.
 * It ends on SIGTERM or SIGINT, and with the process that holds the other end of its stdin.
 */
import { fstatSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startGitHubEmulator } from './github-emulator.ts';
import { startScene } from './scene.ts';

const { values } = parseArgs({ options: { repository: { type: 'string', default: 'octo/service' } } });
const [owner, repo] = values.repository.split('/');
if (!owner || !repo) throw new Error(`--repository ${values.repository}: expected owner/name`);
const emulator = await startGitHubEmulator({ owner, repo });
// The platform's own number of the repository, so that runs and events can agree on it.
const { id } = await emulator.call<{ id: number }>('GET', `/repos/${values.repository}`);
const scene = await startScene({ upstream: emulator.url, repositoryId: id });
console.log(
  JSON.stringify({
    emulator: emulator.url,
    api: scene.api.url,
    results: scene.results.url,
    blobs: scene.blobs.url,
    repository: values.repository,
    repository_id: id,
    tokens: emulator.tokens,
  }),
);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
const stdin = fstatSync(0);
if (stdin.isFIFO() || stdin.isSocket()) process.stdin.resume().once('end', stop);

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await Promise.all([scene.close(), emulator.close()]);
  process.exit(0);
}
