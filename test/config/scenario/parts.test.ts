import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsFor } from '../../../src/config/thresholds/limits-for.ts';
import { flag, project } from '../project.ts';

const phases = `
request: { prompt_tokens: [10, 20], max_tokens: 8 }
load: { requests: 6, concurrency: 1 }
warmup: 3
thresholds: { max_error_rate: 0 }
parts:
  - { labels: { phase: cold }, warmup: 0 }
  - { labels: { phase: warm }, load: { requests: 4 }, request: { model: other }, thresholds: { max_error_rate: 2 } }
  - { scenario: small, name: check }
  - { scenario: small }
`;
const small = 'request: { prompt_tokens: 5 }\nload: { requests: 2, concurrency: 1 }\nthresholds: { max_p95_ttft_ms: 70 }\n';
const files = { 'config/scenarios/phases.yaml': phases, 'config/scenarios/small.yaml': small };
const chosen = [flag('scenario', 'scenario', 'phases')];

test('parts become scenarios with the settings of the outer one, or of the one they name, under what they say themselves', async () => {
  await using folder = await project(files);
  const { scenarios } = await folder.load({ overrides: chosen });
  assert.deepEqual(
    scenarios.map(({ name, part, warmup, load, request }) => [
      name,
      part?.of,
      part?.labels,
      warmup,
      load['requests'],
      request.model,
      request.prompt_tokens,
    ]),
    [
      ['phases/phase=cold', 'phases', { phase: 'cold' }, 0, 6, undefined, [10, 20]],
      ['phases/phase=warm', 'phases', { phase: 'warm' }, 3, 4, 'other', [10, 20]],
      ['phases/part=check', 'phases', { part: 'check' }, 0, 2, undefined, [5]],
      ['phases/part=small', 'phases', { part: 'small' }, 0, 2, undefined, [5]],
    ],
  );
});

test('limits of the whole hold for its parts; those of a part, and of the scenario that it names, for it alone', async () => {
  await using folder = await project(files);
  const { thresholds } = await folder.load({ overrides: chosen });
  assert.equal(limitsFor(thresholds, 'phases/phase=cold/prompt_tokens=10', 'error_rate')?.max, 0);
  assert.equal(limitsFor(thresholds, 'phases/phase=warm', 'error_rate')?.max, 2);
  assert.equal(limitsFor(thresholds, 'phases/phase=cold', 'ttft_ms.p95')?.max, undefined);
  assert.equal(limitsFor(thresholds, 'phases/part=check', 'ttft_ms.p95')?.max, 70);
});

test('flags hold for every part, and an extending scenario inherits parts and findings', async () => {
  await using folder = await project({ ...files, 'config/scenarios/more.yaml': 'extends: phases\nfindings: [batch_efficiency]\n' });
  const { scenarios } = await folder.load({ overrides: [flag('scenario', 'scenario', 'more'), flag('num-requests', 'load.requests', 9)] });
  assert.deepEqual(
    scenarios.map(({ name, load }) => [name, load['requests']]),
    ['phase=cold', 'phase=warm', 'part=check', 'part=small'].map((part) => [`more/${part}`, 9]),
  );
  for (const { findings } of scenarios) assert.deepEqual(findings, ['batch_efficiency']);
});

test('targets of the whole hold for every part, beside those of the scenario that a part names', async () => {
  await using folder = await project({
    ...files,
    'config/scenarios/aim.yaml': 'request: { prompt_tokens: 5 }\nload: { requests: 2 }\ntargets: { tokens_per_sec: 30, ttft_ms: 5 }\n',
    'config/scenarios/whole.yaml':
      'targets: { memory_percent: 90, ttft_ms: 8 }\nparts: [{ scenario: aim, name: a }, { name: b, load: { requests: 1 } }]\n',
  });
  const { scenarios } = await folder.load({ overrides: [flag('scenario', 'scenario', 'whole')] });
  assert.deepEqual(
    scenarios.map(({ targets }) => targets),
    [
      { tokens_per_sec: 30, ttft_ms: 8, memory_percent: 90 },
      { memory_percent: 90, ttft_ms: 8 },
    ],
  );
});

test('parts within parts carry the labels of both', async () => {
  await using folder = await project({
    ...files,
    'config/scenarios/outer.yaml': 'parts: [{ scenario: phases, labels: { size: 1 } }, { scenario: small }]\n',
  });
  const { scenarios } = await folder.load({ overrides: [flag('scenario', 'scenario', 'outer')] });
  assert.equal(scenarios[0]?.name, 'outer/size=1/phase=cold');
  assert.deepEqual(scenarios[1]?.part, { of: 'outer', labels: { size: 1, phase: 'warm' } });
  assert.equal(scenarios.length, 5);
});

test('faulty parts are told with their places', async () => {
  await using folder = await project({
    'llm-bench.yaml': `scenario:
  name: whole
  load: { requests: 1, concurrency: 1 }
  parts:
    - { labels: { phase: cold }, load: { concurency: 2 } }
    - { scenario: quick_validatoin }
    - { name: same }
    - { name: same }
`,
  });
  const faults = (await folder.faults()).join('\n');
  assert.match(faults, /llm-bench\.yaml:5:\d+: load: unknown key "concurency"/);
  assert.match(faults, /llm-bench\.yaml:6:\d+: .*did you mean "quick_validation"/);
  assert.match(faults, /two parts are named whole\/part=same/);
});

test('a part needs something to tell it by, and may not be the scenario itself', async () => {
  await using nameless = await project({ 'llm-bench.yaml': 'scenario: { parts: [{ warmup: 1 }] }\n' });
  assert.match((await nameless.faults()).join('\n'), /expected a name or labels/);
  await using circular = await project({ 'config/scenarios/round.yaml': 'parts: [{ scenario: round, name: again }]\n' });
  assert.match((await circular.faults({ overrides: [flag('scenario', 'scenario', 'round')] })).join('\n'), /at most 4 deep; does scenario round/);
});
