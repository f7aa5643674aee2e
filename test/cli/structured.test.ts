import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { startMock } from '../../src/mock/server.ts';
import type { ResultDocument } from '../../src/result/document.ts';
import { chatServer, told, Workspace } from './harness.ts';

/** The mean of a distribution, or the value, of the scenario's own series. */
function metric({ series }: ResultDocument, name: string, at = 0): number | null | undefined {
  const found = series[at]?.metrics[name];
  return found === undefined ? undefined : 'value' in found ? found.value : found.mean;
}

test('structured output: planted broken JSON and violations are counted, over both wires, and each call has a schema of its own', async () => {
  await using workspace = await Workspace.open();
  const engine = await startMock({ logEvery: 0, faults: { invalid_json: 0.25, schema_violation: 0.25 } });
  try {
    for (const [name, ...more] of [['chat'], ['template', '--api', 'template']] as const) {
      const args = ['run', '--base-url', engine.url, '--scenario', 'structured_nested', '-n', '80', '--warmup', '0', ...more, '-o', `${name}.json`];
      const finished = await workspace.run(args);
      assert.equal(finished.code, 0, told(finished));
      const document = await workspace.result(`${name}.json`);
      const rates = ['schema_compliance_rate', 'invalid_json_rate', 'schema_violation_rate'].map((rate) => metric(document, rate) as number);
      assert.ok(Math.abs(rates.reduce((sum, rate) => sum + rate, 0) - 100) < 1e-6, String(rates));
      for (const [at, expected] of [50, 25, 25].entries()) assert.ok(Math.abs((rates[at] as number) - expected) < 20, `${name}: ${rates}`);
      for (const time of ['schema_generation_ms', 'json_parse_ms', 'schema_validation_ms', 'validation_overhead_percent'])
        assert.ok((metric(document, time) ?? 0) > 0, `${time} of ${name}`);
      assert.ok((metric(document, 'request_bytes') ?? 0) > 300, name);
      assert.equal(document.model, 'claude-2');
      assert.ok((metric(document, 'output_tokens') ?? 0) > 1);
    }
  } finally {
    await engine.close();
  }
});

test('schemas are registered before their requests, each anew, timed apart; a registration that fails fails its request', async () => {
  await using workspace = await Workspace.open();
  const bodies: { path: string; body: Record<string, unknown> }[] = [];
  await using server = await chatServer({
    answer: ({ path, body, headers }, response, number) => {
      bodies.push({ path, body: JSON.parse(body) as Record<string, unknown> });
      assert.equal(headers['x-api-key'], 'k');
      response.writeHead(path === '/schemas' && number === 4 ? 500 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(path === '/schemas' ? { id: `s${number}` } : { said: { name: 'Ann' }, in: 3, out: 2 }));
      return true;
    },
  });
  await writeFile(
    workspace.file('llm-bench.yaml'),
    `target: { name: own, base_url: "${server.url}", model: m, headers: { X-API-Key: k } }
thresholds: { extends: none }
scenario:
  name: own
  request:
    api: template
    prompt: a user
    schema: { type: object, required: [name] }
    template: { path: /ask, body: { q: "Please: \${prompt}", model: "\${model}", id: "\${schema_id}", limit: "\${max_tokens}" }, answer: { text: /said, input_tokens: /in, output_tokens: /out } }
    schema_registration: { path: /schemas, body: { name: "\${schema_name}", schema: "\${schema}" }, id: /id }
  load: { requests: 4 }
`,
  );
  const finished = await workspace.start(['run']).done;
  const document = await workspace.result();
  assert.deepEqual([document.results.successful, document.results.failed], [3, 1], told(finished));
  assert.match(document.errors[0]?.example ?? '', /schema registration/);
  const registered = bodies.filter(({ path }) => path === '/schemas').map(({ body }) => (body['schema'] as Record<string, unknown>)['$id']);
  assert.deepEqual([registered.length, new Set(registered).size], [4, 4]);
  const asked = bodies.filter(({ path }) => path === '/ask').map(({ body }) => body);
  assert.deepEqual(asked[1], { q: 'Please: a user', model: 'm', id: 's2' }, 'what is not there is left out');
  assert.ok((metric(document, 'schema_registration_ms') ?? 0) > 0);
  assert.deepEqual([metric(document, 'schema_compliance_rate'), metric(document, 'input_tokens')], [100, 3]);
});

test('conversations carry what the server said, turn by turn, in order, and a context that is full ends them', async () => {
  await using workspace = await Workspace.open();
  const file = { conversations: [{ type: 'short', iterations: 2, turns: ['one', { user: 'two', assistant: 'scripted' }, 'three'] }] };
  await writeFile(workspace.file('talk.json'), JSON.stringify(file));
  const scenario = (more = '') =>
    `{ name: talk, request: { conversations: talk.json }, load: { executor: conversation${more} } }\nthresholds: { extends: none }\n`;
  await using server = await chatServer();
  await writeFile(workspace.file('llm-bench.yaml'), `target: { name: own, base_url: "${server.url}" }\nscenario: ${scenario()}`);
  const finished = await workspace.run(['run'], {}, () => server.forget());
  assert.equal(finished.code, 0, told(finished));
  const sent = server.seen.slice(1).map(({ body }) => (JSON.parse(body) as { messages: { role: string; content: string }[] }).messages);
  const said = 'word0 word1 word2 word3 ';
  const texts = sent.map((messages) => messages.map(({ content }) => content));
  const once = [['one'], ['one', said, 'two'], ['one', said, 'two', said, 'three']];
  assert.deepEqual(texts, [...once, ...once]);
  const { results, series } = await workspace.result();
  const block = results['conversation'] as {
    completed: number;
    types: { answer_consistency: number }[];
    conversations: { turns: { context_tokens: number }[] }[];
  };
  assert.equal(block.completed, 2);
  assert.deepEqual([block.types[0]?.answer_consistency, block.conversations[0]?.turns.map((turn) => turn.context_tokens)], [1, [11, 11, 11]]);
  assert.deepEqual(
    series.map(({ id }) => id),
    ['talk', 'talk/conversation=short/turn=1', 'talk/conversation=short/turn=2', 'talk/conversation=short/turn=3'],
  );

  const engine = await startMock({ logEvery: 0, maxModelLen: 40, naturalTokens: 16 });
  try {
    const full = await workspace.start(['run', '--base-url', engine.url, '-o', 'full.json']).done;
    const limit = ((await workspace.result('full.json')).results['conversation'] as { context_limit: { refused: number; cut: number } })
      .context_limit;
    assert.ok(limit.refused + limit.cut >= 2, told(full));
  } finally {
    await engine.close();
  }
});

test('several users hold all conversations to their end, also when others have none left', async () => {
  await using workspace = await Workspace.open();
  const turns = (count: number) => Array.from({ length: count }, (_, turn) => `turn ${turn}`);
  const file = {
    conversations: [
      { type: 'short', iterations: 3, turns: turns(1) },
      { type: 'long', iterations: 2, turns: turns(6) },
    ],
  };
  await writeFile(workspace.file('talk.json'), JSON.stringify(file));
  await using server = await chatServer();
  await writeFile(
    workspace.file('llm-bench.yaml'),
    `target: { name: own, base_url: "${server.url}" }
scenario: { name: talk, request: { conversations: talk.json }, load: { executor: conversation, concurrency: 4 } }
thresholds: { extends: none }
`,
  );
  const finished = await workspace.run(['run']);
  assert.equal(finished.code, 0, told(finished));
  const { results } = await workspace.result();
  const { begun, completed } = results['conversation'] as { begun: number; completed: number };
  assert.deepEqual([results.total_requests, begun, completed], [15, 5, 5]);
});

test('a schema that is none, a template with an unknown placeholder and a broken turn: exit 2 and the place', async () => {
  await using workspace = await Workspace.open();
  await writeFile(
    workspace.file('llm-bench.yaml'),
    `target: { name: own, base_url: "http://127.0.0.1:9" }
scenario:
  - name: a
    request:
      schema:
        type: object
        properties: { name: { type: strng } }
  - name: c
    request: { conversations: talk.json }
    load: { executor: conversation }
`,
  );
  await writeFile(
    workspace.file('talk.json'),
    '{\n "conversations": [\n  { "type": "short", "turns": [\n    "hello",\n    { "usr": "what?" }\n  ] }\n ]\n}\n',
  );
  const finished = await workspace.run(['run', '--warmup', '0']);
  assert.equal(finished.code, 2, told(finished));
  assert.match(finished.stderr, /llm-bench\.yaml:7:\d+: request\.schema\.properties\.name\.type: expected a JSON Schema/);
  assert.match(finished.stderr, /talk\.json:5:\d+: /);

  await writeFile(
    workspace.file('llm-bench.yaml'),
    `target: { name: own, base_url: "http://127.0.0.1:9" }
scenario:
  name: b
  request:
    api: template
    template: { path: /x, body: { q: "\${promt}" }, answer: {} }
`,
  );
  const template = await workspace.run(['run', '--warmup', '0']);
  assert.equal(template.code, 2, told(template));
  assert.match(template.stderr, /llm-bench\.yaml:6:\d+: .*found \$\{promt\}/);
});

test('structured_vs_unstructured: every case at both endpoints, registered schemas, and the CSV', async () => {
  await using workspace = await Workspace.open();
  const engine = await startMock({ logEvery: 0 });
  try {
    const args = ['run', '--base-url', engine.url, '--scenario', 'structured_vs_unstructured', '--api', 'template', '-n', '6', '--warmup', '0'];
    const finished = await workspace.run(args);
    assert.equal(finished.code, 0, told(finished));
    const block = (await workspace.result()).results['structured_vs_unstructured'] as {
      rows: {
        case: string;
        endpoint: string;
        compliance_rate: number;
        output_tokens: number;
        output_deviation_percent: number;
        tokens_as_expected: boolean;
      }[];
    };
    assert.deepEqual(
      block.rows.map((row) => [row.case, row.endpoint, row.compliance_rate]),
      ['structured', 'unstructured'].flatMap((endpoint) =>
        ['simple', 'nested', 'array'].map((name) => [name, endpoint, endpoint === 'structured' ? 100 : 0]),
      ),
    );
    for (const [index, row] of block.rows.entries()) {
      const off = 100 * (row.output_tokens / ([46, 396, 760][index % 3] as number) - 1);
      assert.ok(Math.abs(row.output_deviation_percent - off) < 0.01, JSON.stringify(row));
      if (Math.abs(off) > 50) assert.equal(row.tokens_as_expected, false);
    }
    assert.match(finished.stdout, /More than half off the tokens that are expected: .*array \(structured\)/);
    const written = [...(await workspace.written())];
    const [, csv = ''] = written.find(([path]) => path.endsWith('results.csv')) ?? [];
    const lines = csv.trim().split('\n');
    assert.equal(lines[0], 'Model,Test Case,Endpoint,Latency (s),Input Tokens,Output Tokens,Total Requests,Average Duration (s)');
    assert.equal(lines.length, 7);
    assert.match(lines[1] ?? '', /^gpt-4,Simple JSON Object,structured,\d+\.\d+,\d+,\d+,2,/);
    const [, log = ''] = written.find(([path]) => path.endsWith('schema_registration.log')) ?? [];
    assert.match(log, /^6 registrations of schemas: mean \d[\d.]* ms, max \d[\d.]* ms \(simple 2, nested 2, array 2\)\n$/);
  } finally {
    await engine.close();
  }
});
