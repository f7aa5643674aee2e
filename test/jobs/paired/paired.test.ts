import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pairedJob } from '../../../src/jobs/paired/ab.ts';
import { type CalibrateOptions, calibrateService } from '../../../src/jobs/paired/calibrate.ts';
import { measurePaired } from '../../../src/jobs/paired/paired.ts';
import { renderText } from '../../../src/report/text.ts';
import type { Calibration } from '../../../src/verdict/calibration.ts';
import { chatServer } from '../../cli/harness.ts';
import { Projects, set } from '../project.ts';

const projects = new Projects();
after(() => projects.close());

/** What `ab` and `calibrate` ask of two sides at one address. */
async function optionsFor(url: string, budgetSeconds: number, signal: AbortSignal) {
  const { config, logDirectory, ...measuring } = await projects.open(
    {},
    [set('load.requests', 4), set('warmup', 0), set('target.base_url', url), set('thresholds', { extends: 'none' })],
    { signal, selftest: false },
  );
  return {
    head: config,
    base: config,
    baseRef: null,
    measuring,
    logDirectory,
    limitPercent: null,
    budgetSeconds,
    alternate: false,
    wholeRounds: true,
    log: () => {},
  };
}

test('a budget that holds no more than a pair ends after it, and the verdict says what was spent', async () => {
  await using server = await chatServer();
  const result = await measurePaired(pairedJob(await optionsFor(server.url, 0.001, new AbortController().signal), null));
  assert.equal(result.rounds, 4);
  const verdict = result.judged?.verdict;
  assert.equal(verdict?.verdict, 'inconclusive');
  const { pairs, rounds, minutes, budget_minutes } = verdict?.paired ?? {};
  assert.deepEqual([pairs, rounds, budget_minutes], [1, 4, 0]);
  assert.equal(typeof minutes, 'number');
  assert.match(verdict?.notes.join('\n') ?? '', /inconclusive after 1 pair of rounds/);
});

test('rounds that were cut to fit the budget are no early stop', async () => {
  await using server = await chatServer();
  const result = await measurePaired(pairedJob(await optionsFor(server.url, 0.001, new AbortController().signal), null));
  const { judged, head, base } = result;
  assert.ok(judged && head && base);
  const cut = { ...head, stop_reason: 'duration' };
  assert.doesNotMatch(renderText(judged.verdict, cut, base), /Stopped early|time limit/);
  assert.match(renderText({ ...judged.verdict, mode: 'rules' }, cut, base), /Ended by its time limit/);
  assert.match(renderText(judged.verdict, { ...cut, stop_reason: 'interrupted', partial: true }, base), /Stopped early: interrupted \(partial\)/);
});

test('calibrate measures the whole budget and prints noise, alarms and thresholds; interrupted, what there is', async () => {
  await using server = await chatServer();
  const outcome = async (stopAfter: number | null) => {
    const stop = new AbortController();
    const out: string[] = [];
    let pairs = 0;
    const options: CalibrateOptions = {
      ...(await optionsFor(server.url, stopAfter === null ? 0.001 : 600, stop.signal)),
      format: 'json',
      color: false,
      out: (text) => void out.push(text),
      err: () => {},
      log: (line) => {
        pairs = Number(/^(\d+) pairs/.exec(line)?.[1] ?? pairs);
        if (pairs === stopAfter) stop.abort('interrupted');
      },
    };
    return { code: await calibrateService(options), text: out.join('') };
  };
  const { code, text } = await outcome(4);
  assert.equal(code, 130);
  const found = JSON.parse(text) as Calibration & { partial: boolean; thresholds: string };
  assert.ok(found.pairs >= 4);
  assert.equal(found.partial, true);
  assert.ok(found.metrics.some(({ metric }) => metric === 'latency_s.p95'));
  assert.ok(found.false_alarms.trials >= 200 && found.false_alarms.trials <= 1000, String(found.false_alarms.trials));
  assert.match(found.thresholds, /^thresholds:\n {2}extends: default\n/);
  await assert.rejects(outcome(null), /1 pair of rounds: at least 4 are needed/);
});

test('a part that a side does not offer is left out of every round of both, with the reason; what it should find is not looked for', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'llm-bench-paired-'));
  const before = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = cache;
  await using server = await chatServer({
    answer: ({ path }, response) => {
      if (path !== '/v1/search') return false;
      response.writeHead(404).end();
      return true;
    },
  });
  const scenario = `scenario:
  name: whole
  findings: [retrieval, target_assessment]
  targets: { tokens_per_sec: 0.001 }
  parts:
    - { name: chat, request: { prompt_tokens: [10], max_tokens: 4 }, load: { requests: 4 } }
    - { name: search, scenario: retrieval_1k, load: { requests: 4 }, warmup: 0 }
`;
  try {
    const { config, logDirectory, ...measuring } = await projects.open(
      { 'llm-bench.yaml': scenario },
      [set('target.base_url', server.url), set('thresholds', { extends: 'none' })],
      { selftest: false },
    );
    const lines: string[] = [];
    const shared = { measuring, logDirectory, limitPercent: null, alternate: false, wholeRounds: true, baseRef: null };
    const result = await measurePaired(
      pairedJob({ ...shared, head: config, base: config, budgetSeconds: 0.001, log: (line) => void lines.push(line) }, null),
    );
    assert.ok(lines.includes('whole/part=search is skipped: base: the target does not offer /v1/search (status 404)'), lines.join('\n'));
    for (const document of [result.base, result.head]) {
      assert.ok(document && !document.series.some(({ id }) => id.includes('search')));
      assert.equal(document.results.failed, 0);
      assert.match(JSON.stringify(document.results['skipped']), /does not offer/);
      assert.equal((document.results['overall_assessment'] as { total_targets: number }).total_targets, 1);
    }
    assert.deepEqual(await readdir(join(cache, 'llm-bench')).catch(() => []), []);
  } finally {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
    await rm(cache, { recursive: true, force: true });
  }
});
