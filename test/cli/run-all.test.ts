import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { chatServer, told, Workspace } from './harness.ts';

const list = [
  'first:',
  '  request: { api: chat, stream: true, prompt: one, max_tokens: 4 }',
  '  load: { executor: closed, requests: 4, concurrency: 1 }',
  'broken:',
  '  request: { api: chat, stream: true, prompt: fail, max_tokens: 4 }',
  '  load: { executor: closed, requests: 4, concurrency: 1 }',
  'last:',
  '  request: { api: chat, stream: true, prompt: three, max_tokens: 4 }',
  '  load: { executor: closed, requests: 5, concurrency: 1 }',
  '',
].join('\n');

test('a list in its order: raw data of each, one summary; a scenario that fails is told, the rest go on, and the exit is the worst', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({
    answer: ({ body }, response) => body.includes('"fail"') && Boolean(response.writeHead(500).end('no')),
  });
  await writeFile(workspace.file('list.yaml'), list);
  const finished = await workspace.run(['run-all', '--no-selftest', '--scenarios', 'list.yaml', '--base-url', server.url, '--runs', '2']);
  assert.equal(finished.code, 1, told(finished));
  assert.match(finished.stdout, /first +✅ ok.*\n *broken +❌ regressed.*\n *last +✅ ok/);
  const [folder = ''] = await readdir(workspace.file('results'));
  assert.match(folder, /^\d{8}_\d{6}$/);
  const files = (await readdir(workspace.file('results', folder))).toSorted();
  assert.deepEqual(files, ['broken.json', 'first.json', 'last.json', 'report.html', 'report.md', 'summary.csv']);
  const rows: Record<string, string>[] = parse(await readFile(workspace.file('results', folder, 'summary.csv'), 'utf8'), { columns: true });
  assert.deepEqual(
    rows.map(({ scenario, exit_code: code, requests, failed }) => [scenario, code, requests, failed]),
    [
      ['first', '0', '8', '0'],
      ['broken', '1', '8', '8'],
      ['last', '0', '10', '0'],
    ],
  );
  const last = JSON.parse(await readFile(workspace.file('results', folder, 'last.json'), 'utf8'));
  assert.deepEqual([last.scenario, last.results.total_requests, last.runs.length], ['last', 10, 2]);
  const page = await readFile(workspace.file('results', folder, 'report.html'), 'utf8');
  for (const name of ['first', 'broken', 'last']) assert.ok(page.includes(name), name);
  const one = await workspace.run(['report', '--scenario', 'last']);
  assert.match(one.stdout, /llm-bench: last\n/, told(one));
  const slip = await workspace.run(['report', '--scenario', 'lst', `results/${folder}`]);
  assert.equal(slip.code, 2, told(slip));
  assert.match(slip.stderr, /did you mean "last"/);
});

test('a service that crashes in one scenario is started again for the next', async () => {
  await using workspace = await Workspace.open();
  await writeFile(workspace.file('list.yaml'), list);
  await writeFile(
    workspace.file('server.mjs'),
    `import { createServer } from 'node:http';
createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk)).on('end', () => {
    if (body.includes('"fail"')) process.exit(7);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content: 'a b' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }));
  });
}).listen(process.env.PORT, '127.0.0.1');
`,
  );
  const flags = [
    '--scenarios',
    'list.yaml',
    '--no-stream',
    '--command',
    `exec ${process.execPath} server.mjs`,
    '--output-dir',
    'out',
    '-o',
    'whole.json',
  ];
  const finished = await workspace.run(['run-all', '--no-selftest', ...flags]);
  assert.equal(finished.code, 4, told(finished));
  assert.match(finished.stdout, /first +✅ ok.*\n *broken +❌ .*\n *last +✅ ok/, told(finished));
  assert.match(finished.stdout, /broken: .*exit status 7/);
  const whole = await workspace.result('out/whole.json');
  assert.ok(whole.series.some(({ id }) => id === 'last'));
  const one = await workspace.run(['report', '--scenario', 'last', 'out/whole.json']);
  assert.match(one.stdout, /Total requests: +5\n/, told(one));
});

test('faults of all scenarios at once, before anything is started', async () => {
  await using workspace = await Workspace.open();
  const finished = await workspace.run(['run-all', '--scenarios', 'light_lod,helth', '--command', 'touch started; exec sleep 150']);
  assert.equal(finished.code, 2, told(finished));
  assert.match(finished.stderr, /light_load/);
  assert.match(finished.stderr, /health/);
  assert.deepEqual(await readdir(workspace.path), []);
});

test('a flag that does not fit one scenario holds for the others; one that fits none is a fault', async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer({});
  await writeFile(
    workspace.file('list.yaml'),
    `plain:
  request: { api: http, path: /health }
  load: { executor: closed, requests: 4, concurrency: 1 }
chat:
  request: { api: chat, stream: true, prompt: one, max_tokens: 4 }
  load: { executor: closed, requests: 4, concurrency: 1 }
`,
  );
  const args = ['run-all', '--no-selftest', '--scenarios', 'list.yaml', '--base-url', server.url, '--output-dir', 'out'];
  const finished = await workspace.run([...args, '--max-tokens', '3', '-n', '6']);
  assert.equal(finished.code, 0, told(finished));
  assert.match(finished.stderr, /warning: flag --max-tokens does not fit plain: left out there, used for the other 1/);
  const asked = async (name: string) => (await workspace.result(`out/${name}.json`)).config.resolved as { scenario: Record<string, object> };
  assert.equal((await workspace.result('out/plain.json')).results.total_requests, 6);
  assert.match(JSON.stringify(await asked('chat')), /"max_tokens":\[3\]/);

  const none = await workspace.run([...args.map((arg) => (arg === 'list.yaml' ? 'health,models' : arg)), '--max-tokens', '3']);
  assert.equal(none.code, 2, told(none));
  assert.match(none.stderr, /flag --max-tokens: request\.max_tokens: a plain HTTP request/);
});
