import { becauseOf } from '../baseline/fitness.ts';
import type { ResultDocument } from '../result/document.ts';
import { poolSize } from './screen.ts';

export interface Pool {
  /** Fit to be compared with, newest first. */
  documents: ResultDocument[];
  /** What was left out and why, a sentence each. */
  notes: string[];
  /** Why the pool cannot be used at all; null where it can. */
  refusal: string | null;
}

/**
 * Chooses from earlier results those that a screen may compare with. Results that are not admissible, not valid or partial are left out and named.
 * A pool of more than one cohort or scenario, or of another than the current result's, is refused as a whole: machines differ more than code does,
 * and no statistics mends that.
 * @param documents newest first
 */
export function choosePool(documents: readonly ResultDocument[], current: ResultDocument): Pool {
  const { fit, notes } = leaveOutUnfit(documents);
  const refused = (refusal: string): Pool => ({ documents: [], notes, refusal });
  for (const key of ['cohort', 'scenario'] as const) {
    const found = [...new Set(fit.map((document) => document[key]))];
    if (found.length > 1) return refused(`the pool mixes ${key}s: ${found.map(quoted).join(', ')}`);
    if (found.length === 1 && found[0] !== current[key])
      return refused(`the pool's ${key} is ${quoted(found[0] ?? '')}, this result's ${quoted(current[key])}`);
  }
  const runs = fit.reduce((count, document) => count + Math.max(1, document.runs.length), 0);
  if (runs < poolSize.min) {
    return {
      documents: [],
      notes,
      refusal: `the pool holds ${runs} run${runs === 1 ? '' : 's'}: at least ${poolSize.min} are needed to know the noise`,
    };
  }
  return { documents: fit, notes, refusal: null };
}

/**
 * Of several results that make no pool, those that fixed percentages may be taken against: what is fit, and of that what is alike (cohort and scenario)
 * where anything is, since a median over unlike machines is the speed of none. All of them, where none is fit.
 * @returns what was left out too, a sentence each
 */
export function chooseForRules(
  documents: readonly ResultDocument[],
  current: ResultDocument,
): { documents: readonly ResultDocument[]; notes: string[] } {
  const { fit, notes } = leaveOutUnfit(documents);
  if (fit.length === 0) return { documents, notes: ['no baseline is fit to be compared with; they were used all the same'] };
  const alike = fit.filter(({ cohort, scenario }) => cohort === current.cohort && scenario === current.scenario);
  if (alike.length === 0 || alike.length === fit.length) return { documents: fit, notes };
  const others = fit.length - alike.length;
  return { documents: alike, notes: [...notes, `${others} of ${documents.length} baselines were left out: they are of another cohort or scenario`] };
}

function leaveOutUnfit(documents: readonly ResultDocument[]): { fit: ResultDocument[]; notes: string[] } {
  const notes: string[] = [];
  const fit = documents.filter((document) => {
    const fault = !document.validity.valid
      ? 'it is not valid'
      : document.partial
        ? 'it is partial'
        : document.admissible
          ? null
          : `it is not admissible${becauseOf(document)}`;
    if (fault !== null) notes.push(`the run of ${document.timestamp || 'an unknown time'} was left out of the pool: ${fault}`);
    return fault === null;
  });
  return { fit, notes };
}

const quoted = (text: string): string => (text === '' ? '(not stated)' : JSON.stringify(text));
