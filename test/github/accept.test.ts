import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { type AcceptanceFacts, acceptLabel, decideAcceptance, isLabelEvent, readAcceptance, recordAcceptance } from '../../src/github/accept.ts';
import type { Repository } from '../../src/github/client.ts';
import { type FakePull, type ReviewApi, startReviewApi, type TimelineEntry } from '../fakes/review-api.ts';
import { clientOf, type Scene, startScene } from '../fakes/scene.ts';
import { documentOf } from '../result/sample.ts';

let reviews: ReviewApi;
let scene: Scene;
let repository: Repository;
before(async () => {
  reviews = await startReviewApi();
  scene = await startScene({ upstream: reviews.url });
  repository = await clientOf(scene.api);
});
after(() => Promise.all([scene.close(), reviews.close()]));
beforeEach(() => {
  reviews.pulls.clear();
  reviews.permissions.clear();
  reviews.requests.length = 0;
  reviews.failWith = null;
  scene.store.runs.clear();
  reviews.permissions.set('maintainer', 'write').set('boss', 'admin').set('triager', 'read');
});

const head = 'a'.repeat(40);
const facts: AcceptanceFacts = {
  label: acceptLabel,
  pullRequest: 7,
  headSha: head,
  labelled: true,
  by: 'maintainer',
  permission: 'write',
  uponThisHead: true,
};

test('accepted: by whom, of which commit', () => {
  assert.deepEqual(decideAcceptance(facts), {
    accepted: true,
    by: 'maintainer',
    sha: head,
    pullRequest: 7,
    reason: 'maintainer accepted the slow-down of aaaaaaa (label accept-regression).',
  });
  assert.equal(decideAcceptance({ ...facts, permission: 'admin' }).accepted, true);
});

const refusals: [Partial<AcceptanceFacts>, RegExp][] = [
  [{ labelled: false }, /^$/],
  [{ uponThisHead: false }, /was put on before this commit came\. Take it off and put it on again/],
  [{ by: null }, /who put it on cannot be told/],
  [{ permission: null }, /whether maintainer may write .* cannot be told/],
  [{ permission: 'read' }, /maintainer put it on and has no write permission \(read\)/],
  [{ permission: 'none' }, /no write permission \(none\)/],
];
for (const [changes, expected] of refusals) {
  test(`not accepted: ${JSON.stringify(changes)}`, () => {
    const decided = decideAcceptance({ ...facts, ...changes });
    assert.equal(decided.accepted, false);
    assert.match(decided.reason, expected);
  });
}

test('property: whatever is missing, nothing is accepted without a label, a writer and this very head', () => {
  const arbitrary = fc.record({
    labelled: fc.boolean(),
    uponThisHead: fc.boolean(),
    by: fc.option(fc.string({ minLength: 1 })),
    permission: fc.option(fc.constantFrom('admin', 'write', 'read', 'none', 'triage', 'ADMIN')),
  });
  fc.assert(
    fc.property(arbitrary, (changes) => {
      const { labelled, uponThisHead, by, permission } = changes;
      const expected = labelled && uponThisHead && by !== null && (permission === 'write' || permission === 'admin');
      assert.equal(decideAcceptance({ ...facts, ...changes }).accepted, expected);
    }),
  );
});

type Context = Parameters<typeof readAcceptance>[0];
const context = (changes: Partial<Context> = {}): Context => ({
  event: 'pull_request',
  action: 'labeled',
  labels: [acceptLabel],
  label: acceptLabel,
  sender: 'maintainer',
  headSha: head,
  headRef: 'feature',
  headRepositoryId: 1,
  pullRequest: 7,
  ...changes,
});

function pull(changes: Partial<FakePull> = {}): void {
  reviews.pulls.set(7, {
    number: 7,
    headSha: head,
    headRef: 'feature',
    headRepositoryId: 1,
    labels: [acceptLabel],
    timeline: [],
    mergeCommitSha: null,
    ...changes,
  });
}
const labeled = (login: string | null, at: string, name = acceptLabel): TimelineEntry => ({
  event: 'labeled',
  label: { name },
  actor: login === null ? null : { login },
  created_at: `2026-02-01T${at}:00Z`,
});
/** The head was pushed at that time: its run was made. */
const pushedAt = (time: string, changes = {}) =>
  scene.store.addRun({ event: 'pull_request', headSha: head, headBranch: 'feature', createdAt: `2026-02-01T${time}:00Z`, ...changes });

test('the label event itself: its sender, if they may write', async () => {
  assert.deepEqual(await readAcceptance(context(), repository), decideAcceptance(facts));
  assert.equal((await readAcceptance(context({ sender: 'boss' }), repository)).by, 'boss');
  assert.match((await readAcceptance(context({ sender: 'triager' }), repository)).reason, /triager put it on and has no write permission \(read\)/);
  assert.match((await readAcceptance(context({ sender: 'stranger' }), repository)).reason, /no write permission \(none\)/);
  assert.match((await readAcceptance(context({ sender: null }), repository)).reason, /who put it on cannot be told/);
});

test('a new push voids it, whoever put it on; nothing needs to be asked', async () => {
  pull({ timeline: [labeled('boss', '10:00')] });
  pushedAt('09:00');
  const { accepted, reason } = await readAcceptance(context({ action: 'synchronize', label: null, sender: 'boss' }), repository);
  assert.equal(accepted, false);
  assert.match(reason, /Take it off and put it on again/);
  assert.deepEqual(reviews.requests, []);
});

test('without the label, nobody asked for anything', async () => {
  const none = { accepted: false, by: null, sha: null, pullRequest: null, reason: '' };
  assert.deepEqual(await readAcceptance(context({ labels: ['bug'], label: 'bug' }), repository), none);
  assert.deepEqual(await readAcceptance(context({ action: 'unlabeled', labels: [] }), repository), none);
  assert.deepEqual(await readAcceptance(context({ event: 'schedule', pullRequest: null }), repository), none);
  assert.deepEqual(reviews.requests, []);
});

test('without a token it cannot be told', async () => {
  assert.match((await readAcceptance(context(), null)).reason, /cannot be told/);
});

test('another event of the same head: by the history', async () => {
  pull({
    timeline: [
      labeled('triager', '08:00'),
      { event: 'unlabeled', label: { name: acceptLabel } },
      labeled('boss', '09:30', 'bug'),
      labeled('maintainer', '10:00'),
    ],
  });
  pushedAt('09:00');
  const accepted = await readAcceptance(context({ action: 'reopened', label: null, sender: 'triager' }), repository);
  assert.deepEqual([accepted.accepted, accepted.by], [true, 'maintainer']);
  // Another label does not make its sender the one who accepted.
  assert.equal((await readAcceptance(context({ action: 'labeled', label: 'bug', sender: 'triager' }), repository)).by, 'maintainer');
});

const voided: [string, () => void, RegExp][] = [
  ['the head came after the label', () => pushedAt('11:00'), /before this commit came/],
  ['the head was there only on another branch', () => pushedAt('09:00', { headBranch: 'other' }), /before this commit came/],
  ["the head was there only in a fork's branch of that name", () => pushedAt('09:00', { headRepositoryId: 9 }), /before this commit came/],
  ['no run tells when the head came', () => undefined, /before this commit came/],
];
for (const [what, arrange, expected] of voided) {
  test(`not accepted in another event where ${what}`, async () => {
    pull({ timeline: [labeled('maintainer', '10:00')] });
    arrange();
    const { accepted, reason } = await readAcceptance(context({ action: 'edited', label: null }), repository);
    assert.equal(accepted, false);
    assert.match(reason, expected);
  });
}

test('forced to another commit and back since: not accepted', async () => {
  pull({ timeline: [labeled('maintainer', '10:00'), { event: 'head_ref_force_pushed', created_at: '2026-02-01T10:30:00Z' }] });
  pushedAt('09:00');
  assert.equal((await readAcceptance(context({ action: 'reopened', label: null }), repository)).accepted, false);
  // Put on again after that: a decision on what is there now.
  pull({
    timeline: [
      labeled('maintainer', '08:00'),
      { event: 'head_ref_force_pushed', created_at: '2026-02-01T08:30:00Z' },
      labeled('maintainer', '10:00'),
    ],
  });
  assert.equal((await readAcceptance(context({ action: 'reopened', label: null }), repository)).accepted, true);
});

test('a long history is read to its last page', async () => {
  const chatter: TimelineEntry[] = Array.from({ length: 250 }, () => ({ event: 'commented' }));
  pull({ timeline: [labeled('triager', '08:00'), ...chatter, { event: 'unlabeled', label: { name: acceptLabel } }, labeled('boss', '10:00')] });
  pushedAt('09:00');
  assert.equal((await readAcceptance(context({ action: 'edited', label: null }), repository)).by, 'boss');
});

test('an account that is gone cannot be asked about', async () => {
  pull({ timeline: [labeled(null, '10:00')] });
  pushedAt('09:00');
  assert.match((await readAcceptance(context({ action: 'edited', label: null }), repository)).reason, /who put it on cannot be told/);
});

test('a merge queue: accepted when its pull request was', async () => {
  const group = context({
    event: 'merge_group',
    action: 'checks_requested',
    labels: [],
    label: null,
    sender: null,
    headSha: 'b'.repeat(40),
    headRef: 'gh-readonly-queue/main/pr-7-abc',
    headRepositoryId: null,
  });
  pull({ timeline: [labeled('maintainer', '10:00')] });
  pushedAt('09:00');
  const accepted = await readAcceptance(group, repository);
  assert.deepEqual([accepted.accepted, accepted.by, accepted.sha, accepted.pullRequest], [true, 'maintainer', head, 7]);
  pull({ labels: [] });
  assert.equal((await readAcceptance(group, repository)).accepted, false);
  pull({ headRepositoryId: null, timeline: [labeled('maintainer', '10:00')] });
  assert.equal((await readAcceptance(group, repository)).accepted, false, 'a source repository that is gone proves nothing');
  assert.equal((await readAcceptance({ ...group, pullRequest: null }, repository)).accepted, false);
});

test('a push to the branch: accepted when the pull request that it merged was', async () => {
  const merged = 'c'.repeat(40);
  pull({ timeline: [labeled('maintainer', '10:00')], mergeCommitSha: merged });
  pushedAt('09:00');
  const push = context({ event: 'push', action: null, labels: [], label: null, headSha: merged, pullRequest: null });
  const accepted = await readAcceptance(push, repository);
  assert.deepEqual([accepted.accepted, accepted.by, accepted.sha], [true, 'maintainer', head]);
  assert.equal((await readAcceptance({ ...push, headSha: 'd'.repeat(40) }, repository)).accepted, false);
});

test('an API that refuses is a no, with its reason', async () => {
  reviews.failWith = 403;
  const { accepted, reason } = await readAcceptance(context(), repository);
  assert.equal(accepted, false);
  assert.match(
    reason,
    /^Whether the slow-down was accepted cannot be told: could not read who put the label accept-regression on: .*pull-requests: read/,
  );
});

test('which events are about the label alone', () => {
  const about = (event: string, action: string | null, label: string | null) => isLabelEvent({ event, action, label });
  assert.deepEqual([about('pull_request', 'labeled', acceptLabel), about('pull_request', 'unlabeled', acceptLabel)], [true, true]);
  assert.deepEqual(
    [about('pull_request', 'labeled', 'bug'), about('pull_request', 'synchronize', null), about('issues', 'labeled', acceptLabel)],
    [false, false, false],
  );
});

test('it is recorded on every run, and taken off again', () => {
  const run = { round: 0, order: 0, started: '', duration_seconds: 1, values: {} };
  const document = documentOf({ series: [], runs: [run, run] });
  const accepted = recordAcceptance(document, decideAcceptance(facts));
  assert.deepEqual(
    accepted.runs.map((one) => one.accepted),
    [
      { by: 'maintainer', sha: head },
      { by: 'maintainer', sha: head },
    ],
  );
  assert.deepEqual(recordAcceptance(accepted, decideAcceptance({ ...facts, permission: 'read' })).runs, document.runs);
});
