import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from 'node:test';
import { cohortOf, type MachineEnvironment, readEnvironment } from '../../src/observe/environment.ts';

const hosted: MachineEnvironment = {
  os: 'linux 6.8.0-1021',
  arch: 'x64',
  cpu_model: 'AMD EPYC 7763 64-Core Processor',
  cpu_cores: 4,
  memory_gb: 15.6,
  node: '24.0.0',
  runner_image: 'ubuntu24 20260101.1',
};

test('the environment is that of this machine', () => {
  const environment = readEnvironment({});
  assert.equal(environment.cpu_cores, os.availableParallelism());
  assert.equal(environment.arch, process.arch);
  assert.equal(environment.node, process.versions.node);
  assert.ok(environment.os.startsWith(process.platform));
  assert.ok(Math.abs(environment.memory_gb * 1024 ** 3 - os.totalmem()) < 1024 ** 3);
  assert.equal(environment.runner_image, null);
});

test('in a workflow the runner image is named', () => {
  assert.equal(readEnvironment({ ImageOS: 'ubuntu24', ImageVersion: '20260101.1' }).runner_image, 'ubuntu24 20260101.1');
  assert.equal(readEnvironment({ ImageOS: 'ubuntu24' }).runner_image, 'ubuntu24');
});

test('what changes without changing the machine leaves the cohort as it is', () => {
  const same = [{ os: 'linux 6.9.1' }, { runner_image: 'ubuntu24 20260201.1' }, { memory_gb: 15.4 }, { node: '24.1.0' }];
  for (const change of same) assert.equal(cohortOf({ ...hosted, ...change }, 'scenario'), cohortOf(hosted, 'scenario'), JSON.stringify(change));
});

test('what decides the speed makes another cohort', () => {
  const others: Partial<MachineEnvironment>[] = [
    { os: 'darwin 24.0' },
    { arch: 'arm64' },
    { cpu_model: 'Intel Xeon' },
    { cpu_cores: 2 },
    { memory_gb: 31 },
    { runner_image: 'ubuntu22 20260101.1' },
    { runner_image: null },
    { gpu: 'NVIDIA L4 23034 MiB' },
    { gpu: 'NVIDIA L4 23034 MiB', gpu_driver: '550.1' },
    { engine: 'vllm 0.11.2' },
    { model: 'small' },
  ];
  const cohorts = [hosted, ...others.map((change) => ({ ...hosted, ...change }))].map((environment) => cohortOf(environment, 'scenario'));
  assert.equal(new Set([...cohorts, cohortOf(hosted, 'another')]).size, others.length + 2);
  assert.ok(cohorts.every((cohort) => /^[0-9a-f]{12}$/.test(cohort)));
});

test('what is not known leaves the cohort as it is', () => {
  for (const change of [{ gpu: null, gpu_driver: null }, { engine: null }, { model: undefined }, { gpu: '' }, { engine: 7 }])
    assert.equal(cohortOf({ ...hosted, ...change }, 'scenario'), cohortOf(hosted, 'scenario'), JSON.stringify(change));
});
