import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ServerTraces, serverKind } from '../../src/observe/server-kind.ts';

const traces = (over: Partial<ServerTraces>): ServerTraces => ({
  server: null,
  ownedBy: [],
  version: null,
  metricNames: [],
  answered: { tags: false, info: false, props: false, sglang: false },
  ...over,
});

test('servers are told by what they say of themselves', () => {
  assert.equal(serverKind(traces({ metricNames: ['python_gc', 'vllm:num_requests_running'], version: '{"version":"0.11.2"}' })), 'vLLM 0.11.2');
  assert.equal(serverKind(traces({ ownedBy: ['llamacpp'] })), 'llama.cpp');
  assert.equal(serverKind(traces({ server: 'llama.cpp' })), 'llama.cpp');
  assert.equal(serverKind(traces({ answered: { tags: true, info: false, props: false, sglang: false }, version: 'not json' })), 'Ollama');
  assert.equal(serverKind(traces({ metricNames: ['tgi_queue_size'] })), 'Text Generation Inference');
  assert.equal(serverKind(traces({ server: 'nginx', ownedBy: ['somebody'] })), null);
});
