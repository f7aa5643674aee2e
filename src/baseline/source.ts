import type { BaselineSource } from '../config/bench-config.ts';
import { UserError } from '../config/errors.ts';
import type { Repository } from '../github/client.ts';
import type { EventContext } from '../github/context.ts';
import type { ResultDocument } from '../result/document.ts';
import { type BaselineCandidate, type BaselineStore, Refused, StoreUnavailable } from './store.ts';

export interface BaselineOptions {
  source: BaselineSource;
  /** The names of the scenarios that were or will be measured. */
  scenarios: readonly string[];
  /** How many stored results are wanted: 1 to compare by rules, more for a pool. Files that are named are all taken. Default 1. */
  want?: number;
  /** Folder that relative paths are relative to. */
  root: string;
  /** The repository whose artifacts are read; null without a token or outside a repository. */
  repository: Repository | null;
  /** The run that asks; null outside a workflow. */
  context: Pick<EventContext, 'defaultBranch' | 'runId'> | null;
}

export interface BaselineHit {
  found: true;
  /** Newest first. */
  documents: ResultDocument[];
  /** The commit of the newest; null where it is not known. */
  sha: string | null;
  /** Where they come from, in a reader's words. */
  description: string;
  /** Commits between the newest and the ideal base; null where the order of commits was not asked for. */
  distance: number | null;
  /** What a reader must know of them, a sentence each. */
  notes: string[];
  /** What was passed over, and why. */
  skipped: string[];
}

export interface BaselineMiss {
  found: false;
  documents: [];
  /** One or two sentences for the report. */
  reason: string;
  /** False for a first run and for `none`; true where something stands in the way and should be looked at. */
  warning: boolean;
  skipped: string[];
}

export type BaselineFound = BaselineHit | BaselineMiss;

/** Opening one costs three calls of the API and a download. */
const maxOpened = 30;
/** More would be a wall: the newest are told, the rest counted. */
const maxTold = 20;

/**
 * Finds what to compare with. That there is nothing, or that the store does not answer, is an answer, not an error.
 * @throws UserError for a store that this version does not have
 */
export async function findBaseline(options: BaselineOptions): Promise<BaselineFound> {
  if (options.source.kind === 'none') return miss('No baseline is asked for (baseline: none): only limits are judged.', false, []);
  let store: BaselineStore;
  try {
    store = await openStore(options);
  } catch (error) {
    if (error instanceof StoreUnavailable) return unreadable(error, []);
    throw error;
  }
  return search(store, options);
}

async function search(store: BaselineStore, options: BaselineOptions): Promise<BaselineFound> {
  const want = options.source.kind === 'file' ? Number.POSITIVE_INFINITY : (options.want ?? 1);
  const hits: Array<{ candidate: BaselineCandidate; document: ResultDocument; sha: string | null }> = [];
  const notes: string[] = [];
  const skipped: string[] = [];
  // What was passed over though it was meant as a baseline.
  const unusable: string[] = [];
  let opened = 0;
  try {
    for await (const candidate of store.newest({ excludeRun: options.context?.runId ?? null })) {
      try {
        if ('refused' in candidate) throw candidate.refused;
        if (opened++ === maxOpened) {
          unusable.push(`${maxOpened} were looked at and could not be used, the last ${skipped.at(-1)}`);
          break;
        }
        const stored = await candidate.open();
        notes.push(...checkFitness(stored.document, candidate, options.scenarios));
        hits.push({ candidate, ...stored });
        if (hits.length >= want) break;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        const line = lineOf(candidate.name, error.message);
        skipped.push(line);
        if (!error.ineligible) unusable.push(line);
      }
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    if (hits.length === 0) return unreadable(error, skipped);
    notes.push(`Older results could not be read: ${error.message}`);
  }
  const [newest] = hits;
  if (newest) {
    return {
      found: true,
      documents: hits.map(({ document }) => document),
      sha: newest.sha,
      description: describe(hits.map(({ candidate }) => candidate)),
      distance: null,
      notes,
      skipped: told(skipped),
    };
  }
  if (unusable.length === 0) return miss(store.whenEmpty(), false, skipped);
  const more = unusable.length > 1 ? ` and ${unusable.length - 1} more` : '';
  return miss(`No usable baseline among ${store.describe()}. Passed over: ${unusable[0]}${more}.`, true, skipped);
}

async function openStore(options: BaselineOptions): Promise<BaselineStore> {
  const { source, root, repository, context } = options;
  switch (source.kind) {
    case 'artifact': {
      if (!repository)
        throw new StoreUnavailable('artifacts are read with a token (input github-token) from within a workflow run, and there is none.');
      const { artifactStore, defaultBranch } = await import('./artifact-store.ts');
      const branch = source.branch ?? context?.defaultBranch ?? (await defaultBranch(repository));
      return artifactStore({ repository, name: source.artifact, branch });
    }
    case 'folder':
      return (await import('./folder-store.ts')).folderStore(source.folder, root);
    case 'file':
      return (await import('./file-store.ts')).fileStore(source.files, root);
    default:
      throw new UserError(`baseline: { ${source.kind} } is not supported by this version`, {
        hint: 'Use { artifact }, { folder }, { file } or none.',
      });
  }
}

/**
 * Whether a stored result may be compared with what is asked. What the user named is taken as it is and its faults are told; what was found
 * automatically must be admissible and hold at least one of the scenarios (one that was added or dropped shows as new or missing in the verdict).
 * @returns notes for the reader
 */
function checkFitness(document: ResultDocument, candidate: BaselineCandidate, scenarios: readonly string[]): string[] {
  const faults: string[] = [];
  if (document.partial) faults.push(`is of an interrupted run (${document.stop_reason})`);
  if (!document.admissible) faults.push(`is not fit to be a baseline${failedChecks(document)}`);
  const held = scenariosOf(document);
  const common = scenarios.filter((scenario) => held.includes(scenario));
  if (held.length === 0) faults.push('does not say which scenario it is of');
  else if (common.length === 0) faults.push(`is of ${plural('scenario', held)}, not ${scenarios.join(', ')}`);
  if (faults.length > 0) {
    if (!candidate.named) throw new Refused(faults.join('; '));
    return faults.map((fault) => `${candidate.name} ${fault}.`);
  }
  const added = scenarios.filter((scenario) => !held.includes(scenario));
  const dropped = held.filter((scenario) => !scenarios.includes(scenario));
  const notes: string[] = [];
  if (added.length > 0) notes.push(`The baseline (${candidate.name}) does not have ${plural('scenario', added)}.`);
  if (dropped.length > 0) notes.push(`The baseline (${candidate.name}) also has ${plural('scenario', dropped)}, not measured here.`);
  return notes;
}

/** `scenario` names one or, after a run of several, all of them; the series' labels say it as well. */
function scenariosOf(document: ResultDocument): string[] {
  const named = document.scenario.split(',').map((name) => name.trim());
  const labels = document.series.map((series) => series.labels.scenario).filter((label) => typeof label === 'string');
  return [...new Set(labels.length > 0 ? labels : named)].filter((name) => name !== '');
}

function failedChecks(document: ResultDocument): string {
  const failed = document.validity.checks.filter((check) => !check.ok).map((check) => check.name);
  return failed.length > 0 ? ` (${failed.join(', ')})` : '';
}

function plural(word: string, names: string[]): string {
  return `${word}${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}

/** One line, naming what it is about once. */
function lineOf(name: string, reason: string): string {
  const line = reason.replace(/\s*\n\s*/g, ' ');
  return line.startsWith(name) ? line : `${name}: ${line}`;
}

function describe(candidates: BaselineCandidate[]): string {
  const newest = candidates[0]?.description() ?? '';
  return candidates.length > 1 ? `${candidates.length} results, the newest ${newest}` : newest;
}

function unreadable(error: StoreUnavailable, skipped: string[]): BaselineMiss {
  return miss(`The baseline could not be read: ${error.message}`, true, skipped);
}

function miss(reason: string, warning: boolean, skipped: string[]): BaselineMiss {
  return { found: false, documents: [], reason, warning, skipped: told(skipped) };
}

function told(skipped: string[]): string[] {
  return skipped.length <= maxTold ? skipped : [...skipped.slice(0, maxTold), `and ${skipped.length - maxTold} more`];
}
