import type { UserError } from '../../config/errors.ts';
import type { Thresholds } from '../../config/thresholds/thresholds.ts';
import { asOneRun } from '../../result/components/derived.ts';
import type { ResultDocument } from '../../result/document.ts';
import { combineImported } from '../../result/import/combine.ts';
import type { Side } from '../../verdict/round-order.ts';
import { type PairRounds, pairRounds } from '../paired/pair-rounds.ts';
import type { BenchFlags } from './go-flags.ts';
import type { ComponentBench } from './run.ts';

export interface ComponentPairJob {
  /** The benchmarks of both checkouts. */
  benches: Record<Side, ComponentBench>;
  flags: BenchFlags;
  thresholds: Thresholds;
  limitPercent: number | null;
  budgetSeconds: number;
  log(line: string): void;
}

/** Both sides' rounds, and what kept them from going on. */
export interface ComponentPair extends PairRounds {
  failures: UserError[];
  interrupted: boolean;
}

/** Runs the benchmarks of base and head in turn, each round once, until the difference is decided or the budget is used up. */
export async function pairComponents(job: ComponentPairJob): Promise<ComponentPair> {
  const failures: UserError[] = [];
  let interrupted = false;
  const measure = async (side: Side, order: number): Promise<ResultDocument | null> => {
    const run = await job.benches[side].run({ ...job.flags, once: true });
    interrupted ||= run.interrupted;
    failures.push(...run.failures);
    if (run.document === null || run.failures.length > 0 || run.interrupted) return null;
    const document = asOneRun(run.document);
    return { ...document, runs: document.runs.map((one) => ({ ...one, round: Math.floor(order / 2), order })) };
  };
  const plan = { ...job, seed: 1 };
  const rounds = await pairRounds(plan, { startedMs: performance.now(), measure, unite });
  return { ...rounds, failures, interrupted };
}

/** Medians over the rounds; the rounds keep their place in the order over both sides. */
function unite(documents: readonly ResultDocument[]): ResultDocument | null {
  if (documents.length === 0) return null;
  const whole = combineImported(
    documents,
    documents.map((_, index) => `round ${index + 1}`),
  );
  const placed = documents.flatMap(({ runs }) => runs);
  return { ...whole, runs: whole.runs.map((run, index) => ({ ...run, round: placed[index]?.round ?? index, order: placed[index]?.order ?? index })) };
}
