import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { UserError } from '../../../src/config/errors.ts';
import { wantsProfile } from '../../../src/jobs/profile/profiles.ts';
import { type RunOptions, run } from '../../../src/jobs/run.ts';
import type { Profiles } from '../../../src/observe/profile/profiled.ts';
import type { ResultDocument } from '../../../src/result/document.ts';
import { chatServer } from '../../cli/harness.ts';
import { Projects, set } from '../project.ts';

const projects = new Projects();
const temporary = process.env['TMPDIR'];
before(async () => {
  process.env['TMPDIR'] = await mkdtemp(join(tmpdir(), 'llm-bench-locks-'));
});
after(async () => {
  await rm(tmpdir(), { recursive: true, force: true });
  if (temporary === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = temporary;
  await projects.close();
});

/** A Node service that works in a function of its own; it leaves a signal to whoever handles it. */
const service = `
const { createServer } = require('node:http');
function plantedWork() {
  let sum = 0;
  for (let index = 0; index < 2e6; index++) sum += (index * index) % 7;
  return sum;
}
createServer((request, response) => response.end(String(plantedWork()))).listen(process.env.PORT);
`;

const target = { name: 'svc', command: `exec '${process.execPath}' service.cjs`, base_url: 'http://127.0.0.1:${PORT}', ready: { url: '/' } };
const scenario = { name: 'get', request: { api: 'http', path: '/' }, load: { executor: 'closed', requests: 4, concurrency: 2 } };
/** Broken by any answer: what is suspicious. */
const broken = { series: { get: { 'latency_s.p50': { max: 0.000001 } } } };

async function measured(profile: unknown, thresholds?: unknown) {
  const options = await projects.open(
    { 'service.cjs': service },
    [set('target', target), set('scenario', scenario), set('profile', profile), ...(thresholds === undefined ? [] : [set('thresholds', thresholds)])],
    { env: { PATH: process.env['PATH'] } },
  );
  const out: string[] = [];
  const output = join(options.config.root, 'out.json');
  const job: RunOptions = {
    ...options,
    selftest: false,
    output,
    html: true,
    logRequests: null,
    note: null,
    baseline: null,
    order: null,
    print: { color: false, json: false, quiet: false, out: (text) => void out.push(text), err: () => {} },
  };
  const code = await run(job);
  const document = JSON.parse(await readFile(output, 'utf8')) as ResultDocument;
  return { code, out: out.join(''), document, profiles: document['profiles'] as Profiles | undefined, root: options.config.root };
}

test('a Node service that broke a limit is profiled in a window of its own, and the function with the work is named everywhere', async () => {
  const { out, profiles, root, document } = await measured({ duration: 1 }, broken);
  assert.equal(profiles?.taken_by, 'node');
  assert.match(profiles.cpu?.top[0]?.function ?? '', /^plantedWork /);
  assert.equal(profiles.cpu?.file, join('reports', 'cpu.cpuprofile'));
  assert.ok(existsSync(join(root, 'reports', 'cpu.cpuprofile')));
  assert.match(out, /Top CPU functions/);
  assert.match(await readFile(join(root, 'out.html'), 'utf8'), /plantedWork/);
  assert.equal(document.results.successful, 4);
});

test('a service that is well is left alone; always profiles it too, and never does not even where it is not well', async () => {
  assert.equal((await measured({ duration: 1 })).profiles, undefined);
  const always = await measured({ when: 'always', duration: 1 });
  assert.equal(always.code === 0 || always.code === 3, true);
  assert.match(always.out, /plantedWork/);
  assert.equal((await measured('never', broken)).profiles, undefined);
});

test('what cannot be profiled is one warning in the result, and asked for it is an error before anything is sent', async () => {
  const { profiles, document } = await measured({ with: 'pprof', duration: 1 }, broken);
  assert.equal(profiles?.cpu, null);
  const checks = document.validity.checks.filter(({ name }) => name === 'profile');
  assert.equal(checks.length, 1);
  assert.match(checks[0]?.detail ?? '', /no profile was taken: .*\/debug\/pprof answers/);

  await using server = await chatServer();
  const options = await projects.open({}, [set('load.requests', 3), set('target.base_url', server.url), set('profile.when', 'always')]);
  const sent = server.seen.length;
  const print = { color: false, json: false, quiet: true, out: () => {}, err: () => {} };
  const output = join(options.config.root, 'out.json');
  await assert.rejects(
    run({ ...options, output, html: false, logRequests: null, note: null, baseline: null, order: null, print }),
    (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.exitCode, 2);
      assert.match(error.message, /profile always: no profile of .* can be taken: .*pprof/);
      return true;
    },
  );
  assert.equal(existsSync(output), false);
  assert.ok(
    server.seen.slice(sent).every(({ body }) => body === ''),
    'a request of the load was sent',
  );
});

test('suspicious means regressed or inconclusive', () => {
  assert.equal(wantsProfile({ when: 'suspicious' }, { verdict: 'inconclusive' }), true);
  assert.equal(wantsProfile({ when: 'suspicious' }, { verdict: 'ok' }), false);
  assert.equal(wantsProfile({ when: 'never' }, { verdict: 'regressed' }), false);
  assert.equal(wantsProfile({ when: 'always' }, { verdict: 'ok' }), true);
});
