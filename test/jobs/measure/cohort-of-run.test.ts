import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { chatServer, told, Workspace } from '../../cli/harness.ts';

test('what decides the speed is in the result: GPU, engine and model make other cohorts', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({
    answer: ({ path }, response) => {
      if (path !== '/version') return false;
      response.setHeader('content-type', 'application/json');
      response.end('{"version":"0.11.2"}');
      return true;
    },
  });
  const measure = async (target: string, env: Record<string, string> = {}) => {
    await writeFile(workspace.file('llm-bench.yaml'), `target: { name: t, base_url: ${server.url}/v1, ${target} }\n`);
    const finished = await workspace.run(['run', '--scenario', 'quick_validation', '-n', '3', '--warmup', '0', '--no-selftest', '--quiet'], env);
    assert.equal(finished.code, 0, told(finished));
    const { environment, cohort } = await workspace.result();
    return { gpu: environment['gpu'], engine: environment['engine'], cohort };
  };
  const asked = () => server.seen.filter(({ path }) => path === '/version').length;

  const plain = await measure('model: a');
  assert.deepEqual([plain.engine, asked()], [null, 0], 'a service that names no backend gets no request but those of its scenario');
  assert.equal((await measure('model: a')).cohort, plain.cohort);
  const withGpu = await measure('model: a', { LLM_BENCH_GPU: 'NVIDIA L4' });
  assert.equal(withGpu.gpu, 'NVIDIA L4');
  const withEngine = await measure('model: a, backend: vLLM');
  assert.deepEqual([withEngine.engine, asked()], ['0.11.2', 1]);
  const named = await measure('model: a', { LLM_BENCH_ENGINE: 'mine 3' });
  assert.equal(named.engine, 'mine 3');
  const otherModel = await measure('model: b');
  const cohorts = [plain, withGpu, withEngine, named, otherModel].map(({ cohort }) => cohort);
  assert.equal(new Set(cohorts).size, cohorts.length);
});
