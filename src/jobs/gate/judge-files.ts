import { scenariosOf } from '../../baseline/fitness.ts';
import { readOrder } from '../../baseline/order.ts';
import type { BaselineHit } from '../../baseline/source.ts';
import type { Judging } from '../../config/thresholds/load-thresholds.ts';
import { readAcceptance } from '../../github/accept.ts';
import type { Better, ResultDocument } from '../../result/document.ts';
import { compareFiles } from '../compare.ts';
import { findStored, withPool } from './baseline.ts';
import { conclude, type GateOutcome, type Subject } from './conclude.ts';
import type { ConcludeOptions } from './options.ts';

/** What judging measured results in a workflow run takes. */
export interface Given {
  judging(scenarios: readonly string[]): Promise<Judging>;
  concludeOptions(judging: Judging): ConcludeOptions;
}

export interface JudgeFilesOptions extends Given {
  current: string;
  /** Files to compare with; none: the baseline is found as for a measurement, and on the default branch the result becomes one. */
  baselines: readonly string[];
  /** Which way is good in files of other tools whose units do not tell; null: by the unit. */
  direction: Better | null;
}

/** Judges a result file, of this tool or another, and tells the outcome as for a measurement. No load is generated. @throws UserError (2) */
export async function judgeFiles(given: JudgeFilesOptions): Promise<GateOutcome> {
  const startedMs = performance.now();
  let judging = await given.judging([]);
  const comparison = await compareFiles({
    current: given.current,
    baselines: given.baselines,
    // A configuration may ask for both sides to be measured in turn: files alone cannot be.
    mode: judging.mode === 'paired' ? 'auto' : judging.mode,
    direction: given.direction,
    // Read by the one function that knows every format; the limits of its scenarios are known only then.
    thresholds: async (current) => {
      judging = await given.judging(scenariosOf(current));
      return judging.thresholds;
    },
  });
  const options = given.concludeOptions(judging);
  if (given.baselines.length === 0) return judgeDocument(options, comparison.current, elapsedFrom(startedMs));
  for (const sentence of comparison.skipped) options.log.warning(sentence);
  const found: BaselineHit = {
    found: true,
    documents: comparison.baseline === null ? [] : [comparison.baseline],
    sha: comparison.baseline?.git.sha ?? null,
    description: given.baselines.join(', '),
    distance: null,
    notes: [],
    skipped: [],
  };
  return conclude(options, {
    found,
    pool: null,
    order: null,
    document: comparison.current,
    comparison,
    acceptance: await readAcceptance(options.context, options.repository),
    pair: null,
    ended: 'completed',
    keep: true,
    repeat: null,
    elapsedSeconds: elapsedFrom(startedMs),
  });
}

/** Judges a result against the baseline that is stored for it. @param known what there is to say of it beyond that it was measured elsewhere */
export async function judgeDocument(
  options: ConcludeOptions,
  document: ResultDocument,
  elapsedSeconds: () => number,
  known: Partial<Pick<Subject, 'pair' | 'keep' | 'repeat' | 'remarks'>> = {},
): Promise<GateOutcome> {
  const { context, config, repository } = options;
  const scenarios = scenariosOf(document);
  const order = await readOrder(context, config.root, repository);
  const found = await findStored(options, scenarios, order);
  return conclude(options, {
    ...(await withPool(options, document, { found, scenarios, order })),
    document,
    acceptance: await readAcceptance(context, repository),
    pair: null,
    ended: 'completed',
    keep: true,
    repeat: null,
    elapsedSeconds,
    ...known,
  });
}

/** Seconds since a time of performance.now(), at each call. */
export const elapsedFrom = (startedMs: number) => () => (performance.now() - startedMs) / 1000;
