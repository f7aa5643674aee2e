import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { completions } from '../../src/protocol/completions.ts';
import { createTransport } from '../../src/protocol/connect.ts';
import { plainHttp } from '../../src/protocol/http.ts';
import { openAiChat } from '../../src/protocol/openai-chat.ts';
import type { Protocol } from '../../src/protocol/protocol.ts';
import { protocolOf, protocols } from '../../src/protocol/registry.ts';
import { templateProtocol } from '../../src/protocol/template.ts';
import { ask, context, httpServer, options, spec } from './harness.ts';

const body = (bytes: Uint8Array | null) => JSON.parse(Buffer.from(bytes!).toString());

test('the registry names every wire', () => {
  assert.deepEqual([...protocols.keys()].sort(), ['anthropic', 'chat', 'completions', 'http', 'ollama']);
  for (const [name, protocol] of protocols) assert.equal(protocol.name, name);
  const template = protocolOf({
    api: 'template',
    template: { method: 'PUT', path: '/x', body: ['${prompt}', '<${model}>', '${schema}'], answer: {} },
  });
  const { method, path, body: sent } = template!.encode(spec, { ...context, basePath: '/base' });
  assert.deepEqual(
    [method, path, body(sent)],
    ['PUT', '/base/x', [spec.messages.findLast(({ role }) => role === 'user')?.content, `<${spec.model}>`]],
  );
});

test('the path: /v1 unless base_url has a version of its own or names the endpoint', () => {
  const path = (basePath: string) => openAiChat.encode(spec, { ...context, basePath }).path;
  assert.equal(path(''), '/v1/chat/completions');
  assert.equal(path('/v1'), '/v1/chat/completions');
  assert.equal(path('/openai'), '/openai/v1/chat/completions');
  assert.equal(path('/openai/v1'), '/openai/v1/chat/completions');
  assert.equal(path('/v1beta/openai'), '/v1beta/openai/chat/completions');
  assert.equal(path('/api/paas/v4'), '/api/paas/v4/chat/completions');
  assert.equal(path('/x/chat/completions'), '/x/chat/completions');
  assert.equal(completions.encode(spec, { ...context, basePath: '/x' }).path, '/x/v1/completions');
});

test('members of the body: left out when null, stream options only for streams, extra ones win', () => {
  const bare = { ...spec, model: null, stream: false, maxTokens: null, temperature: null };
  assert.deepEqual(body(openAiChat.encode(bare, context).body), { messages: spec.messages });
  const full = { ...spec, minTokens: 16, ignoreEos: true, temperature: 0.5, extraBody: { seed: 1, temperature: 0.7 } };
  assert.deepEqual(body(openAiChat.encode(full, { ...context, continuousUsage: true }).body), {
    model: 'm',
    messages: spec.messages,
    stream: true,
    stream_options: { include_usage: true, continuous_usage_stats: true },
    max_tokens: 16,
    min_tokens: 16,
    ignore_eos: true,
    temperature: 0.7,
    seed: 1,
  });
  assert.equal(body(openAiChat.encode(spec, { ...context, includeUsage: false }).body).stream_options, undefined);
  const renamed = body(openAiChat.encode({ ...spec, extraBody: { max_completion_tokens: 9 } }, context).body);
  assert.deepEqual([renamed.max_tokens, renamed.max_completion_tokens], [undefined, 9]);
});

test('completions: one prompt', () => {
  assert.equal(body(completions.encode(spec, context).body).prompt, 'Hello');
  const two = { ...spec, messages: [...spec.messages, { role: 'assistant' as const, content: 'Hi' }] };
  assert.equal(body(completions.encode(two, context).body).prompt, 'Hello\n\nHi');
  assert.equal(body(completions.encode(spec, context).body).messages, undefined);
});

test('plain HTTP: method, path and body', () => {
  const encode = (more: object, basePath = '/api') => {
    const { method, path } = plainHttp.encode({ ...spec, ...more }, { ...context, basePath });
    return `${method} ${path}`;
  };
  assert.equal(encode({}), 'GET /api');
  assert.equal(encode({}, ''), 'GET /');
  assert.equal(encode({ path: '/x?y=1' }), 'GET /api/x?y=1');
  assert.equal(encode({ path: 'x' }), 'GET /api/x');
  assert.equal(encode({ path: '?q=1' }), 'GET /api?q=1');
  assert.equal(encode({ body: Buffer.from('a') }), 'POST /api');
  assert.equal(encode({ body: Buffer.from('a'), method: 'put' }), 'PUT /api');
});

test('a compressed answer cannot be read, on any wire; plain HTTP minds only where its text is wanted', () => {
  const packed = gzipSync('{"choices":[]}');
  const error = (protocol: Protocol, keepText: boolean) => {
    const reader = protocol.createReader();
    reader.begin(null, keepText);
    reader.headers(200, ['content-type', 'application/json', 'content-encoding', 'gzip'], 0);
    reader.data(packed, 0, packed.length, 1);
    return reader.end(2);
  };
  const template = templateProtocol({ method: 'POST', path: '/x', body: {}, answer: { text: '/content' } });
  for (const protocol of [...protocols.values(), template]) {
    for (const keepText of [true, false]) {
      const { error: kind, errorMessage } = error(protocol, keepText);
      if (protocol === plainHttp && !keepText) assert.equal(kind, null);
      else assert.deepEqual([kind, /^content-encoding: gzip, /.test(errorMessage ?? '')], ['malformed', true], protocol.name);
    }
  }
});

for (const kind of ['socket', 'undici'] as const) {
  test(`plain HTTP over the ${kind} transport: 2xx is success, the rest has its kind and an example`, async () => {
    await using site = await httpServer((request, response) => {
      const status = Number(request.url!.slice(1));
      if (status === 302) response.setHeader('location', '/200');
      if (status === 429) response.setHeader('retry-after', '2');
      response.writeHead(status).end(status === 204 ? '' : 'body é');
    });
    const transport = await createTransport({ ...options(site.origin), kind });
    try {
      const get = async (status: number, keepText = true) => (await ask(transport, plainHttp, { path: `/${status}` }, { keepText })).answer;
      const good = await get(200);
      assert.deepEqual(
        [good.error, good.status, good.text, good.responseBytes, good.streamed, good.firstOutputMs],
        [null, 200, 'body é', 7, false, null],
      );
      assert.equal((await get(200, false)).text, null);
      assert.equal((await get(204)).error, null);
      const limited = await get(429);
      assert.deepEqual([limited.error, limited.retryAfterMs, limited.errorMessage], ['rate_limited', 2000, 'HTTP 429: body é']);
      assert.equal((await get(404)).error, 'http_4xx');
      assert.equal((await get(503)).error, 'http_5xx');
      assert.equal((await get(302)).error, 'malformed');
    } finally {
      await transport.close();
    }
  });

  test(`a stream whose line never ends is given up over the ${kind} transport`, async () => {
    let sent = 0;
    await using site = await httpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: ');
      const piece = Buffer.alloc(256 * 1024, 'x');
      const pour = () => {
        while (!response.destroyed && sent < 2 ** 31) {
          sent += piece.length;
          if (!response.write(piece)) {
            response.once('drain', pour);
            return;
          }
        }
      };
      pour();
    });
    const transport = await createTransport({ ...options(site.origin), kind });
    try {
      const { answer } = await ask(transport, openAiChat);
      assert.equal(answer.error, 'too_large', answer.errorMessage ?? '');
      assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were sent before the connection closed`);
    } finally {
      await transport.close();
    }
  });
}
