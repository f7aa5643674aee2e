import assert from 'node:assert/strict';
import { test } from 'node:test';
import { templateProtocol } from '../../src/protocol/template.ts';

function read(body: string) {
  const reader = templateProtocol({ method: 'POST', path: '/x', body: {}, answer: { text: '/content' } }).createReader();
  reader.begin(null, true);
  reader.headers(200, [], 0);
  const bytes = Buffer.from(body);
  reader.data(bytes, 0, bytes.length, 1);
  const { error, errorMessage, text } = reader.end(2);
  return { error, errorMessage, text };
}

test('an answer is what its pointers say', () => {
  assert.deepEqual(read('{"content":"hi"}'), { error: null, errorMessage: null, text: 'hi' });
  assert.equal(read('{"content":"hi","error":false}').error, null);
});

test('an answer without what was asked for is malformed, unless it tells of an error instead', () => {
  assert.deepEqual([read('{}').error, read('[').error, read('{"error":{"message":"no slot"}}').error], ['malformed', 'malformed', 'stream_error']);
  assert.equal(read('{"error":{"message":"CUDA out of memory"}}').error, 'out_of_memory');
});
