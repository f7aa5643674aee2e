import type { Thresholds } from '../../config/thresholds/thresholds.ts';
import type { ResultDocument } from '../../result/document.ts';
import { judgePaired, type PairedVerdict } from '../../verdict/judge-paired.ts';
import { roundOrder, type Side as SideName } from '../../verdict/round-order.ts';
import { firstLook, plannedLooks } from '../../verdict/sequential.ts';
import { Random } from '../../workload/random.ts';

/** What decides how many rounds there are and how they are judged. */
export interface PairPlan {
  thresholds: Thresholds;
  /** In percent, over what thresholds say; null: theirs, else the default. */
  limitPercent: number | null;
  budgetSeconds: number;
  /** Measure until the budget is used up, whatever it shows. */
  wholeBudget?: boolean;
  seed: number;
  log(line: string): void;
}

/** How a round is measured, whatever it measures. */
export interface PairMeasurer {
  /** `performance.now()` from which the budget counts. */
  startedMs: number;
  /** A round of a side as one document with one run; null when it was interrupted or cannot go on. */
  measure(side: SideName, order: number): Promise<ResultDocument | null>;
  /** One document of a side's rounds so far; its runs are the rounds. */
  unite(documents: readonly ResultDocument[]): ResultDocument | null;
}

/** What the rounds came to; the members of a PairedResult that do not depend on what was measured. */
export interface PairRounds {
  judged: PairedVerdict | null;
  base: ResultDocument | null;
  head: ResultDocument | null;
  rounds: number;
  seconds: number;
  secondsPerPair: number;
}

/**
 * Measures rounds of base and head in turn until the sequential rule decides or the budget is used up. Rounds come in balanced random order, the first of
 * each side is dropped by the judgement.
 */
export async function pairRounds(job: PairPlan, measurer: PairMeasurer): Promise<PairRounds> {
  const seconds = () => (performance.now() - measurer.startedMs) / 1000;
  const documents: Record<SideName, ResultDocument[]> = { base: [], head: [] };
  const random = new Random(job.seed);
  let judged: PairedVerdict | null = null;
  let order = 0;
  let maxPairs: number | null = null;
  let secondsPerPair = 0;
  let pairsBeganAt = 0;
  for (const planned of roundOrder(() => random.uniform())) {
    const roundStarted = seconds();
    const level = documents.base.length === documents.head.length;
    // A pair that the budget does not hold is not begun; one is always measured, since without any there is nothing to say.
    if (level && documents.base.length > 1 && roundStarted + secondsPerPair > job.budgetSeconds) break;
    const document = await measurer.measure(planned.side, order++);
    if (document === null) break;
    documents[planned.side].push(document);
    const pairs = Math.min(documents.base.length, documents.head.length) - 1;
    if (planned.pair === null) {
      secondsPerPair += seconds() - roundStarted;
      pairsBeganAt = seconds();
    } else if (documents.base.length === documents.head.length) secondsPerPair = (seconds() - pairsBeganAt) / pairs;
    const complete = documents.base.length === documents.head.length && pairs > 0 && pairs % 2 === 0;
    if (!complete) continue;
    if (job.wholeBudget) {
      job.log(`${pairs} pairs of rounds, ${seconds().toFixed(0)} s`);
      continue;
    }
    maxPairs ??= foreseen(job.budgetSeconds, seconds(), secondsPerPair, pairs);
    if (pairs >= maxPairs || plannedLooks(maxPairs).includes(pairs))
      judged = judge(job, measurer, documents, { maxPairs, final: false, secondsPerPair });
    const decision = judged?.decision ?? 'continue';
    job.log(`${pairs} pairs of rounds, ${seconds().toFixed(0)} s: ${decision}`);
    if (decision !== 'continue') break;
  }
  // The budget is used up, or it was interrupted or crashed on the way: what is there is judged for the last time.
  if (judged === null || (judged.decision === 'continue' && documents.base.length > 1 && documents.head.length > 1))
    judged =
      documents.base.length > 1 && documents.head.length > 1
        ? judge(job, measurer, documents, { maxPairs: maxPairs ?? firstLook, final: true, secondsPerPair })
        : null;
  const head = measurer.unite(documents.head);
  // What judging these rounds again needs to know: the error is spent along the number of pairs that was foreseen.
  if (head !== null) head['paired'] = { max_pairs: maxPairs ?? firstLook, seconds: Math.round(seconds()) };
  const rounds = documents.base.length + documents.head.length;
  return {
    judged: judged && withCost(judged, { rounds, seconds: seconds(), secondsPerPair, budgetSeconds: job.budgetSeconds }),
    base: measurer.unite(documents.base),
    head,
    rounds,
    seconds: seconds(),
    secondsPerPair,
  };
}

function judge(
  { limitPercent, thresholds }: PairPlan,
  { unite }: PairMeasurer,
  documents: Record<SideName, ResultDocument[]>,
  at: { maxPairs: number; final: boolean; secondsPerPair: number },
): PairedVerdict {
  const [base, head] = [unite(documents.base), unite(documents.head)] as [ResultDocument, ResultDocument];
  return judgePaired(base, head, thresholds, { ...at, ...(limitPercent === null ? {} : { limitPercent, override: true }) });
}

/** The verdict with what it took, and what it would take to settle it. */
function withCost(
  judged: PairedVerdict,
  { rounds, seconds, secondsPerPair, budgetSeconds }: { rounds: number; seconds: number; secondsPerPair: number; budgetSeconds: number },
): PairedVerdict {
  const { pairs, pairsToSettle, verdict } = judged;
  const more = pairsToSettle === null || pairsToSettle <= pairs ? null : pairsToSettle - pairs;
  const inMinutes = (value: number) => Number((value / 60).toFixed(2));
  const paired = {
    pairs,
    rounds,
    minutes: inMinutes(seconds),
    budget_minutes: inMinutes(budgetSeconds),
    pairs_to_settle: more,
    minutes_to_settle: more === null ? null : inMinutes(more * secondsPerPair),
  };
  return { ...judged, verdict: { ...verdict, paired } };
}

/** Pairs that the budget holds; told from the first rounds and then kept, because the error is spent along this number. Even, as looks come in blocks. */
function foreseen(budgetSeconds: number, elapsed: number, secondsPerPair: number, pairs: number): number {
  const more = Math.floor(Math.max(0, budgetSeconds - elapsed) / Math.max(0.001, secondsPerPair));
  return Math.max(firstLook, 2 * Math.floor((pairs + more) / 2));
}
