import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Expression, parseExpression } from '../../../src/config/thresholds/metric-expression.ts';

const kindOf = (text: string) => {
  const parsed = parseExpression(text);
  return typeof parsed === 'string' ? parsed : parsed.kind;
};

test('what one page at a time can answer of PromQL', () => {
  assert.equal(kindOf('vllm:num_requests_running'), 'gauge');
  assert.equal(kindOf('avg(a{b="c"})'), 'gauge');
  assert.equal(kindOf('rate(a_total[5m])'), 'rate');
  assert.equal(kindOf('sum(rate(a_total{x=~"y|z"}[1m]))'), 'rate');
  assert.equal(kindOf('increase(a_total)'), 'increase');
  assert.equal(kindOf('increase(a_total) / increase(b_total)'), 'ratio');
  const quantile = parseExpression('histogram_quantile(0.95, sum by (le) (rate(a_seconds_bucket{path="/a/b"}[5m])))') as Expression & {
    kind: 'quantile';
  };
  assert.equal(quantile.kind, 'quantile');
  assert.equal(quantile.quantile, 0.95);
  assert.equal(quantile.selector.name, 'a_seconds');
  assert.ok(quantile.selector.matchers[0]?.matches('/a/b'));
});

test('equal, unequal and matching labels', () => {
  const matches = (text: string, value: string) => {
    const parsed = parseExpression(text) as Expression & { kind: 'gauge' };
    return parsed.selector.matchers.every((matcher) => matcher.matches(value));
  };
  assert.ok(matches('a{b="c"}', 'c'));
  assert.ok(!matches('a{b!="c"}', 'c'));
  assert.ok(matches('a{b=~"c.*"}', 'cd'));
  assert.ok(!matches('a{b=~"c"}', 'cd'), 'a pattern means the whole value');
  assert.ok(matches('a{b!~"c", b!="x"}', 'y'));
});

test('what is wrong is said in a sentence', () => {
  assert.match(kindOf('a b'), /expected a selector/);
  assert.match(kindOf('a{b}'), /expected label="value"/);
  assert.match(kindOf('a{b=~"("}'), /expected a regular expression/);
  assert.match(kindOf('histogram_quantile(95, a)'), /Q between 0 and 1/);
  assert.match(kindOf('max(rate(a[1m]))'), /sum\(rate/);
});
