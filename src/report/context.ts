import type { Verdict } from '../verdict/verdict.ts';
import { type Escaping, forSummary } from './escape.ts';
import type { ReportInput } from './input.ts';
import { formatDuration, plural } from './numbers.ts';

/** `scenario` on `target` · this PR `a1b2c3d` against main `d4e5f6a` (its merge base) · paired, 9 rounds in 3 min 10 s */
export function contextLine(input: ReportInput, names: { current: string; baseline: string }, escaping: Escaping): string {
  const { verdict, current } = input;
  const sha = input.headSha === undefined ? current.git.sha : input.headSha;
  const subject = `${escaping.text(names.current)}${sha ? ` ${shortSha(sha, escaping)}` : ''}`;
  const what = [current.scenario, current.target].filter((name) => name !== '').map((name) => escaping.code(name));
  const parts = [what.join(' on '), `${subject}${against(verdict, names.baseline, escaping)}`, cost(input)];
  if (input.runUrl && /^https:\/\/[\w.:/-]+$/.test(input.runUrl))
    parts.push(escaping === forSummary ? `<a href="${input.runUrl}">run</a>` : `[run](${input.runUrl})`);
  return parts.filter((part) => part !== '').join(' · ');
}

function against(verdict: Verdict, name: string, escaping: Escaping): string {
  const base = verdict.baseline;
  if (base === null) return ', without a baseline';
  const sha = base.sha ? ` ${shortSha(base.sha, escaping)}` : '';
  const who =
    base.runs > 1 && verdict.mode !== 'paired'
      ? ` against ${plural(base.runs, 'run')} of ${escaping.text(name)}${sha && ` up to${sha}`}`
      : ` against ${escaping.text(name)}${sha}`;
  const { distance, relation = 'merge base' } = base;
  const [same, from] = (relation === null ? undefined : relations[relation]) ?? [];
  if (distance === null || same === undefined) return who;
  if (distance === 0) return `${who} (${same})`;
  return `${who} (${plural(Math.abs(distance), 'commit')} ${distance > 0 ? 'before' : 'after'} ${from})`;
}

/** How a report calls the commit that a baseline's distance counts from: where the baseline is that one, and where it is so far from it. */
const relations: Record<string, readonly [string, string]> = {
  'merge base': ['its merge base', 'its merge base'],
  // Of the merge that was checked out: where it leaves the base branch.
  'first parent': ['its merge base', 'its merge base'],
  'previous commit': ['the commit before it', 'the commit before it'],
  "queue's base": ["the queue's base", "the queue's base"],
  'this commit': ['the same commit', 'it'],
};

function cost(input: ReportInput): string {
  const { verdict, current, baseline } = input;
  const sides = verdict.mode === 'paired' ? [current, baseline] : [current];
  const spent = verdict.paired ? 60 * verdict.paired.minutes : undefined;
  const seconds = input.elapsedSeconds ?? spent ?? sides.reduce((sum, side) => sum + (side?.results.duration_seconds ?? 0), 0);
  const rounds = verdict.mode === 'paired' ? plural(current.runs.length, 'round') : plural(current.results.total_requests, 'request');
  const noise = verdict.mode === 'rules' && verdict.baseline !== null ? ' (noise unknown)' : '';
  return `${verdict.mode}${noise}, ${rounds} in ${formatDuration(seconds)}`;
}

const shortSha = (sha: string, escaping: Escaping): string => escaping.code(/^[0-9a-f]{8,64}$/i.test(sha) ? sha.slice(0, 7) : sha);
