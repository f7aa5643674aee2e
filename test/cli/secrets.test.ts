import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type ChatServer, chatServer, type Finished, told, Workspace } from './harness.ts';

const key = 'sk-test-5f2d0c9b7a';
const everywhere = ['-o', 'out.json', '--html', '--log-requests', 'log.jsonl'];

/** A server that is careless with its callers' keys: it repeats every header in the message of half of its answers. */
function indiscreet(): Promise<ChatServer> {
  return chatServer({
    answer: ({ headers }, response, number) =>
      number % 2 === 0 && Boolean(response.writeHead(401).end(JSON.stringify({ error: { message: `not allowed: ${JSON.stringify(headers)}` } }))),
  });
}

async function assertSecret(workspace: Workspace, finished: Finished, secret: string, except: string[] = []): Promise<void> {
  assert.ok(!finished.stdout.includes(secret) && !finished.stderr.includes(secret), told(finished));
  const files = await workspace.written();
  for (const name of ['out.json', 'out.html', 'log.jsonl']) assert.ok(files.has(workspace.file(name)), `${name} is written`);
  for (const [path, content] of files)
    if (!except.some((name) => path === workspace.file(name))) assert.ok(!content.includes(secret), `${path} holds the secret`);
  assert.match(files.get(workspace.file('log.jsonl')) ?? '', /not allowed/, 'the message itself is kept');
}

for (const [header, sent] of [
  [null, { name: 'authorization', value: `Bearer ${key}` }],
  ['Authorization', { name: 'authorization', value: `Bearer ${key}` }],
  ['X-API-Key', { name: 'x-api-key', value: key }],
  // Nothing in this name says that it is a secret.
  ['X-Caller', { name: 'x-caller', value: key }],
] as const) {
  test(`an API key from the environment goes out as ${sent.name} and nowhere else (api_key_header: ${header ?? 'left out'})`, async () => {
    await using workspace = await Workspace.open();
    await using server = await indiscreet();
    const line = header === null ? '' : `, api_key_header: ${header}`;
    await writeFile(workspace.file('llm-bench.yaml'), `target: { base_url: "${server.url}", api_key_env: MY_KEY${line} }\n`);
    const finished = await workspace.run(['run', '-n', '8', ...everywhere], { MY_KEY: key });
    assert.equal(finished.code, 1, told(finished));
    assert.ok(server.seen.length >= 9);
    for (const { headers } of server.seen) assert.equal(headers[sent.name], sent.value);
    await assertSecret(workspace, finished, key);
  });
}

test('an API key from env_file is found, sent, and kept secret', async () => {
  await using workspace = await Workspace.open();
  await using server = await indiscreet();
  await writeFile(workspace.file('.env'), `MY_KEY=${key}\n`);
  await writeFile(workspace.file('llm-bench.yaml'), `target: { base_url: "${server.url}", api_key_env: MY_KEY, env_file: .env }\n`);
  const finished = await workspace.run(['run', '-n', '4', ...everywhere]);
  assert.ok(server.seen.every(({ headers }) => headers.authorization === `Bearer ${key}`));
  await assertSecret(workspace, finished, key, ['.env']);
});

test('a key given as a header is kept secret as well', async () => {
  await using workspace = await Workspace.open();
  await using server = await indiscreet();
  const finished = await workspace.run(['run', '--url', server.url, '-n', '4', '--header', `Authorization: Bearer ${key}`, ...everywhere]);
  assert.ok(server.seen.every(({ headers }) => headers.authorization === `Bearer ${key}`));
  await assertSecret(workspace, finished, key);
});

test("secrets of a started service's environment do not get out by its log", async () => {
  await using workspace = await Workspace.open();
  await writeFile(workspace.file('llm-bench.yaml'), 'target: { command: "echo using $HF_TOKEN; exit 1", env: { HF_TOKEN: "${MY_KEY}" } }\n');
  const finished = await workspace.run(['run', '-n', '4'], { MY_KEY: key });
  assert.equal(finished.code, 4, told(finished));
  assert.match(finished.stderr, /using \*\*\*/);
  assert.ok(!finished.stderr.includes(key), told(finished));
  for (const [path, content] of await workspace.written()) assert.ok(!content.includes(key), `${path} holds the secret`);
});
