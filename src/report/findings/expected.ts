import { isObject } from '../../config/is-object.ts';
import type { ResultDocument } from '../../result/document.ts';
import { formatCount } from '../numbers.ts';
import { figure, foundIn } from './read.ts';

/** How many requests at once the target was named to bear, and how many it got; nothing where it names none. */
export function concurrencyLines(result: ResultDocument): string[] {
  const expected = expectedConcurrency(result);
  if (expected === null) return [];
  // Of levels those that were driven: the highest that was planned may not have been reached.
  const users = foundIn(result).flatMap(({ levels, results }) =>
    levels.length === 0 ? [figure(results['concurrency'])] : levels.filter(({ unit }) => unit === 'users').map(({ load }) => load),
  );
  const most = users.reduce<number | null>((top, count) => (count !== null && (top === null || count > top) ? count : top), null);
  if (most === null) return [`The target is said to bear ${formatCount(expected)} requests at once`];
  return [
    `Used ${formatCount(most)} of the ${formatCount(expected)} requests at once that the target is said to bear${most > expected ? ': the load was beyond what it expects' : ''}`,
  ];
}

function expectedConcurrency({ results, config: { resolved } }: ResultDocument): number | null {
  const stated = figure(results['expected_concurrency']);
  if (stated !== null) return stated;
  const target = isObject(resolved) ? resolved['target'] : null;
  return isObject(target) ? figure(target['expected_concurrency']) : null;
}
