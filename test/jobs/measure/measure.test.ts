import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { measure } from '../../../src/jobs/measure/measure.ts';
import type { RequestRecord } from '../../../src/measure/record.ts';
import type { ServiceState } from '../../../src/service/state.ts';
import { type ChatServer, chatServer, until } from '../../cli/harness.ts';
import { Projects, set } from '../project.ts';

const projects = new Projects();
let server: ChatServer;
before(async () => {
  server = await chatServer();
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await projects.close();
});

const few = [set('load.requests', 3)];

test('prompts are found where the configuration is, not where the process happens to be', async () => {
  const options = await projects.open({ 'mine.jsonl': '{"prompt": "from the project"}\n' }, [
    ...few,
    set('target.base_url', server.url),
    set('request.prompts', 'mine.jsonl'),
  ]);
  const { document } = await measure(options);
  assert.equal(document?.results.successful, 3);
  assert.equal(JSON.parse(server.seen.at(-1)?.body ?? '').messages[0].content, 'from the project');
});

test('machines of a kind are of one cohort wherever the prompts lie; other prompts make another', async () => {
  const cohortWith = async (text: string) => {
    const options = await projects.open({ 'mine.jsonl': text }, [...few, set('target.base_url', server.url)]);
    options.config.scenarios[0]!.request.prompts = join(options.config.root, 'mine.jsonl');
    return (await measure(options)).document?.cohort;
  };
  const one = await cohortWith('{"prompt": "a"}\n');
  assert.equal(await cohortWith('{"prompt": "a"}\n'), one);
  assert.notEqual(await cohortWith('{"prompt": "b"}\n'), one);
});

test('no secret gets into the document or the records', async () => {
  const records: RequestRecord[] = [];
  await using teller = await chatServer({
    answer: ({ headers }, response) => Boolean(response.writeHead(403).end(`forbidden for ${headers.authorization}`)),
  });
  const options = await projects.open(
    {},
    [
      ...few,
      set('target.base_url', teller.url.replace('//', '//user:hunter22@')),
      set('target.api_key_env', 'KEY'),
      set('request.headers', { 'X-Token': 'tok-1234567' }),
    ],
    { env: { KEY: 'sk-0123456789' }, onRecord: (record) => void records.push(record) },
  );
  const { document } = await measure(options);
  const text = JSON.stringify([document, records]);
  assert.equal(records.length, 3);
  assert.match(text, /forbidden for/);
  for (const secret of ['sk-0123456789', 'tok-1234567', 'hunter22']) assert.ok(!text.includes(secret), secret);
});

test('what it takes to stop the service is told before there is anything to stop', async () => {
  const states: ServiceState[] = [];
  const abort = new AbortController();
  const lines: string[] = [];
  const options = await projects.open({}, [set('target.command', 'exec sleep 150')], {
    signal: abort.signal,
    onState: (state) => states.push(state),
    progress: {
      line: (line) => {
        lines.push(line);
        if (/waiting/.test(line)) abort.abort('interrupted');
      },
      scenarioStarted: () => {},
      snapshot: () => {},
      scenarioEnded: () => {},
    },
  });
  assert.deepEqual(await measure(options), { document: null, crash: null, interrupted: true, startSeconds: null });
  assert.ok(states.length >= 1 && states.every(({ marker }) => marker === states[0]?.marker));
  assert.equal(states[0]?.pgid, null);
  assert.ok(states.some(({ pgid }) => pgid !== null));
});

test('a signal that is aborted already: nothing is started, nothing measured', async () => {
  const asked = server.seen.length;
  const options = await projects.open({}, [...few, set('target.base_url', server.url)], { signal: AbortSignal.abort('interrupted') });
  assert.deepEqual(await measure(options), { document: null, crash: null, interrupted: true, startSeconds: null });
  assert.equal(server.seen.length, asked);
});

test('the client is certified before the load, so that an interrupted run has its certificate too', async () => {
  const abort = new AbortController();
  await using stalling = await chatServer({ answer: (_, __, number) => number > 2 });
  const options = await projects.open({}, [set('load.requests', 10), set('target.base_url', stalling.url)], { signal: abort.signal });
  const measuring = measure(options);
  await until('requests that hang', () => stalling.seen.length > 2);
  abort.abort('interrupted');
  const { document } = await measuring;
  assert.equal(document?.stop_reason, 'interrupted');
  assert.ok((document?.client.ceiling?.tokens_per_sec ?? 0) > 0);
});

test('the resolved configuration and its hash are in the document; the same again has the same hash', async () => {
  const once = async (requests: number) =>
    (await measure(await projects.open({}, [set('load.requests', requests), set('target.base_url', server.url)]))).document?.config;
  const [one, same, other] = [await once(2), await once(2), await once(3)];
  assert.equal(one?.sha256, same?.sha256);
  assert.notEqual(one?.sha256, other?.sha256);
  assert.ok(one);
  const { scenario, target } = one.resolved as { scenario: { load: { requests: number } }; target: { base_url: string } };
  assert.deepEqual([scenario.load.requests, target.base_url], [2, server.url]);
});
