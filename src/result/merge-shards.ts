import { UserError } from '../config/errors.ts';
import { fewOf, loadDifferences } from './differences.ts';
import type { ResultDocument, ValidityCheck } from './document.ts';
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
 * @throws UserError (exit 2) naming the shards of a run that are missing or came twice, or that were asked for unlike loads
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
  const groups = (once ? [[...parts]] : groupByTime(parts)).map(byIndex);
  for (const group of groups) {
    checkComplete(group, parts);
    checkOneLoad(group);
  }
  return groups;
}

/** Shards of unlike loads are no parts of one, whatever their places say. */
function checkOneLoad([first, ...others]: readonly Part[]): void {
  for (const other of others) {
    const found = first === undefined ? [] : loadDifferences(first.document, other.document);
    if (first === undefined || found.length === 0) continue;
    throw new UserError(`${placeOf(first)} and ${placeOf(other)} are no parts of one load; what differs: ${fewOf(found)}`, {
      hint: 'Give every machine the same configuration and the same seed.',
    });
  }
}

/** Shards whose windows have less than this of the shortest one in common began apart. */
const fewInCommon = 0.9;
/** As far apart begin machines that were told the same time: a load of a few milliseconds is none the less one. */
const atOnceSeconds = 0.2;
/** With less than this in common they were no load together. */
const tooFewInCommon = 0.5;

/** Whether the shards of a run were measured at the same time, and whether they were at least one load; null where the parts are no shards, or do not say when they were measured. */
export function togetherCheck(group: readonly Part[]): { check: ValidityCheck; oneLoad: boolean } | null {
  if (group.length < 2 || shardOf((group[0] as Part).document) === null) return null;
  const spans = group.flatMap((part) => {
    const span = part.document.results.total_requests === 0 ? null : spanOf(part);
    return span === null ? [] : [{ part, ...span }];
  });
  if (spans.length < 2) return null;
  const latest = spans.reduce((a, b) => (b.start > a.start ? b : a));
  const earliest = spans.reduce((a, b) => (b.start < a.start ? b : a));
  const shortest = Math.min(...spans.map(({ start, end }) => end - start));
  const common = Math.max(0, Math.min(...spans.map(({ end }) => end)) - latest.start) / shortest;
  const ok = common >= fewInCommon || latest.start - earliest.start < atOnceSeconds;
  const apart = `shard ${placeOf(latest.part)} began ${(latest.start - earliest.start).toFixed(1)} s after ${placeOf(earliest.part)}: ${(100 * common).toFixed(0)}% of the shortest one's time is of all of them`;
  const oneLoad = ok || common >= tooFewInCommon;
  const detail = ok
    ? 'the shards were measured at the same time'
    : oneLoad
      ? `${apart}; begin with one --start-at`
      : `${apart}, so that the service never had the whole load, whose rates these are; begin with one --start-at, and set the clocks alike`;
  return { check: { name: 'shards_together', ok, severity: 'advice', detail }, oneLoad };
}

const placeOf = (part: Part): string => `${indexOf(part)}/${countOf(part)} (${part.name})`;

/** @param all parts that say they are of such a load, of this run or another */
function checkComplete(group: readonly Part[], all: readonly Part[]): void {
  const [first] = group as [Part];
  const count = countOf(first);
  const names = (parts: readonly Part[]) => byIndex(parts).map(placeOf);
  const doubled = group.filter((part) => group.some((other) => other !== part && indexOf(other) === indexOf(part)));
  if (doubled.length > 0) {
    throw new UserError(`a shard of scenario ${first.document.scenario} came twice: ${names(doubled).join(' and ')}`, {
      hint: 'Leave one of them out; runs of the same load may be added when their times do not overlap.',
    });
  }
  const present = new Set(group.map(indexOf));
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !present.has(index));
  if (missing.length === 0) return;
  const again = all.filter((part) => !group.includes(part) && present.has(indexOf(part)));
  const came = again.length === 0 ? '' : `, and ${names(again).join(', ')} came again`;
  throw new UserError(
    `scenario ${first.document.scenario} was divided over ${count} machines: shard ${missing.map((index) => `${index}/${count}`).join(', ')} is missing beside ${names(group).join(', ')}${came}`,
    { hint: 'Without it the sums would be those of another load: name every result of the run.' },
  );
}
