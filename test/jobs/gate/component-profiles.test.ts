import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { startMock } from '../../../src/mock/server.ts';
import type { Profiles } from '../../../src/observe/profile/profiled.ts';
import type { ResultDocument } from '../../../src/result/document.ts';
import { Repositories } from '../../github/repositories.ts';
import { type Job, Runner } from '../action-runner.ts';

/** Profiles of component benchmarks in the action, by a stand-in for Go that times a benchmark by a file beside it and writes the profiles it is asked for. */

let runner: Runner;
let repositories: Repositories;
let path: string;
before(async () => {
  runner = await Runner.start();
  repositories = await Repositories.open();
  const bin = join(runner.root, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'go'), go, { mode: 0o755 });
  path = `${bin}:${process.env['PATH']}`;
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await runner[Symbol.asyncDispose]();
});

const go = `#!/bin/sh
if [ "$1" = tool ]; then
  case "$*" in *-diff_base=*) echo '  0.50s 50.00% 50.00%  0.50s 50.00%  example.com/parts.Slower' ;;
  *) echo '  1.20s 80.00% 80.00%  1.50s 90.00%  example.com/parts.Classify' ;; esac
  exit 0
fi
for flag; do case "$flag" in -cpuprofile=* | -memprofile=*) echo profile > "\${flag#*=}" ;; esac; done
echo "BenchmarkClassifyBatch_Size1 1000 $(cat ns 2>/dev/null || echo 1000) ns/op $(cat p95 2>/dev/null || echo 0.5) p95-ms 64 B/op 2 allocs/op"
`;
const component = 'component: { run: go test -bench=. ./parts, format: go-bench }\n';

interface Profiled extends ResultDocument {
  profiles?: Profiles;
  component_profiles?: Profiles;
}

async function resultOf(job: Job): Promise<{ result: Profiled; folder: string }> {
  const file = (await job.written('output'))['result-path'] ?? '';
  return { result: JSON.parse(await readFile(file, 'utf8')) as Profiled, folder: join(dirname(file), 'profiles') };
}

test('components that broke a limit are profiled, those that are well are not, and never means it', async () => {
  const ran = async (config: string, p95: string) => {
    const job = await runner.onPush(`${component}baseline: none\n${config}`, { PATH: path, 'INPUT_ARTIFACT-NAME': 'limits' });
    await writeFile(join(job.workspace, 'p95'), p95);
    const { code, log } = await job.run();
    return { code, log, job, ...(await resultOf(job)) };
  };
  const red = await ran('', '10.5');
  assert.equal(red.code, 1, red.log);
  assert.equal(red.result.profiles?.cpu?.top[0]?.function, 'example.com/parts.Classify', red.log);
  for (const file of ['cpu.prof', 'mem.prof']) assert.ok(existsSync(join(red.folder, file)), file);
  assert.match(await red.job.summary(), /<summary>Profile: <code>example\.com\/parts\.Classify<\/code> has 80 % of the CPU/);
  assert.match(red.log, /uploaded \d+ files/);

  assert.equal((await ran('', '0.5')).result.profiles, undefined);
  assert.equal((await ran('profile: never\n', '10.5')).result.profiles, undefined);
  const always = await ran('profile: always\n', '0.5');
  assert.equal(always.code, 0, always.log);
  assert.ok(always.result.profiles?.memory);
});

test('beside a service each part is profiled for its own rows', async () => {
  const engine = await startMock({ logEvery: 0 });
  try {
    const scenario = '{ name: chat, request: { api: chat, max_tokens: 4 }, load: { requests: 20, concurrency: 1 } }';
    const job = await runner.onPush(`${component}scenario: ${scenario}\nbaseline: none\n`, { PATH: path, 'INPUT_ARTIFACT-NAME': 'beside' });
    await writeFile(join(job.workspace, 'p95'), '10.5');
    const { code, log } = await job.run({ 'INPUT_BASE-URL': engine.url });
    assert.equal(code, 1, log);
    const { result, folder } = await resultOf(job);
    assert.equal(result.profiles, undefined, 'the service is well');
    assert.equal(result.component_profiles?.cpu?.top[0]?.function, 'example.com/parts.Classify');
    assert.ok(existsSync(join(folder, 'components', 'cpu.prof')));
    assert.match(await job.summary(), /\*\*Components: Top CPU functions\*\*/);
  } finally {
    await engine.close();
  }
});

test('base and head in turn: both are profiled, and what changed is named', async () => {
  const work = await repositories.create('parts');
  await work.commit('llm-bench.yaml', component);
  const base = await work.commit('ns', '1000');
  await work.git('checkout', '--quiet', '-b', 'change');
  const head = await work.commit('ns', '1600');
  const env = { PATH: path, GITHUB_WORKSPACE: work.path, GITHUB_SHA: head, 'INPUT_ARTIFACT-NAME': 'turns', INPUT_COMMENT: 'never' };
  const job = await runner.onPull({ number: 9, headSha: head }, null, env);
  const { code, log } = await job.run({ INPUT_MODE: 'paired', 'INPUT_BASE-REF': base, INPUT_BUDGET: '60s' });
  assert.equal(code, 1, log);
  const { result, folder } = await resultOf(job);
  assert.equal(result.profiles?.changed?.cpu[0]?.function, 'example.com/parts.Slower', log);
  assert.ok(existsSync(join(folder, 'base', 'cpu.prof')));
  assert.match(await job.summary(), /<code>example\.com\/parts\.Slower<\/code> changed most/);
});

test('always, and no command that can be profiled: an error before anything is run; one beside another is a warning', async () => {
  const other = '{ name: other, run: "touch ran; exit 1", format: pytest-benchmark }';
  const names = { PATH: path, 'INPUT_ARTIFACT-NAME': 'always' };
  const alone = await runner.onPush(`component: ${other}\nprofile: always\nbaseline: none\n`, names);
  const refused = await alone.run();
  assert.equal(refused.code, 2, refused.log);
  assert.match(refused.log, /profile always: other is pytest-benchmark; profiles are taken of go-bench commands alone/);
  assert.equal(existsSync(join(alone.workspace, 'ran')), false);

  const printing = `{ name: other, run: 'echo ''{"benchmarks":[]}''', format: pytest-benchmark }`;
  const mixed = await runner.onPush(
    `component: [{ run: go test -bench=. ./parts, format: go-bench }, ${printing}]\nprofile: always\nbaseline: none\n`,
    names,
  );
  const { log } = await mixed.run();
  const { result } = await resultOf(mixed);
  assert.ok(result.profiles?.cpu, log);
  assert.deepEqual(
    result.validity.checks.filter(({ name }) => name === 'profile').map(({ detail }) => detail),
    ['other is pytest-benchmark: profiles are taken of go-bench commands alone'],
  );
});
