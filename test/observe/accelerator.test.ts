import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readAccelerator } from '../../src/observe/accelerator.ts';

async function withSmi(script: string, check: (env: NodeJS.ProcessEnv) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-smi-'));
  try {
    await writeFile(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, 'nvidia-smi'), 0o755);
    await check({ PATH: `${folder}:/bin:/usr/bin` });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const none = { gpu: null, gpu_driver: null };

test('one GPU, several, several kinds', async () => {
  const cases: [string, Awaited<ReturnType<typeof readAccelerator>>][] = [
    ['NVIDIA L4, 550.90.07, 23034 MiB', { gpu: 'NVIDIA L4 23034 MiB', gpu_driver: '550.90.07' }],
    ['NVIDIA H200, 570.1, 143771 MiB\\nNVIDIA H200, 570.1, 143771 MiB', { gpu: '2 x NVIDIA H200 143771 MiB', gpu_driver: '570.1' }],
    ['Tesla T4, 1, 15360 MiB\\nNVIDIA A10, 1, 23028 MiB', { gpu: 'NVIDIA A10 23028 MiB, Tesla T4 15360 MiB', gpu_driver: '1' }],
  ];
  for (const [output, expected] of cases)
    await withSmi(`printf '${output}\\n'`, async (env) => assert.deepEqual(await readAccelerator(env), expected));
});

test('none, none that tells, nonsense: null', async () => {
  for (const script of [
    'exit 9',
    'echo "No devices were found"',
    'echo',
    'echo "NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver."; exit 9',
  ])
    await withSmi(script, async (env) => assert.deepEqual(await readAccelerator(env), none));
  assert.deepEqual(await readAccelerator({ PATH: '/nowhere' }), none);
});

test('what the environment names stands for a service elsewhere', async () => {
  await withSmi('echo "NVIDIA L4, 1, 2 MiB"', async (env) => {
    assert.deepEqual(await readAccelerator({ ...env, LLM_BENCH_GPU: '8 x MI300X', LLM_BENCH_GPU_DRIVER: '6.2' }), {
      gpu: '8 x MI300X',
      gpu_driver: '6.2',
    });
    assert.deepEqual(await readAccelerator({ ...env, LLM_BENCH_GPU: '8 x MI300X' }), { gpu: '8 x MI300X', gpu_driver: null });
    assert.deepEqual((await readAccelerator({ ...env, LLM_BENCH_GPU: ' ' })).gpu, 'NVIDIA L4 2 MiB');
  });
});
