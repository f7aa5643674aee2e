import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flag, project } from '../project.ts';

const named = (name: string) => [flag('scenario', 'scenario', name)];
const many = `
smoke:
  load: { requests: 3, concurrency: 1 }
longer:
  extends: smoke
  load: { requests: 30 }
slip:
  load: { requests: 3, concurrency: 1 }
  warmpu: 2
`;

test('an alias chooses the scenario that lists it, which keeps its own name', async () => {
  await using folder = await project({ 'config/scenarios/mine.yaml': 'aliases: [old-name]\nload: { requests: 7, concurrency: 1 }\n' });
  const { scenarios } = await folder.load({ overrides: named('old-name') });
  assert.deepEqual([scenarios[0]?.name, scenarios[0]?.load['requests']], ['mine', 7]);
  assert.equal((await folder.load({ overrides: named('performance-latency') })).scenarios[0]?.name, 'latency_benchmark');
});

test('config/test_scenarios.yaml holds many scenarios, found by itself', async () => {
  await using folder = await project({ 'config/test_scenarios.yaml': many });
  assert.equal((await folder.load({ overrides: named('smoke') })).scenarios[0]?.load['requests'], 3);
  const [longer] = (await folder.load({ overrides: named('longer') })).scenarios;
  assert.deepEqual([longer?.name, longer?.load['requests']], ['longer', 30]);
});

test('--scenarios names another file; its scenarios may stand below `scenarios`, and win over shipped ones', async () => {
  await using folder = await project({ 'more.yaml': 'scenarios:\n  quick_validation: { load: { requests: 4, concurrency: 1 } }\n' });
  const { scenarios } = await folder.load({ overrides: named('quick_validation'), scenariosFile: 'more.yaml' });
  assert.equal(scenarios[0]?.load['requests'], 4);
});

test('faults in it have their places; a name that is nowhere is compared with those in it too', async () => {
  await using folder = await project({ 'config/test_scenarios.yaml': many });
  assert.match(
    (await folder.faults({ overrides: named('slip') })).join('\n'),
    /config\/test_scenarios\.yaml:9:3: .*unknown key "warmpu"; did you mean "warmup"/,
  );
  assert.match((await folder.faults({ overrides: named('smokee') })).join('\n'), /unknown scenario "smokee"; did you mean "smoke"/);
  assert.match((await folder.faults({ overrides: named('smoke'), scenariosFile: 'gone.yaml' })).join('\n'), /no such file: gone\.yaml/);
});
