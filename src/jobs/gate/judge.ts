import { type CommitOrder, placeOf } from '../../baseline/order.ts';
import type { BaselineFound } from '../../baseline/source.ts';
import type { Mode } from '../../config/bench-config.ts';
import type { Thresholds } from '../../config/thresholds/thresholds.ts';
import { formatDuration } from '../../report/numbers.ts';
import { differences } from '../../result/differences.ts';
import type { ResultDocument } from '../../result/document.ts';
import { nextStep } from '../../verdict/escalate.ts';
import { judgeScreen } from '../../verdict/judge-screen.ts';
import type { Verdict } from '../../verdict/verdict.ts';
import { type Comparison, compareResults } from '../compare.ts';
import type { PairedResult } from '../paired/paired.ts';

export interface JudgeOptions {
  mode: Mode;
  thresholds: Thresholds;
  document: ResultDocument;
  /** What fixed percentages are held against. */
  found: BaselineFound | null;
  /** Earlier admissible results of the same cohort, for a screen; empty where there are none. */
  pool: readonly ResultDocument[];
  /** What a reader must know of the pool. */
  poolNotes: readonly string[];
  /** By which the report tells how far the baseline is from the base; null where that cannot be told. */
  order: CommitOrder | null;
  /** Measures base and head in turn; null where both sides cannot be served here. */
  pair: (() => Promise<PairedResult>) | null;
  log(line: string): void;
}

export interface Judgement {
  comparison: Comparison;
  /** The paired measurement that confirmed or cleared a suspicion; null where none was made. */
  paired: PairedResult | null;
}

/** Judges one measured result by the design's table of modes: screen, then pair where there is doubt and it is possible, else fixed percentages. */
export async function judge(options: JudgeOptions): Promise<Judgement> {
  const { comparison, paired } = await judgeByMode(options);
  return { comparison: { ...comparison, verdict: placed(comparison.verdict, options.order) }, paired };
}

/** The verdict with how far its baseline is from the base, where that is known. */
function placed(verdict: Verdict, order: CommitOrder | null): Verdict {
  const { baseline } = verdict;
  if (baseline === null || order === null) return verdict;
  const place = placeOf(order, baseline.sha, '');
  return place.kind === 'ancestor' ? { ...verdict, baseline: { ...baseline, distance: place.distance, relation: order.base.how } } : verdict;
}

async function judgeByMode(options: JudgeOptions): Promise<Judgement> {
  const { mode, document, pair, log } = options;
  const screened = screen(options);
  const next = nextStep(mode, screened.verdict?.verdict ?? null, pair !== null);
  log(`verdict: ${next.why}`);
  const notes = [...options.poolNotes, ...screened.notes];
  if (next.step === 'accept' && screened.verdict !== null) {
    const baseline = options.pool[0] ?? null;
    return {
      comparison: withNotes({ verdict: screened.verdict, current: document, baseline, skipped: [] }, [
        ...notes,
        next.why,
        ...(baseline === null ? [] : differences(baseline, document)),
      ]),
      paired: null,
    };
  }
  if (next.step !== 'paired' || pair === null)
    return { comparison: withNotes(byRules(options), screened.verdict === null ? notes : []), paired: null };
  const paired = await pair();
  if (paired.judged === null || paired.head === null || paired.base === null) {
    const failed = paired.crash?.message.split('\n', 1)[0] ?? 'it ended before a pair of rounds was complete';
    const fallback =
      screened.verdict === null ? byRules(options) : { verdict: screened.verdict, current: document, baseline: options.pool[0] ?? null, skipped: [] };
    return { comparison: withNotes(fallback, [...notes, `base and head could not be measured in turn: ${failed}`]), paired };
  }
  const comparison = { verdict: paired.judged.verdict, current: paired.head, baseline: paired.base, skipped: [] };
  const cost = `measuring base and head in turn took ${formatDuration(paired.seconds)} for ${paired.rounds} rounds`;
  return { comparison: withNotes(comparison, [...notes, next.why, cost, ...differences(paired.base, paired.head)]), paired };
}

/** Fixed percentages against what was found; with nothing found, the limits alone. */
function byRules({ found, document, thresholds }: JudgeOptions): Comparison {
  const [nearest] = found?.documents ?? [];
  const baselines = nearest === undefined ? [] : [{ name: found?.found ? found.description : 'baseline', document: nearest }];
  const comparison = compareResults({ current: document, baselines, thresholds, mode: 'rules' });
  if (!found?.found || comparison.verdict.baseline === null) return comparison;
  return withNotes(comparison, found.notes);
}

function screen({ mode, pool, document, thresholds }: JudgeOptions): { verdict: Verdict | null; notes: string[] } {
  if ((mode !== 'auto' && mode !== 'screen') || pool.length === 0) return { verdict: null, notes: [] };
  // The runs of one job share a machine: they count as one against a pool of other jobs.
  const screened = judgeScreen(pool, document, thresholds, { currentRuns: 'one-machine' });
  return 'verdict' in screened ? { verdict: screened.verdict, notes: [] } : { verdict: null, notes: [...screened.notes, screened.refusal] };
}

function withNotes(comparison: Comparison, notes: readonly string[]): Comparison {
  return { ...comparison, verdict: { ...comparison.verdict, notes: [...new Set([...comparison.verdict.notes, ...notes])] } };
}
