import { openStore } from '../../baseline/open-store.ts';
import type { CommitOrder } from '../../baseline/order.ts';
import { findPool, type Pool } from '../../baseline/pool.ts';
import { type BaselineFound, type BaselineHit, type BaselineOptions, findBaseline } from '../../baseline/source.ts';
import { StoreUnavailable } from '../../baseline/store.ts';
import type { BaselineSource } from '../../config/bench-config.ts';
import { UserError } from '../../config/errors.ts';
import { isBaselineEvent } from '../../publish/artifact.ts';
import { differences } from '../../result/differences.ts';
import type { ResultDocument } from '../../result/document.ts';
import { baselineWarnings } from '../missing-baseline.ts';
import type { ConcludeOptions } from './options.ts';

/** What a result is compared with: the nearest stored result, and the pool of earlier ones of its cohort. */
export interface Compared {
  found: BaselineFound;
  /** Null where there is none to be had: no baseline, or files that were named. */
  pool: Pool | null;
  /** The base and its history, by which the baseline's distance is told; null where it cannot be told. */
  order: CommitOrder | null;
}

/** The job's own artifact, unless the configuration names another source. */
export function baselineSource({ config, artifactName }: Pick<ConcludeOptions, 'config' | 'artifactName'>): BaselineSource {
  const { baseline, origins } = config;
  if (baseline.kind !== 'artifact' || (origins['baseline.artifact'] ?? 'default') !== 'default') return baseline;
  return { ...baseline, artifact: artifactName };
}

/** Finds the stored result that is nearest to the base, before anything is measured: that there is none is said early. */
export async function findStored(options: ConcludeOptions, scenarios: readonly string[], order: CommitOrder | null): Promise<BaselineFound> {
  const found = asToldHere(await findBaseline(asked(options, scenarios, order)), options);
  tellBaseline(found, options);
  return found;
}

/** The pool for a measured result, and what of it is to be compared with. */
export async function withPool(
  options: ConcludeOptions,
  document: ResultDocument,
  { found, scenarios, order }: { found: BaselineFound; scenarios: readonly string[]; order: CommitOrder | null },
): Promise<Compared> {
  if (!found.found || options.config.baseline.kind === 'file') return { found, pool: null, order };
  return { ...(await nearestAndPool(asked(options, scenarios, order), found, document)), order };
}

/**
 * The pool for a measured result. Where the nearest stored result is of another cohort and the pool has one of this one's, that is taken instead: what is
 * found by itself is not compared across machines as long as there is another way.
 */
export async function nearestAndPool(
  asked: BaselineOptions,
  found: BaselineHit,
  document: ResultDocument,
): Promise<{ found: BaselineHit; pool: Pool }> {
  const pool = await findPool({ ...asked, current: document });
  const [nearest] = found.documents;
  const [member] = pool.members;
  if (nearest === undefined || member === undefined || nearest.cohort === document.cohort) return { found, pool };
  const { sha, distance, description } = member;
  return { found: { ...found, documents: [member.document], sha, distance, description }, pool };
}

/** That a result is held against one of another machine or another scenario must not be overlooked. */
export function cohortRemark(baseline: ResultDocument | null, current: ResultDocument): string | null {
  if (baseline === null || baseline.cohort === '' || current.cohort === '' || baseline.cohort === current.cohort) return null;
  const found = differences(baseline, current).filter((sentence) => sentence.startsWith('environment'));
  const what = found.length > 0 ? found.map((sentence) => sentence.replace(/^environment\./, '')).join('; ') : 'the scenario or its settings differ';
  return `The baseline is of another cohort: ${what}. A change may come from that alone; with base-ref, base and head are measured in turn on one machine.`;
}

function asked(options: ConcludeOptions, scenarios: readonly string[], order: CommitOrder | null) {
  const { config, repository, context } = options;
  return { source: baselineSource(options), scenarios, root: config.root, repository, context, order };
}

/** The very run that leaves the first baseline should not say that the next one will. */
function asToldHere(found: BaselineFound, options: ConcludeOptions): BaselineFound {
  if (found.found || found.warning || !leavesBaseline(options)) return found;
  return { ...found, reason: 'No baseline yet: this run leaves the first one, and pull requests after it are compared with that.' };
}

/** Whether this run's result may become the baseline of others. */
export function leavesBaseline({ config, context }: ConcludeOptions): boolean {
  const { baseline } = config;
  if (baseline.kind === 'none' || baseline.kind === 'file') return false;
  return isBaselineEvent(context, baseline.kind === 'artifact' ? baseline.branch : null);
}

/** Adds the result to a store that is no artifact. That it could not be is a warning: the check itself does not depend on it. */
export async function pushToStore(options: ConcludeOptions, document: ResultDocument): Promise<void> {
  const { config, repository, context, log } = options;
  try {
    const store = await openStore({ source: config.baseline, root: config.root, repository, context });
    log.info(`stored as ${await store.push(document)}`);
  } catch (error) {
    if (!(error instanceof UserError) && !(error instanceof StoreUnavailable)) throw error;
    const hint = error instanceof UserError ? error.hint : null;
    log.warning([`The result was not stored as a baseline: ${error.message}`, hint].filter(Boolean).join(' '));
  }
}

function tellBaseline(found: BaselineFound, { log, config }: Pick<ConcludeOptions, 'log' | 'config'>): void {
  const warnings = baselineWarnings(found, config);
  for (const line of warnings) log.warning(line);
  if (warnings.length === 0) {
    for (const line of found.skipped) log.info(`baseline passed over: ${line}`);
    if (!found.found) log[found.warning ? 'warning' : 'info'](found.reason);
  }
  if (found.found) log.info(`baseline: ${found.description}`);
}
