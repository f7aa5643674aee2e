import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { alertsDefaults } from '../../../src/config/alerts.ts';
import { connect } from '../../../src/github/client.ts';
import type { ConcludeOptions } from '../../../src/jobs/gate/options.ts';
import { tellScheduled } from '../../../src/jobs/gate/scheduled-alert.ts';
import { type GitHubEmulator, startGitHubEmulator } from '../../fakes/github-emulator.ts';
import { sampleResult, sampleRow, sampleVerdict } from '../../report/sample.ts';

let github: GitHubEmulator;
before(async () => {
  github = await startGitHubEmulator();
});
after(() => github.close());

interface Issue {
  number: number;
  title: string;
  body: string;
  comments: number;
}

const issues = () => github.call<Issue[]>('GET', `/repos/${github.owner}/${github.repo}/issues?state=open&per_page=100`);

const comparison = (rule: string) =>
  ({
    verdict: sampleVerdict('regressed', [sampleRow({ metric: 'ttft_ms.p95', verdict: 'regressed', rule })]),
    current: sampleResult(),
    baseline: null,
    skipped: [],
  }) as never;

async function optionsFor(
  event: string,
  more: Record<string, unknown> = {},
  env: NodeJS.ProcessEnv = {},
): Promise<{ options: ConcludeOptions; warnings: string[] }> {
  const warnings: string[] = [];
  const repository = await connect({ token: github.tokens.bot, apiUrl: github.url, owner: github.owner, repo: github.repo });
  const options = {
    config: { alerts: { ...alertsDefaults, ...more } },
    context: { event, runId: 42, serverUrl: 'https://github.example', owner: github.owner, repo: github.repo },
    repository,
    commentKey: 'nightly',
    env,
    log: { info: () => {}, warning: (text: string) => warnings.push(text) },
  };
  return { options: options as never, warnings };
}

test('a scheduled run that breaks a limit opens one issue, and brings it up to date within its cool-down', async () => {
  const { options, warnings } = await optionsFor('schedule', { cool_down: 3600 });
  await tellScheduled(options, comparison('max 500'), 'first report');
  await tellScheduled(options, comparison('max 500'), 'second report');
  assert.deepEqual(warnings, []);
  const [issue, ...others] = await issues();
  assert.deepEqual(others, []);
  assert.match(issue?.title ?? '', /a limit is broken/);
  assert.match(issue?.body ?? '', /second report/);
  assert.match(issue?.body ?? '', /actions\/runs\/42/);
  const comments = () => github.call<unknown[]>('GET', `/repos/${github.owner}/${github.repo}/issues/${issue?.number}/comments`);
  assert.equal((await comments()).length, 0, 'cooling down');
  await tellScheduled((await optionsFor('schedule', { cool_down: 0 })).options, comparison('max 500'), 'third');
  assert.equal((await comments()).length, 1);
});

test('other events, other categories, regressions and `issue: false` open none', async () => {
  const before = (await issues()).length;
  const tell = async (event: string, rule: string, more: Record<string, unknown>) =>
    tellScheduled({ ...(await optionsFor(event, more)).options, commentKey: 'other' }, comparison(rule), '');
  await tell('push', 'max 500', {});
  await tell('schedule', 'max_regression_percent 20', {});
  await tell('schedule', 'max 500', { categories: ['resource'] });
  await tell('schedule', 'max 500', { issue: false });
  assert.equal((await issues()).length, before);
});

test('the webhook is told of it; an address that is missing is a warning', async (t) => {
  const posted: { event: string; text: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    posted.push(JSON.parse(body) as { event: string; text: string });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`;
  const told = await optionsFor('schedule', { issue: false, webhook_env: 'HOOK' }, { HOOK: address });
  await tellScheduled(told.options, comparison('max 500'), '');
  assert.equal(posted[0]?.event, 'scheduled_run');
  assert.match(posted[0]?.text ?? '', /ttft_ms\.p95/);
  assert.deepEqual(told.warnings, []);
  const missing = await optionsFor('schedule', { issue: false, webhook_env: 'HOOK' });
  await tellScheduled(missing.options, comparison('max 500'), '');
  assert.match(missing.warnings[0] ?? '', /HOOK, which is not set/);
});
