import { decidingMembers } from '../observe/environment.ts';
import type { Environment, ResultDocument } from '../result/document.ts';
import type { Member } from './member.ts';

/** Stored results of another cohort: never compared with by statistics, but told of. */
export interface OtherCohort {
  cohort: string;
  members: Member[];
  /** What sets it apart, `cpu_model: AMD EPYC 7763 -> Intel Xeon 8370C` (theirs -> ours); never empty. */
  differences: string[];
}

/** What of the current result is held against the stored ones; the model only where it is given. */
export type CurrentCohort = Pick<ResultDocument, 'cohort' | 'environment'> & Partial<Pick<ResultDocument, 'model'>>;

const sameMachine = 'the machine is the same by all that is known: the scenario, its prompts or its settings differ';

/**
 * What sets two cohorts apart: each deciding member that differs, `name: a -> b`. Where none does, what was measured differs, not the machine. Pure.
 * @param a @param b of two results whose cohorts differ
 */
export function describeCohortDifference(a: Environment, b: Environment): string[] {
  const [one, other] = [decidingMembers(a), decidingMembers(b)];
  const found = Object.keys(one).flatMap((name) => {
    const [before, after] = [one[name] ?? null, other[name] ?? null];
    return before === after ? [] : [`${name}: ${before ?? 'not known'} -> ${after ?? 'not known'}`];
  });
  return found.length > 0 ? found : [sameMachine];
}

/**
 * Parts stored results into those of the current result's cohort and those of others, each told apart. An empty cohort is not known: it is of no other.
 * Pure; keeps the order.
 */
export function splitByCohort(members: readonly Member[], current: CurrentCohort): { same: Member[]; others: OtherCohort[] } {
  const same: Member[] = [];
  const others = new Map<string, OtherCohort>();
  for (const member of members) {
    if (member.cohort === current.cohort && current.cohort !== '') {
      same.push(member);
      continue;
    }
    const known = others.get(member.cohort);
    if (known) known.members.push(member);
    else {
      const differences =
        member.cohort === '' || current.cohort === ''
          ? [`the cohort of ${member.cohort === '' ? member.name : 'this result'} is not known`]
          : describeCohortDifference(withModel(member.document, current), withModel(current, current));
      others.set(member.cohort, { cohort: member.cohort, members: [member], differences });
    }
  }
  return { same, others: [...others.values()] };
}

/** The model is a member of the cohort, but stands elsewhere in the document. */
function withModel({ environment, model }: CurrentCohort, current: CurrentCohort): Environment {
  return current.model === undefined ? environment : { ...environment, model };
}
