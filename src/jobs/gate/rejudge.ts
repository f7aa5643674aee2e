import { findStoredResult } from '../../github/stored-result.ts';
import { judgePaired } from '../../verdict/judge-paired.ts';
import { pairedThresholds } from '../paired/limits.ts';
import type { PairedResult } from '../paired/paired.ts';
import type { StoredPair } from './acceptance.ts';
import type { GateOutcome } from './conclude.ts';
import { judgeDocument } from './judge-files.ts';
import type { GateOptions, JudgeConfig } from './options.ts';
import { repeatCommand } from './publish.ts';

/**
 * Judges the stored result of this pull request's head again, with the labels that it has now: the comment and the check are updated, nothing is measured.
 * @returns null where no result of this head is stored: then it has to be measured
 */
export async function rejudge(options: GateOptions, elapsedSeconds: () => number): Promise<GateOutcome | null> {
  const { config, context, repository, log, artifactName } = options;
  if (repository === null) return null;
  const stored = await findStoredResult(repository, `${artifactName}-report`, context);
  if (stored.document === null) {
    log.info(`measured anew: ${stored.reason}`);
    return null;
  }
  const { document, pair, run } = stored;
  log.info(`the result of run ${run.id} is judged again: the labels of the pull request have changed, the commit has not`);
  return judgeDocument(options, document, () => document.results.duration_seconds || elapsedSeconds(), {
    pair: pair === null ? null : async () => judgeAgain(pair, config),
    // It is stored already, by the run that measured it.
    keep: false,
    repeat: repeatCommand(config),
    remarks: [`Measured by run ${run.id}, and judged again when a label changed.`],
  });
}

/** More pairs than any budget holds: a number that a stranger wrote is not reckoned with. */
const mostPairs = 10_000;

/** The rounds of an earlier paired measurement, judged for the last time with the limits of now. */
export function judgeAgain({ head, base }: StoredPair, config: Pick<JudgeConfig, 'thresholds' | 'origins'>): PairedResult {
  const known = Math.max(0, Math.min(head.runs.length, base.runs.length) - 1);
  const { max_pairs: maxPairs, seconds } = (head['paired'] ?? {}) as { max_pairs?: unknown; seconds?: unknown };
  const planned = typeof maxPairs === 'number' && Number.isSafeInteger(maxPairs) && maxPairs >= known && maxPairs <= mostPairs ? maxPairs : known;
  return {
    judged: known === 0 ? null : judgePaired(base, head, pairedThresholds(config), { maxPairs: planned, final: true }),
    head,
    base,
    rounds: head.runs.length + base.runs.length,
    seconds: typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : head.results.duration_seconds + base.results.duration_seconds,
    secondsPerPair: null,
    crash: null,
    interrupted: false,
    startSeconds: null,
  };
}
