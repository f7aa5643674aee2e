import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { EntryContext } from '../../../src/config/entry-context.ts';
import { certify, shortPlan } from '../../../src/jobs/measure/certify.ts';
import { renderSelftest } from '../../../src/jobs/measure/print-selftest.ts';
import { type SelftestPlan, selftest } from '../../../src/jobs/measure/selftest.ts';

const packageRoot = new URL('../../../', import.meta.url);
const entry: EntryContext = {
  packageRoot,
  entryUrl: new URL('src/entry.ts', packageRoot),
  cliPath: new URL('src/cli/index.ts', packageRoot),
};
const plan: SelftestPlan = { concurrency: 10, rate: null, seconds: 1, ceilingSeconds: 0.2, firstTokenMs: 20, tokenMs: 4, tokens: 5 };
const signal = new AbortController().signal;

test('the client is held against the stamps of the server: error, ceiling and cost', async () => {
  const report = await selftest({ entry, plan, transport: 'auto', signal });
  assert.ok(report.requests > 0);
  assert.equal(report.send_lateness_ms, null);
  const { reported, truth, error } = report;
  // The client cannot have seen a token before it was written, but for what two clocks and histograms of three digits differ by.
  assert.ok((truth.ttft_ms.p50 ?? 0) >= 19.5);
  assert.ok((error.ttft_ms.p50 ?? -1) > -0.5, `error ${error.ttft_ms.p50}`);
  assert.equal(error.ttft_ms.p50, (reported.ttft_ms.p50 ?? 0) - (truth.ttft_ms.p50 ?? 0));
  for (const figure of [report.ceiling.tokens_per_sec, report.ceiling.requests_per_sec, report.cpu_us.per_token, report.cpu_us.per_request])
    assert.ok(figure !== null && figure > 0);
  const text = renderSelftest(report);
  assert.match(text, /TTFT p50.*ms.*ms.*ms/);
  assert.match(text, /One sending thread can take [\d,]+ tokens\/s, or [\d,]+ requests\/s/);
});

test('a load by schedule says how late it was sent', async () => {
  const report = await selftest({ entry, plan: { ...plan, rate: 150 }, transport: 'undici', signal });
  assert.equal(report.load.rate, 150);
  assert.equal(report.load.concurrency, null);
  assert.ok(report.send_lateness_ms !== null && report.send_lateness_ms.p50 !== null);
});

test('a selftest that cannot be had is a sentence, never an error', async () => {
  const missing: EntryContext = { ...entry, cliPath: pathToFileURL('/nonexistent/cli.js') };
  assert.match(
    String(await certify({ entry: missing, plan, transport: 'auto', signal })),
    /^its selftest failed: the server of known timings did not start/,
  );
  assert.match(String(await certify({ entry, plan, transport: 'auto', signal: AbortSignal.abort('interrupted') })), /interrupted/);
});

test('the short plan follows the load within what a second can tell', () => {
  const users = (concurrency: number) => ({ load: { executor: 'closed' }, concurrency });
  assert.equal(shortPlan([users(1)]).concurrency, 10);
  assert.equal(shortPlan([users(64), users(2)]).concurrency, 64);
  assert.equal(shortPlan([users(5000)]).concurrency, 256);
  assert.ok(shortPlan([users(256)]).tokenMs > shortPlan([users(1)]).tokenMs);
  const rate = (perSecond: number) => ({ load: { executor: 'poisson', rate: perSecond }, concurrency: 10_000 });
  assert.equal(shortPlan([rate(300)]).rate, 300);
  assert.equal(shortPlan([rate(1)]).rate, 180);
  assert.equal(shortPlan([rate(1e6)]).rate, 1000);
  assert.equal(shortPlan([rate(300), users(4)]).rate, null);
  const { seconds, ceilingSeconds } = shortPlan([users(1)]);
  assert.ok(seconds + 2 * ceilingSeconds < 2);
});
