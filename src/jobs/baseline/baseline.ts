import { refuseUnfit } from '../../baseline/fitness.ts';
import { isPool, type Member, membersOf } from '../../baseline/member.ts';
import { refuseInadmissible } from '../../baseline/pool.ts';
import { told } from '../../baseline/source.ts';
import type { BaselineCandidate, BaselineStore } from '../../baseline/store.ts';
import { maxPools, readUnion } from '../../baseline/union.ts';
import { UserError } from '../../config/errors.ts';
import { terminalText } from '../../report/escape.ts';
import type { BaselineMark, ResultDocument, Run } from '../../result/document.ts';
import { readResult } from '../../result/read.ts';
import { writeResult } from '../../result/write.ts';
import { compactStore } from './compact.ts';
import { reaching } from './open-baselines.ts';

/** What a command reads at most; the newest of them. */
const maxListed = 200;

export interface Listing {
  /** Newest first. */
  members: Member[];
  /** What could not be used, a line each. */
  skipped: string[];
}

/** Every admissible result of a store. @throws UserError (2) when the store does not answer */
export async function listBaselines(store: BaselineStore): Promise<Listing> {
  const union = await reaching(() =>
    readUnion(store, { query: { excludeRun: null }, maxOpened: maxListed, enough: () => false, check: refuseInadmissible }),
  );
  if (union.unavailable) throw new UserError(union.unavailable.message, { cause: union.unavailable });
  return { members: union.members, skipped: told(union.unusable) };
}

/** A row of `baseline list --json`. */
export interface BaselineRow {
  name: string;
  commit: string | null;
  measured: string | null;
  scenario: string;
  target: string;
  cohort: string | null;
  tag: string | null;
  pinned: boolean;
  accepted: string | null;
  compacted: boolean;
}

/** What `baseline list` shows of each member. */
export function rowsOf(members: readonly Member[]): BaselineRow[] {
  return members.map(({ name, sha, timestamp, document, cohort, mark, accepted, compacted }) => ({
    name,
    commit: sha,
    measured: timestamp || null,
    scenario: document.scenario,
    target: document.target,
    cohort: cohort || null,
    tag: mark?.tag ?? null,
    pinned: mark?.pinned ?? false,
    accepted: accepted?.by ?? null,
    compacted,
  }));
}

/** The rows as text, a line each, columns aligned. */
export function renderRows(rows: readonly BaselineRow[]): string {
  const cells = rows.map((row) => [
    row.commit?.slice(0, 12) ?? '-',
    row.measured?.slice(0, 16).replace('T', ' ') ?? '-',
    row.scenario || '-',
    row.cohort ?? '-',
    [...(row.tag ? [row.tag] : []), ...(row.pinned ? ['(pinned)'] : []), ...(row.accepted ? [`(accepted by ${row.accepted})`] : [])].join(' ') || '-',
    row.name,
  ]);
  const table = [['COMMIT', 'MEASURED', 'SCENARIO', 'COHORT', 'TAG', 'RESULT'], ...cells].map((line) => line.map((cell) => terminalText(cell)));
  const widths = (table[0] as string[]).map((_, column) => Math.max(...table.map((line) => (line[column] as string).length)));
  return table
    .map((line) => `${line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] as number))).join('  ')}\n`)
    .join('');
}

/**
 * The newest stored result that a word names: `latest`, a tag, a run's id or attempt, the name that `list` shows, or a commit (its first digits).
 * @throws UserError (2) when there is none, or where the digits begin several commits
 */
export function select(members: readonly Member[], word: string): Member {
  const named = members.find((member) => {
    const runId = member.document.ci?.run_id ?? null;
    return (
      word === 'latest' ||
      member.mark?.tag === word ||
      member.name === word ||
      runId === word ||
      (runId !== null && `${runId}.${member.document.ci?.attempt ?? 1}` === word)
    );
  });
  const found = named ?? ofCommit(members, word);
  if (found) return found;
  const known = members.length === 0 ? 'the store holds none' : `the store holds ${members.length}; \`llm-bench baseline list\` shows them`;
  throw new UserError(`no stored result is ${JSON.stringify(word)}: ${known}`, {
    hint: 'Name a tag, a commit, a run, the name that list shows, or latest.',
  });
}

const mostCandidates = 10;

/** The newest result of the commit that begins with these digits. */
function ofCommit(members: readonly Member[], digits: string): Member | undefined {
  if (!/^[0-9a-f]{4,64}$/.test(digits)) return undefined;
  const fitting = members.filter(({ sha }) => sha?.startsWith(digits) === true);
  const commits = new Map(fitting.map((member) => [member.sha, member]));
  if (commits.size > 1 && !commits.has(digits)) {
    const listed = [...commits.values()].slice(0, mostCandidates).map(({ sha, timestamp, name }) => `${sha} (${timestamp || 'no date'}, ${name})`);
    const more = commits.size > mostCandidates ? `, and ${commits.size - mostCandidates} more` : '';
    throw new UserError(`${digits} begins ${commits.size} commits that have stored results: ${listed.join(', ')}${more}`, {
      hint: 'Name more digits of the commit, a tag, or the name that `llm-bench baseline list` shows.',
    });
  }
  return fitting.find(({ sha }) => sha === digits) ?? fitting[0];
}

export interface PushOptions {
  store: BaselineStore;
  file: string;
  tag: string | null;
  pin: boolean;
  /** The commit that is checked out, for a result that names none; null outside a repository. */
  headSha(): Promise<string | null>;
  /** ISO 8601. */
  now: string;
}

/**
 * Stores a result file as a baseline. Returns what it can be found by.
 * @throws UserError: exit 3 for a measurement that is not valid, exit 2 for one that is partial or not admissible, or a store that refuses it
 */
export async function pushBaseline({ store, file, tag, pin, headSha, now }: PushOptions): Promise<string> {
  const document = await readResult(file);
  refuseUnfit(document, file);
  const git = { ...document.git, sha: document.git.sha ?? (await headSha()) };
  const label = tag ?? (pin ? defaultTag(git.sha, document.timestamp) : null);
  const mark = label === null && !pin ? null : { tag: label, pinned: pin, at: now };
  const pushed = { ...document, git, ...(label === null ? {} : { tag: label }), ...(mark === null ? {} : { mark }) };
  return reaching(() => store.push(pushed));
}

const defaultTag = (sha: string | null, timestamp: string): string => sha?.slice(0, 12) ?? timestamp.slice(0, 10);

/** Writes a stored result to a file. */
export async function pullBaseline(store: BaselineStore, word: string, output: string): Promise<Member> {
  const member = select((await listBaselines(store)).members, word);
  await writeResult(output, member.document);
  return member;
}

/**
 * Makes a stored result an anchor, which pruning keeps and drift is held against, or no longer. Artifacts cannot be changed: there a compacted document is
 * stored that says so.
 * @param tag null: the one it has, else its commit
 * @throws UserError (2) when it is not there or the store cannot be written
 */
export async function pinBaseline(
  store: BaselineStore,
  word: string,
  options: { pinned: boolean; tag: string | null; now: string },
): Promise<Member> {
  const member = select((await listBaselines(store)).members, word);
  const { pinned, now } = options;
  const tag = options.tag ?? member.mark?.tag ?? (pinned ? defaultTag(member.sha, member.timestamp) : null);
  const mark: BaselineMark = { tag, pinned, at: now };
  if (store.artifacts) await compactStore(store, { now, marks: new Map([[member.key, mark]]) });
  else {
    if (!store.edit) throw new UserError(`${store.describe()} cannot be changed`);
    const edit = store.edit;
    const edited = await reaching(() => edit((document, name) => withMark(document, name, member.key, mark)));
    if (edited.changed.length === 0) throw new UserError(`${member.name} was not found any more: somebody else has changed the store`);
  }
  return { ...member, mark };
}

function withMark(document: ResultDocument, name: string, key: string, mark: BaselineMark): ResultDocument {
  if (isPool(document)) {
    const runs = document.runs.map((run) => (run.origin?.key === key ? { ...run, mark } : run));
    return runs.some((run, index) => run !== document.runs[index]) ? { ...document, runs } : document;
  }
  if (keyIn(document, name) !== key) return document;
  const { tag: _before, ...rest } = document;
  return { ...rest, ...(mark.tag === null ? {} : { tag: mark.tag }), mark };
}

const keyIn = (document: ResultDocument, name: string): string | undefined =>
  membersOf(document, { name, description: name, sha: null, artifact: null, runId: null })[0]?.key;

export interface PruneOptions {
  /** The newest of each cohort that stay; null: any number. */
  keep: number | null;
  /** Results measured before that are removed, ISO 8601; null: of any age. */
  before: string | null;
  dryRun: boolean;
}

export interface Pruned {
  removed: string[];
  /** Jobs that only a compacted artifact holds: it cannot be changed; the next compaction keeps the last 50 of each cohort. */
  remaining: number;
}

/**
 * Removes stored results by number or age. What is pinned stays, and what cannot be read.
 * @throws UserError (2) when neither is given, or the store cannot be written
 */
export async function pruneBaselines(store: BaselineStore, { keep, before, dryRun }: PruneOptions): Promise<Pruned> {
  if (keep === null && before === null) throw new UserError('nothing says what to prune: expected --keep N, --max-age-days N or both');
  const { members } = await listBaselines(store);
  const counts = new Map<string, number>();
  const doomed = members.filter((member) => {
    if (member.mark?.pinned) return false;
    const place = counts.get(member.cohort) ?? 0;
    counts.set(member.cohort, place + 1);
    return (keep !== null && place >= keep) || (before !== null && member.timestamp !== '' && Date.parse(member.timestamp) < Date.parse(before));
  });
  const { artifacts, edit } = store;
  if (artifacts) {
    const own = doomed.filter((member) => !member.compacted);
    const superseded = await supersededPools(store);
    const ids = [...doomed.map(({ artifact }) => artifact), ...superseded.map(({ known }) => known.artifact)];
    if (!dryRun) for (const id of ids) if (id !== null) await artifacts.remove(id);
    return { removed: [...own, ...superseded].map(({ name }) => name), remaining: doomed.length - own.length };
  }
  if (dryRun || doomed.length === 0) return { removed: doomed.map(({ name }) => name), remaining: 0 };
  if (!edit) throw new UserError(`${store.describe()} cannot be changed`);
  const keys = new Set(doomed.map(({ key }) => key));
  const edited = await reaching(() =>
    edit((document, name) => {
      if (!isPool(document)) return keys.has(keyIn(document, name) ?? '') ? null : document;
      const runs = document.runs.filter((run: Run) => !keys.has(run.origin?.key ?? ''));
      return runs.length === document.runs.length ? document : runs.length === 0 ? null : { ...document, runs };
    }),
  );
  return { removed: [...edited.removed, ...edited.changed], remaining: 0 };
}

/** Compacted documents that later ones have replaced. */
async function supersededPools(store: BaselineStore): Promise<BaselineCandidate[]> {
  const found: BaselineCandidate[] = [];
  await reaching(async () => {
    for await (const candidate of store.pools?.({ excludeRun: null }) ?? []) if (!('refused' in candidate)) found.push(candidate);
  });
  return found.slice(maxPools);
}

/** The pinned results of a store, the oldest first: what drift is held against. @throws UserError (2) when the store does not answer */
export async function findAnchors(store: BaselineStore): Promise<Member[]> {
  const { members } = await listBaselines(store);
  return members.filter(({ mark }) => mark?.pinned === true).reverse();
}
