import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { measure } from '../../../src/jobs/measure/measure.ts';
import { renderHtml } from '../../../src/report/html/html.ts';
import { renderResultMarkdown } from '../../../src/report/markdown.ts';
import { renderSummary } from '../../../src/report/text.ts';
import type { DistributionMetric, ResultDocument } from '../../../src/result/document.ts';
import { engineOf } from '../../mock/helpers.ts';
import { Projects, set } from '../project.ts';

const projects = new Projects();
after(() => projects.close());

const scenario =
  'request: { api: chat, stream: true, prompt_tokens: [100], max_tokens: 4 }\nload: { executor: closed, requests: 6, concurrency: 2 }\n';
const quick = { prefillTokensPerSecond: 1e6, decodeStepMs: 0.2, decodeStepMsPerSequence: 0 };

async function measured(url: string, runs: number): Promise<ResultDocument> {
  const options = await projects.open({ 'long.yaml': scenario }, [set('scenario', './long.yaml'), set('target.base_url', url)], {
    runs,
    selftest: false,
  });
  const { document } = await measure(options);
  assert.ok(document);
  return document;
}

const cached = ({ series: [series] }: ResultDocument) => (series?.metrics['cached_tokens'] as DistributionMetric | undefined)?.max ?? Number.NaN;

test('a repeated run sends other prompts, so that a prefix cache does not flatter it; the cohort stays', async () => {
  await using engine = await engineOf(quick);
  const repeated = await measured(engine.url, 3);
  assert.equal(cached(repeated), 0);
  assert.equal(repeated.results.successful, 18);
  // The cache does work: the same prompts of the same seed, sent again by another command, are in it.
  const again = await measured(engine.url, 1);
  assert.ok(cached(again) > 0, String(cached(again)));
  assert.equal(again.cohort, repeated.cohort);
  assert.equal(again.config.sha256, repeated.config.sha256);
});

test('mean and spread over the runs are in the document, the summary, markdown and HTML', async () => {
  await using engine = await engineOf(quick);
  const document = await measured(engine.url, 3);
  const values = document.runs.map((run) => run.values['long']?.['ttft_ms.p50'] ?? Number.NaN);
  const mean = values.reduce((sum, value) => sum + value, 0) / 3;
  const { ttft } = { ttft: (document.results['run_level'] as Record<string, Record<string, Record<string, number>>>)['long']?.['ttft_ms.p50'] };
  assert.ok(ttft);
  assert.equal(ttft['runs'], 3);
  assert.ok(Math.abs((ttft['mean'] ?? 0) - mean) < 1e-9);
  assert.deepEqual([ttft['min'], ttft['max']], [Math.min(...values), Math.max(...values)]);
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2);
  assert.ok(Math.abs((ttft['stddev'] ?? 0) - deviation) < 1e-9);
  for (const text of [renderSummary(document), renderResultMarkdown(document), renderHtml(document, null)]) assert.match(text, /Over the runs/);
  assert.doesNotMatch(renderSummary(await measured(engine.url, 1)), /Over the runs/);
});
