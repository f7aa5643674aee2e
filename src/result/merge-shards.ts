import { UserError } from '../config/errors.ts';
import type { ResultDocument } from './document.ts';
import { groupByTime, spanOf } from './merge-order.ts';
import type { Part } from './merge-series.ts';

/** A machine's part of a load that several shared, counted from 1; null where the result is of the whole load. */
export function shardOf(document: ResultDocument): { index: number; count: number } | null {
  const { shard } = document;
  if (typeof shard !== 'object' || shard === null) return null;
  const { index, count } = shard as { index?: unknown; count?: unknown };
  if (!Number.isInteger(index) || !Number.isInteger(count)) return null;
  return (count as number) > 1 && (index as number) >= 1 && (index as number) <= (count as number)
    ? { index: index as number, count: count as number }
    : null;
}

/**
 * Groups the parts that make up one run: shards by what they say of themselves, others by overlapping times. In order of their starts, where those are known.
 * @throws UserError (exit 2) naming the shards of a run that are missing or came twice
 */
export function groupRuns(parts: readonly Part[]): Part[][] {
  const loads = new Map<string, Part[]>();
  const whole: Part[] = [];
  for (const part of parts) {
    const shard = shardOf(part.document);
    if (shard === null) {
      whole.push(part);
      continue;
    }
    const load = JSON.stringify([part.document.scenario, shard.count]);
    const known = loads.get(load);
    if (known) known.push(part);
    else loads.set(load, [part]);
  }
  if (loads.size === 0) return groupByTime(whole);
  const groups = [...[...loads.values()].flatMap(shardGroups), ...groupByTime(whole)];
  const start = (group: readonly Part[]) => Math.min(...group.map((part) => spanOf(part)?.start ?? Number.POSITIVE_INFINITY));
  return groups.sort((a, b) => (start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0));
}

const indexOf = (part: Part): number => (shardOf(part.document) as { index: number }).index;
const countOf = (part: Part): number => (shardOf(part.document) as { count: number }).count;
const byIndex = (parts: readonly Part[]): Part[] => [...parts].sort((a, b) => indexOf(a) - indexOf(b));

/** One run if every shard came once, whatever their clocks say; several runs of the same load, each by its own time, if shards come more than once. */
function shardGroups(parts: readonly Part[]): Part[][] {
  const once = new Set(parts.map(indexOf)).size === parts.length;
  const groups = once ? [[...parts]] : groupByTime(parts);
  for (const group of groups) checkComplete(group);
  return groups.map(byIndex);
}

function checkComplete(group: readonly Part[]): void {
  const [first] = group as [Part];
  const count = countOf(first);
  const names = (parts: readonly Part[]) => byIndex(parts).map((part) => `${indexOf(part)}/${count} (${part.name})`);
  const doubled = group.filter((part) => group.some((other) => other !== part && indexOf(other) === indexOf(part)));
  if (doubled.length > 0) {
    throw new UserError(`a shard of scenario ${first.document.scenario} came twice: ${names(doubled).join(' and ')}`, {
      hint: 'Leave one of them out; runs of the same load may be added when their times do not overlap.',
    });
  }
  const present = new Set(group.map(indexOf));
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !present.has(index));
  if (missing.length === 0) return;
  throw new UserError(
    `scenario ${first.document.scenario} was divided over ${count} machines: shard ${missing.map((index) => `${index}/${count}`).join(', ')} is missing beside ${names(group).join(', ')}`,
    { hint: 'Without it the sums would be those of another load: name every result of the run.' },
  );
}
