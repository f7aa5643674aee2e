import { poolName } from '../../baseline/artifact-store.ts';
import type { BaselineSource } from '../../config/bench-config.ts';
import { UserError } from '../../config/errors.ts';
import { artifactNames } from '../../github/artifacts.ts';
import type { Repository } from '../../github/client.ts';
import { explainFailure } from '../../github/failure.ts';
import { type CompactReport, compactStore } from './compact.ts';
import { openBaselines } from './open-baselines.ts';

/** One job of a workflow each; a matrix of more is better compacted leg by leg. */
const maxNames = 50;

export interface CompactAllOptions {
  source: BaselineSource;
  /** Every artifact name that begins with the source's: the action gives each job and matrix leg its own. */
  everyName: boolean;
  repository: Repository | null;
  root: string;
  env: NodeJS.ProcessEnv;
  /** ISO 8601. */
  now: string;
}

/** Compacts the artifacts of one name, or of every job's. @throws UserError (2) when the store does not answer or cannot be written */
export async function compactAll({
  source,
  everyName,
  repository,
  root,
  env,
  now,
}: CompactAllOptions): Promise<(CompactReport & { name: string })[]> {
  const sources = await sourcesOf({ source, everyName, repository });
  const reports: (CompactReport & { name: string })[] = [];
  for (const one of sources) {
    const store = await openBaselines({ source: one, root, env, repository, defaultBranch: null });
    reports.push({ name: one.kind === 'artifact' ? one.artifact : store.describe(), ...(await compactStore(store, { now })) });
  }
  return reports;
}

/** The source itself, or one for each artifact name that begins with its own. @throws UserError (2) */
export async function sourcesOf({
  source,
  everyName,
  repository,
}: Pick<CompactAllOptions, 'source' | 'everyName' | 'repository'>): Promise<BaselineSource[]> {
  if (source.kind !== 'artifact' || !everyName || repository === null) return [source];
  return (await baselineNames(repository, source.artifact)).map((artifact) => ({ ...source, artifact }));
}

/** Reports and compacted documents are stored under names that begin the same. */
async function baselineNames(repository: Repository, prefix: string): Promise<string[]> {
  let names: string[];
  try {
    names = await artifactNames(repository, prefix);
  } catch (error) {
    throw new UserError(explainFailure(error, `list the artifacts of ${repository.owner}/${repository.repo}`, 'actions: read').message, {
      cause: error,
    });
  }
  const derived = names.filter((name) => name.endsWith('-report') || name.endsWith(poolName('')));
  // Where a name's own artifacts have all expired, its compacted one is what must not.
  const compacted = derived.filter((name) => name.endsWith(poolName(''))).map((name) => name.slice(0, -poolName('').length));
  const own = [...new Set([...names.filter((name) => !derived.includes(name)), ...compacted])].sort();
  if (own.length > maxNames)
    throw new UserError(
      `${own.length} artifact names begin with ${prefix}; at most ${maxNames} are compacted at once. Name one: --store artifact:NAME`,
    );
  return own;
}
