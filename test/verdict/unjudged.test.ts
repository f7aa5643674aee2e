import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Thresholds } from '../../src/config/thresholds/thresholds.ts';
import { forTerminal } from '../../src/report/escape.ts';
import { headline } from '../../src/report/headline.ts';
import { importText } from '../../src/result/import/import.ts';
import { judgeByRules } from '../../src/verdict/evaluate.ts';
import { judgeScreen } from '../../src/verdict/judge-screen.ts';
import type { Verdict } from '../../src/verdict/verdict.ts';

const none: Thresholds = { series: {} };

/** A file of figures, each `name unit value`, as github-action-benchmark's users write them. */
function fileOf(...figures: string[]) {
  const entries = figures.map((figure) => figure.split(' ')).map(([name, unit, value]) => ({ name, unit, value: Number(value) }));
  return importText(JSON.stringify(entries), 'figures.json', null);
}

function both(thresholds: Thresholds, ...figures: string[]): { verdict: Verdict; said: ReturnType<typeof headline> }[] {
  const [current, pool] = [fileOf(...figures), Array.from({ length: 6 }, () => fileOf(...figures))];
  const screened = judgeScreen(pool, current, thresholds, { currentRuns: 'one-machine' });
  assert.ok('verdict' in screened);
  return [screened.verdict, judgeByRules(pool, current, thresholds)].map((verdict) => ({ verdict, said: headline(verdict, current, forTerminal) }));
}

describe('metrics of unknown direction', () => {
  it('are named as not judged, and nothing is claimed of them, by rules and in a screen', () => {
    for (const { verdict, said } of both(none, 'cpu Percent 50', 'quality score 9')) {
      assert.equal(verdict.verdict, 'ok', verdict.mode);
      assert.ok(
        verdict.notes.some((note) => /^not judged.*value of cpu, value of quality/.test(note)),
        `${verdict.mode}: ${verdict.notes}`,
      );
      assert.deepEqual(said, { emoji: '❔', sentence: 'nothing could be judged in 2 metrics, for it is not known which way is better' });
    }
  });

  it('do not count among those without a regression', () => {
    for (const { said } of both(none, 'cpu Percent 50', 'parse ms 9', 'print ms 9'))
      assert.deepEqual(said, { emoji: '✅', sentence: 'no regression in 2 metrics; 1 not judged, for it is not known which way is better' });
  });

  it('are judged where a limit holds of their value', () => {
    for (const { verdict, said } of both({ series: { cpu: { value: { max: 60 } } } }, 'cpu Percent 50')) {
      assert.equal(said.sentence, 'no regression in 1 metric');
      assert.ok(!verdict.notes.some((note) => note.startsWith('not judged')));
    }
  });

  it('are not spoken of where every direction is known', () => {
    for (const { verdict, said } of both(none, 'parse ms 9')) {
      assert.equal(said.sentence, 'no regression in 1 metric');
      assert.ok(!verdict.notes.some((note) => note.startsWith('not judged')));
    }
  });
});
