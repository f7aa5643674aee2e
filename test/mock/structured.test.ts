import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { MockServer } from '../../src/mock/server.ts';
import { ask, engineOf, type Json } from './helpers.ts';

const users = {
  type: 'array',
  items: {
    type: 'object',
    properties: { name: { type: 'string' }, age: { type: 'integer' }, address: { type: 'object', properties: { zip: { type: 'string' } } } },
  },
};

async function post(engine: MockServer, path: string, body: unknown, headers: Record<string, string> = {}): Promise<{ status: number; json: Json }> {
  const response = await fetch(engine.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}

test('the structured endpoint fills in the schema that comes with the request, or one that was registered', async () => {
  await using engine = await engineOf();
  const valid = new Ajv2020().compile(users);
  const given = await post(engine, '/api/v1/structured', { model: 'gpt-4', prompt: 'five users', schema: users });
  assert.deepEqual([given.status, given.json.model, given.json.finish_reason], [200, 'gpt-4', 'stop']);
  const value = JSON.parse(given.json.content);
  assert.equal(valid(value), true, given.json.content);
  assert.deepEqual(Object.keys(value[0]), ['name', 'age', 'address'], 'optional properties are filled in too');
  assert.ok(given.json.usage.input_tokens > 0 && given.json.usage.output_tokens > 5, JSON.stringify(given.json.usage));

  const registered = await post(engine, '/api/v1/schemas', { name: 'users', schema: users });
  assert.deepEqual([registered.status, registered.json.name], [201, 'users']);
  const byId = await post(engine, '/api/v1/structured', { prompt: 'five users', schema_id: registered.json.id });
  assert.equal(byId.json.content, given.json.content);
  const unknown = await post(engine, '/api/v1/structured', { prompt: 'x', schema_id: 'schema-99' });
  assert.equal(unknown.status, 400);
  assert.match(unknown.json.error.message, /schema_id: expected the id of a schema that was registered/);
});

test('unstructured and conversation answer text, within max_tokens, and count a conversation that grows', async () => {
  await using engine = await engineOf();
  const text = await post(engine, '/api/v1/unstructured', { model: 'llama3-8b-8192', prompt: 'a smartphone', max_tokens: 5 });
  assert.deepEqual([text.json.usage.output_tokens, text.json.finish_reason], [5, 'length']);
  const messages = [{ role: 'user', content: 'Tell me about the solar system.' }];
  const first = await post(engine, '/api/v1/conversation', { model: 'gpt-4', messages });
  const grown = [...messages, { role: 'assistant', content: first.json.content }, { role: 'user', content: 'What about the planets?' }];
  const second = await post(engine, '/api/v1/conversation', { model: 'gpt-4', messages: grown });
  assert.ok(second.json.usage.input_tokens > first.json.usage.input_tokens + first.json.usage.output_tokens);
});

test('the key opens the endpoints as X-API-Key', async () => {
  await using engine = await engineOf({ apiKey: 'secret' });
  for (const path of ['/api/v1/structured', '/api/v1/unstructured', '/api/v1/conversation', '/api/v1/schemas'])
    assert.equal((await post(engine, path, {})).status, 401, path);
  assert.equal((await post(engine, '/api/v1/unstructured', { prompt: 'x' }, { 'x-api-key': 'secret' })).status, 200);
});

test('planted faults break the JSON, or its shape, of structured answers alone', async () => {
  await using engine = await engineOf();
  const answer = async (fault: string, body: Record<string, unknown>) => {
    const response = await ask(engine, body, { headers: { 'x-mock-fault': fault } });
    return ((await response.json()) as Json).choices[0].message.content as string;
  };
  const format = { response_format: { type: 'json_schema', json_schema: { name: 'users', schema: users } } };
  const broken = await answer('invalid_json', format);
  assert.throws(() => JSON.parse(broken), SyntaxError);
  assert.equal(new Ajv2020().compile(users)(JSON.parse(await answer('schema_violation', format))), false);
  assert.doesNotMatch(await answer('invalid_json', {}), /^\[/);
});
