/**
 * The platform in a process of its own, for tests that run whole workflows: `node test/fakes/serve.ts [--seed seed.yaml]` starts the GitHub API emulator,
 * the routes it lacks and the Results service over one store of artifacts, and prints one line of JSON:
 *   {"emulator", "api", "results", "blobs": URLs, "repository_id"}
 * GITHUB_API_URL is `api`, ACTIONS_RESULTS_URL is `results`; POST to `api`/_fake/runs registers a run and gives its ACTIONS_RUNTIME_TOKEN.
 * It ends on SIGTERM or SIGINT, and with the process that holds the other end of its stdin.
 */
import { fstatSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createEmulator, type SeedConfig } from 'emulate';
import { parse } from 'yaml';
import { startScene } from './scene.ts';

const defaultSeed: SeedConfig = {
  tokens: { 'test-token': { login: 'octo', scopes: ['repo', 'user'] } },
  github: { users: [{ login: 'octo' }], repos: [{ owner: 'octo', name: 'service', auto_init: true }] },
};

const { values } = parseArgs({ options: { seed: { type: 'string' } } });
const seed = values.seed === undefined ? defaultSeed : (parse(readFileSync(values.seed, 'utf8')) as SeedConfig);
const emulator = await createEmulator({ service: 'github', port: 0, seed });
const scene = await startScene({ upstream: emulator.url, repositoryId: await firstRepositoryId() });
console.log(
  JSON.stringify({
    emulator: emulator.url,
    api: scene.api.url,
    results: scene.results.url,
    blobs: scene.blobs.url,
    repository_id: scene.store.repositoryId,
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

/** The platform's own number of the repository, so that runs and events can agree on it. */
async function firstRepositoryId(): Promise<number> {
  const [repository] = (seed.github as { repos?: Array<{ owner: string; name: string }> } | undefined)?.repos ?? [];
  if (!repository) throw new Error('the seed has no github.repos');
  const [token] = Object.keys(seed.tokens ?? {});
  const answer = await fetch(`${emulator.url}/repos/${repository.owner}/${repository.name}`, {
    headers: token ? { authorization: `token ${token}` } : {},
  });
  const { id } = (await answer.json()) as { id?: number };
  if (id === undefined) throw new Error(`the emulator does not have ${repository.owner}/${repository.name}`);
  return id;
}
