import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seriesId } from '../../src/load/series-id.ts';
import { brokenRule } from '../../src/load/stop-rules.ts';

test("a phase's label stands between the scenario's name and the class of the request", () => {
  assert.equal(seriesId('chat', {}), 'chat');
  assert.equal(seriesId('chat', { concurrency: 5 }), 'chat/concurrency=5');
  assert.equal(seriesId('chat/prompt_tokens=10', {}), 'chat/prompt_tokens=10');
  assert.equal(seriesId('chat/prompt_tokens=10/max_tokens=5', { stage: 'ramp', users: 2 }), 'chat/stage=ramp/users=2/prompt_tokens=10/max_tokens=5');
});

test('a stop rule is asked only when enough requests have ended, and broken only beyond its limit', () => {
  const figures = { succeeded: 80, failed: 20, outputTokens: 0, latencyP50Ms: 100, waitedP95Ms: 200, ttftP50Ms: null };
  const none = { maxErrorRate: null, maxP95LatencyMs: null };
  assert.equal(brokenRule(figures, none), null);
  assert.equal(brokenRule(figures, { ...none, maxErrorRate: 20 }), null);
  assert.equal(brokenRule(figures, { ...none, maxErrorRate: 19.9 }), 'error_rate');
  assert.equal(brokenRule(figures, { ...none, maxP95LatencyMs: 200 }), null);
  assert.equal(brokenRule(figures, { ...none, maxP95LatencyMs: 199 }), 'p95_latency');
  assert.equal(brokenRule({ ...figures, succeeded: 0, failed: 19 }, { ...none, maxErrorRate: 1 }), null);
  assert.equal(brokenRule({ ...figures, waitedP95Ms: null, succeeded: 0, failed: 30 }, { ...none, maxP95LatencyMs: 1 }), null);
});

test("of a part, whose own name has slashes, the phase's label comes behind that name", () => {
  const name = 'multi/model=org/model-a';
  assert.equal(seriesId(`${name}/prompt_tokens=10`, { concurrency: 5 }, name), 'multi/model=org/model-a/concurrency=5/prompt_tokens=10');
});
