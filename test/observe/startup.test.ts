import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startupMetrics } from '../../src/observe/startup.ts';

const figures = { startSeconds: 12, firstAnswerMs: 500, logLines: [], pattern: null };
const values = (over: Partial<Parameters<typeof startupMetrics>[0]>) =>
  Object.fromEntries(startupMetrics({ ...figures, ...over }).map((one) => [one.name, 'value' in one ? one.value : null]));

test('until ready, until a first token, and nothing of a service that ran already', () => {
  assert.deepEqual(values({}), { startup_ready_s: 12, startup_first_token_s: 12.5 });
  assert.deepEqual(values({ firstAnswerMs: null }), { startup_ready_s: 12 });
  assert.deepEqual(values({ startSeconds: null }), {});
});

test('what servers say of loading their model', () => {
  const init = (pattern: string | null, ...logLines: string[]) => values({ logLines, pattern })['startup_model_init_s'];
  const vllm = [
    'INFO 11-20 gpu_model_runner.py:2653] Model loading took 14.99 GiB and 5.25 seconds',
    'INFO 11-20 core.py:217] init engine (profile, create kv cache, warmup model) took 30.50 seconds',
  ];
  assert.equal(init(null, ...vllm), 35.75);
  assert.equal(init(null, 'llama_perf_context_print:        load time =     123.50 ms'), 0.1235);
  assert.equal(init(null, 'nothing of the kind'), undefined);
  assert.equal(init('weights in (\\d+) s', 'weights in 7 s', 'Model loaded in 3 s'), 7, 'its own pattern stands instead of the known ones');
});
