import type { ProfiledFunction } from '../observe/profile/profiled.ts';
import type { ResultDocument } from '../result/document.ts';
import { type ProfileMember, profileMembers, profilesOf } from '../result/profiles.ts';
import type { Escaping } from './escape.ts';
import type { FindingBlock } from './findings/block.ts';
import { formatCount, formatDuration } from './numbers.ts';

/** What the profiles of a result show, what changed between base and this first. @param most functions of each kind */
export function profileBlocks(result: ResultDocument, escaping: Escaping, most = 10): FindingBlock[] {
  return profileMembers.flatMap((member) => blocksOf(result, member, escaping, most));
}

function blocksOf(result: ResultDocument, member: ProfileMember, escaping: Escaping, most: number): FindingBlock[] {
  const profiles = profilesOf(result, member);
  if (profiles === null) return [];
  const of = (title: string) => (member === 'profiles' ? title : `Components: ${title}`);
  const { cpu, memory, changed, goroutines, seconds, taken_by: tool } = profiles;
  const taken = [
    ...(tool && typeof seconds === 'number'
      ? [`taken by ${escaping.text(tool)} in ${formatDuration(seconds)} under load, after what was judged`]
      : []),
    ...(goroutines ? [`goroutines: ${goroutines.total === null ? '' : `${formatCount(goroutines.total)}, `}${escaping.code(goroutines.file)}`] : []),
  ];
  const list = (title: string, file: string | null, functions: readonly ProfiledFunction[], share: string): FindingBlock[] =>
    functions.length === 0 && file === null
      ? []
      : [
          {
            title: of(title),
            lines: file === null ? [] : [escaping.code(file)],
            table: functions.length === 0 ? null : tableOf(functions.slice(0, most), share, escaping),
          },
        ];
  const blocks = [
    ...list('CPU that changed most between base and this', null, changed?.cpu ?? [], 'Of the base'),
    ...list('Allocations that changed most between base and this', null, changed?.memory ?? [], 'Of the base'),
    ...list('Top CPU functions', cpu?.file ?? null, cpu?.top ?? [], 'Share'),
    ...list('Top allocation sites', memory?.file ?? null, memory?.top ?? [], 'Share'),
  ];
  const [first, ...rest] = blocks;
  return first === undefined ? [] : [{ ...first, lines: [...taken, ...first.lines] }, ...rest];
}

/** What a fold is called: the function that changed most, or the one with the most CPU. */
export function profileTitle(result: ResultDocument, escaping: Escaping): string {
  const all = profileMembers.map((member) => profilesOf(result, member));
  const changed = all.map((profiles) => profiles?.changed?.cpu[0]).find((one) => one !== undefined);
  if (changed !== undefined) return `Profile: ${escaping.code(changed.function)} changed most (${signed(changed.flat_percent)} % of the base's CPU)`;
  const top = all.map((profiles) => profiles?.cpu?.top[0]).find((one) => one !== undefined);
  return top === undefined ? 'Profile' : `Profile: ${escaping.code(top.function)} has ${top.flat_percent} % of the CPU`;
}

function tableOf(functions: readonly ProfiledFunction[], share: string, escaping: Escaping): NonNullable<FindingBlock['table']> {
  const isChange = share !== 'Share';
  return {
    cells: ['Itself', share, 'Function'],
    align: ['r', 'r', 'l'],
    rows: functions.map((one) => [
      escaping.text(one.flat),
      `${isChange ? signed(one.flat_percent) : one.flat_percent} %`,
      escaping.code(one.function),
    ]),
  };
}

const signed = (percent: number): string => (percent > 0 ? `+${percent}` : String(percent).replace('-', '−'));
