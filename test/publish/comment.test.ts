import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, type Repository } from '../../src/github/client.ts';
import { type PublishOptions, publishComment } from '../../src/publish/comment.ts';
import { renderComment } from '../../src/report/comment.ts';
import { commentMarker } from '../../src/report/marker.ts';
import { type GitHubEmulator, startGitHubEmulator } from '../fakes/github-emulator.ts';
import { sendJson } from '../fakes/http.ts';
import { startInterceptor } from '../fakes/intercept.ts';
import { sampleResult, sampleRow, sampleVerdict } from '../report/sample.ts';

interface Comment {
  id: number;
  body: string;
  html_url: string;
  user: { login: string };
}

let github: GitHubEmulator;
let branches = 0;

before(async () => {
  github = await startGitHubEmulator();
});
after(() => github.close());

const root = () => `/repos/${github.owner}/${github.repo}`;
const newPull = () => github.openPull(`change-${++branches}`);
const commentAs = (token: string, number: number, body: string) =>
  github.call<Comment>('POST', `${root()}/issues/${number}/comments`, { body }, token);

function repositoryAs(token: string, apiUrl = github.url): Promise<Repository> {
  return connect({ token, apiUrl, owner: github.owner, repo: github.repo });
}

async function commentsOf(number: number): Promise<Comment[]> {
  const all: Comment[] = [];
  for (let page = 1; ; page++) {
    const some = await github.call<Comment[]>('GET', `${root()}/issues/${number}/comments?per_page=100&page=${page}`);
    all.push(...some);
    if (some.length < 100) return all;
  }
}

async function publishOn(pull: { number: number; headSha: string }, more: Partial<PublishOptions> = {}) {
  return publishComment({
    repository: more.repository ?? (await repositoryAs(github.tokens.bot)),
    pullNumber: pull.number,
    headSha: pull.headSha,
    key: 'default',
    body: `${commentMarker('default')}\nfirst`,
    when: 'always',
    verdict: 'regressed',
    wait: async () => {},
    ...more,
  });
}

test('one comment, updated in place', async () => {
  const pull = await newPull();
  const first = await publishOn(pull);
  assert.equal(first.warning, null);
  const second = await publishOn(pull, { body: `${commentMarker('default')}\nsecond` });
  assert.deepEqual(second, first);
  const comments = await commentsOf(pull.number);
  assert.deepEqual(
    comments.map(({ body, html_url }) => [body, html_url]),
    [[`${commentMarker('default')}\nsecond`, first.url]],
  );
});

test('found again behind more than a hundred comments, on a later page', async () => {
  const pull = await newPull();
  for (let index = 0; index < 120; index++) await commentAs(github.tokens.person, pull.number, `remark ${index}`);
  const first = await publishOn(pull);
  for (let index = 0; index < 90; index++) await commentAs(github.tokens.person, pull.number, `answer ${index}`);
  const second = await publishOn(pull, { body: `${commentMarker('default')}\nsecond` });
  assert.equal(second.url, first.url);
  const ours = (await commentsOf(pull.number)).filter(({ body }) => body.startsWith('<!-- llm-bench'));
  assert.deepEqual(
    ours.map(({ body }) => body),
    [`${commentMarker('default')}\nsecond`],
  );
});

test("somebody else's comment with our marker is neither taken nor touched", async () => {
  const pull = await newPull();
  const body = `${commentMarker('default')}\nlook, everything is green`;
  await commentAs(github.tokens.person, pull.number, body);
  await commentAs(github.tokens.bot, pull.number, `quoting:\n${commentMarker('default')}`);
  await publishOn(pull);
  const bodies = (await commentsOf(pull.number)).map((comment) => comment.body);
  assert.deepEqual(bodies, [body, `quoting:\n${commentMarker('default')}`, `${commentMarker('default')}\nfirst`]);
});

test('keys do not collide, duplicates of ours are deleted', async () => {
  const pull = await newPull();
  const other = `${commentMarker('default (leg 2)')}\nother leg`;
  const kept = await commentAs(github.tokens.bot, pull.number, `${commentMarker('default')}\nold`);
  await commentAs(github.tokens.bot, pull.number, other);
  await commentAs(github.tokens.bot, pull.number, `${commentMarker('default')}\r\nduplicate`);
  const { url } = await publishOn(pull);
  assert.equal(url, kept.html_url);
  assert.deepEqual(
    (await commentsOf(pull.number)).map(({ body }) => body),
    [`${commentMarker('default')}\nfirst`, other],
  );
});

test('on-change is silent while all is well, and keeps a comment that is there up to date', async () => {
  const pull = await newPull();
  for (const verdict of ['ok', 'improved', 'new'] as const)
    assert.deepEqual(await publishOn(pull, { when: 'on-change', verdict }), { url: null, warning: null });
  assert.deepEqual(await commentsOf(pull.number), []);
  const red = await publishOn(pull, { when: 'on-change', verdict: 'warn' });
  const green = await publishOn(pull, { when: 'on-change', verdict: 'ok', body: `${commentMarker('default')}\ngreen again` });
  assert.equal(green.url, red.url);
  assert.match((await commentsOf(pull.number))[0]?.body ?? '', /green again/);
});

test('never asks nothing of the API', async () => {
  await using api = await startInterceptor(github.url, () => false);
  const pull = await newPull();
  assert.deepEqual(await publishOn(pull, { when: 'never', repository: await repositoryAs(github.tokens.bot, api.url) }), {
    url: null,
    warning: null,
  });
  assert.deepEqual(api.requests, []);
});

test('nothing is posted for a commit that is no longer the head', async () => {
  const pull = await newPull();
  const { warning, url } = await publishOn(pull, { headSha: 'f'.repeat(40) });
  assert.equal(url, null);
  assert.match(
    warning ?? '',
    new RegExp(`^not commented: fffffff was measured, but the head of #${pull.number} is ${pull.headSha.slice(0, 7)} by now`),
  );
  assert.deepEqual(await commentsOf(pull.number), []);
});

test('no permission is a warning with the reason', async () => {
  await using closed = await startGitHubEmulator({ private: true });
  const pull = await closed.openPull('change');
  const reader = await connect({ token: closed.tokens.bot, apiUrl: closed.url, owner: closed.owner, repo: closed.repo });
  const { url, warning } = await publishOn(pull, { repository: reader });
  assert.equal(url, null);
  assert.match(warning ?? '', /could not comment on octo\/service#1: the token lacks the permission `pull-requests: write`/);
});

test('a read-only token of a fork or of Dependabot: the warning says which', async () => {
  await using api = await startInterceptor(github.url, (request, response) => {
    if (request.method !== 'POST' || !request.url?.endsWith('/comments')) return false;
    sendJson(response, 403, { message: 'Resource not accessible by integration' });
    return true;
  });
  const repository = await repositoryAs(github.tokens.bot, api.url);
  const pull = await newPull();
  const fork = await publishOn(pull, { repository, origin: 'fork' });
  assert.match(fork.warning ?? '', /403 Resource not accessible by integration.*comes from a fork, whose token can only read/s);
  const dependabot = await publishOn(pull, { repository, origin: 'dependabot' });
  assert.match(dependabot.warning ?? '', /Dependabot's pull requests have a token that can only read/);
  assert.deepEqual(await commentsOf(pull.number), []);
});

test('a secondary rate limit is waited for, a bounded number of times', async () => {
  let refusals = 2;
  await using api = await startInterceptor(github.url, (request, response) => {
    if (request.method !== 'POST' || !request.url?.endsWith('/comments') || refusals-- <= 0) return false;
    sendJson(response, 403, { message: 'You have exceeded a secondary rate limit' }, { 'retry-after': '7' });
    return true;
  });
  const repository = await repositoryAs(github.tokens.bot, api.url);
  const waits: number[] = [];
  const wait = async (milliseconds: number) => void waits.push(milliseconds);
  const pull = await newPull();
  const posted = await publishOn(pull, { repository, wait });
  assert.equal(posted.warning, null);
  assert.deepEqual(waits, [7000, 7000]);

  refusals = 100;
  const other = await newPull();
  const refused = await publishOn(other, { repository, wait });
  assert.equal(refused.url, null);
  assert.match(refused.warning ?? '', /rate limit/);
  assert.equal(refusals, 97);
  assert.deepEqual(await commentsOf(other.number), []);
});

test('a limit that lasts longer than a minute is given up at once', async () => {
  await using api = await startInterceptor(github.url, (request, response) => {
    if (request.method !== 'POST' || !request.url?.endsWith('/comments')) return false;
    sendJson(response, 429, { message: 'Too many requests' }, { 'retry-after': '3600' });
    return true;
  });
  const repository = await repositoryAs(github.tokens.bot, api.url);
  const pull = await newPull();
  const wait = () => Promise.reject(new Error('must not wait'));
  const { url, warning } = await publishOn(pull, { repository, wait });
  assert.equal(url, null);
  assert.match(warning ?? '', /rate limit/);
  assert.equal(api.requests.filter((request) => request.startsWith('POST') && request.endsWith('/comments')).length, 1);
});

test('a token that may not ask who it is takes bots for itself, and never a person', async () => {
  await using api = await startInterceptor(github.url, (request, response) => {
    if (request.url === '/user') {
      sendJson(response, 403, { message: 'Resource not accessible by integration' });
      return true;
    }
    return false;
  });
  const repository = await repositoryAs(github.tokens.bot, api.url);
  const pull = await newPull();
  await commentAs(github.tokens.person, pull.number, `${commentMarker('default')}\nnot yours`);
  const first = await publishOn(pull, { repository });
  const second = await publishOn(pull, { repository, body: `${commentMarker('default')}\nsecond` });
  assert.equal(second.url, first.url);
  assert.deepEqual(
    (await commentsOf(pull.number)).map(({ body }) => body.split('\n')[1]),
    ['not yours', 'second'],
  );
});

test('GraphQL says who an app token is, with or without the ending of a bot', async () => {
  for (const login of ['github-actions', 'github-actions[bot]', 'reviewer']) {
    await using api = await startInterceptor(github.url, (request, response) => {
      if (request.url !== '/graphql') return false;
      sendJson(response, 200, { data: { viewer: { login } } });
      return true;
    });
    const repository = await repositoryAs(github.tokens.bot, api.url);
    const pull = await newPull();
    await publishOn(pull, { repository });
    await publishOn(pull, { repository, body: `${commentMarker('default')}\nsecond` });
    assert.equal((await commentsOf(pull.number)).length, login === 'reviewer' ? 2 : 1, login);
    assert.equal(api.requests.includes('GET /user'), false);
  }
});

test('a server error while reading is tried again; one while creating is not, so that nothing is posted twice', async () => {
  let broken = 1;
  await using api = await startInterceptor(github.url, (request, response) => {
    const reading = request.method === 'GET' && request.url?.includes('/comments');
    const creating = request.method === 'POST' && request.url?.endsWith('/comments');
    if (!(reading && broken-- > 0) && !creating) return false;
    sendJson(response, 502, { message: 'Bad gateway' });
    return true;
  });
  const repository = await repositoryAs(github.tokens.bot, api.url);
  const { warning } = await publishOn(await newPull(), { repository });
  assert.match(warning ?? '', /the API failed \(502 Bad gateway/);
  assert.equal(api.requests.filter((request) => request.startsWith('GET') && request.includes('/comments')).length, 2);
  assert.equal(api.requests.filter((request) => request.startsWith('POST') && request.endsWith('/comments')).length, 1);
});

test('an unreachable API is a warning', async () => {
  const api = await startInterceptor(github.url, () => false);
  const pull = await newPull();
  const repository = await repositoryAs(github.tokens.bot, api.url);
  await api[Symbol.asyncDispose]();
  const { url, warning } = await publishOn(pull, { repository });
  assert.equal(url, null);
  assert.match(warning ?? '', /no answer from the API/);
});

test('a body beyond the limit of the real API is cut before it is sent', async () => {
  const pull = await newPull();
  await publishOn(pull, { body: `${commentMarker('default')}\n<details>\n\n${'| row |\n'.repeat(20_000)}</details>\n` });
  const [comment] = await commentsOf(pull.number);
  assert.ok((comment?.body.length ?? Number.POSITIVE_INFINITY) <= 65_536);
  assert.match(comment?.body ?? '', /<\/details>\n\n_Cut here to fit/);
});

test('a rendered comment makes the way there and back', async () => {
  const pull = await newPull();
  const key = 'bench (ubuntu, 20) -->';
  const verdict = sampleVerdict('regressed', [sampleRow({ series: '@org/team | `x` <b>', verdict: 'regressed', change_percent: 44 })]);
  const body = renderComment({ key, verdict, current: sampleResult(), baseline: null, headSha: pull.headSha });
  await publishOn(pull, { key, body });
  await publishOn(pull, { key, body: body.replace('44%', '45%') });
  const comments = await commentsOf(pull.number);
  assert.equal(comments.length, 1);
  assert.match(comments[0]?.body ?? '', /regressed by 45%/);
});
