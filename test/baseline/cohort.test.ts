import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeCohortDifference, splitByCohort } from '../../src/baseline/cohort.ts';
import { membersOf } from '../../src/baseline/member.ts';
import { jobDocument } from './documents.ts';

const { environment } = jobDocument(1);
const member = (n: number, changes: Record<string, unknown> = {}) => {
  const [found] = membersOf(jobDocument(n, changes), { name: `job ${n}`, description: '', sha: null, artifact: null, runId: null });
  assert.ok(found);
  return found;
};

const changes: [Record<string, unknown>, string[]][] = [
  [{ cpu_model: 'Intel Xeon 8370C' }, ['cpu_model: AMD EPYC 7763 -> Intel Xeon 8370C']],
  [{ cpu_cores: 2, arch: 'arm64' }, ['arch: x64 -> arm64', 'cpu_cores: 4 -> 2']],
  [{ memory_gb: 31 }, ['memory_class_gb: 16 -> 32']],
  [{ runner_image: 'ubuntu22 1' }, ['runner_image: ubuntu24 -> ubuntu22']],
  [{ gpu: 'NVIDIA L4 23034 MiB', gpu_driver: '550.1' }, ['gpu: not known -> NVIDIA L4 23034 MiB', 'gpu_driver: not known -> 550.1']],
  [{ engine: 'vllm 0.11.2' }, ['engine: not known -> vllm 0.11.2']],
];
for (const [change, expected] of changes) {
  test(`names what differs: ${Object.keys(change).join(', ')}`, () => {
    assert.deepEqual(describeCohortDifference(environment, { ...environment, ...change }), expected);
  });
}

test('where the machine is the same, what was measured is not', () => {
  for (const change of [{}, { os: 'linux 6.9' }, { node: '24.9.0' }, { runner_image: 'ubuntu24 20260201.1' }, { memory_gb: 15.4 }])
    assert.match(describeCohortDifference(environment, { ...environment, ...change })[0] ?? '', /^the machine is the same by all that is known/);
});

test('an environment of hand-made results does not crash it', () => {
  const bare = { os: '', arch: '', cpu_model: '', cpu_cores: 0, memory_gb: 0, node: '', runner_image: null, gpu: 7 };
  assert.ok(describeCohortDifference(bare, environment).length > 0);
});

test('parts the members, in their order, each other cohort with its differences', () => {
  const intel = { cohort: 'bbbb', environment: { ...environment, cpu_model: 'Intel' } };
  const members = [member(5), member(4, intel), member(3), member(2, intel), member(1, { cohort: '' })];
  const { same, others } = splitByCohort(members, { cohort: 'aaaa', environment });
  assert.deepEqual(
    same.map(({ name }) => name),
    ['job 5', 'job 3'],
  );
  assert.deepEqual(
    others.map(({ cohort, members: ofIt, differences }) => [cohort, ofIt.map(({ name }) => name), differences]),
    [
      ['bbbb', ['job 4', 'job 2'], ['cpu_model: Intel -> AMD EPYC 7763']],
      ['', ['job 1'], ['the cohort of job 1 is not known']],
    ],
  );
});

test('a result whose own cohort is not known is of none', () => {
  const { same, others } = splitByCohort([member(1), member(2, { cohort: '' })], { cohort: '', environment });
  assert.deepEqual([same.length, others.length], [0, 2]);
});

test('another model is another cohort, and named', () => {
  const { others } = splitByCohort([member(1, { cohort: 'bbbb', model: 'large' })], { cohort: 'aaaa', environment, model: 'm' });
  assert.deepEqual(others[0]?.differences, ['model: large -> m']);
});
