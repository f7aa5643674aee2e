import { createHash } from 'node:crypto';
import { branchOf, type EventContext } from '../github/context.ts';

export interface UploadRequest {
  name: string;
  /** Paths of the files, all below `rootDirectory`, which their names in the archive are relative to. */
  files: string[];
  rootDirectory: string;
  /** Null for the repository's own setting. */
  retentionDays: number | null;
}

/** What was stored, or the sentence that says why nothing was. */
export type UploadOutcome = { id: number; size: number; digest: string | null; name: string } | { warning: string };

/** Artifact names go up to 256 bytes; this leaves room for a prefix, and fits a line. */
const maxKeyLength = 100;
const artifactPrefix = 'llm-bench-baseline';

/**
 * Stores files as one artifact of the run. It never throws: a result that could not be stored is a warning, as the check itself does not depend on it.
 */
export async function uploadResult(request: UploadRequest): Promise<UploadOutcome> {
  const name = artifactName(request.name);
  try {
    // Loading costs a third of a second, so only here.
    const { DefaultArtifactClient } = await import('@actions/artifact');
    const options = request.retentionDays === null ? {} : { retentionDays: request.retentionDays };
    const stored = await new DefaultArtifactClient().uploadArtifact(name, request.files, request.rootDirectory, options);
    if (stored.id === undefined) return { warning: `The artifact ${name} was not stored: the service gave it no id.` };
    return { id: stored.id, size: stored.size ?? 0, digest: stored.digest ?? null, name };
  } catch (error) {
    return { warning: `The artifact ${name} was not stored: ${whyNot(error)}` };
  }
}

/** The name with what artifact names may not hold (" : < > | * ? \ / and control characters) replaced by dashes; never empty. */
export function artifactName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const clean = name.trim().replace(/[":<>|*?\\/\u0000-\u001f\u007f]+/g, '-');
  return clean === '' ? artifactPrefix : clean;
}

/**
 * The keys that keep the legs of a matrix, and jobs, apart from each other: `bench` or `bench,model=small,os=linux`. The same job and leg always give the same
 * keys, whatever the order of the matrix; different ones do not: where something had to be replaced or cut, a hash of the whole is added.
 * @param job the job's id (GITHUB_JOB)
 * @param matrix the leg's values as `toJSON(matrix)` gives them; null or empty without a matrix
 */
export function defaultKeys(options: { job: string | null; matrix: Record<string, unknown> | null }): { commentKey: string; artifactName: string } {
  const pairs = Object.entries(options.matrix ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const exact = JSON.stringify([options.job, stable(pairs)]);
  const parts = [safe(options.job ?? 'default'), ...pairs.map(([key, value]) => `${safe(key)}=${safe(readable(value))}`)];
  const plain = [options.job ?? 'default', ...pairs.map(([key, value]) => `${key}=${readable(value)}`)].join(',');
  const key = parts.join(',');
  const faithful = key === plain && key.length <= maxKeyLength && pairs.every(([, value]) => isScalar(value));
  const hash = createHash('sha256').update(exact).digest('hex').slice(0, 8);
  const commentKey = faithful ? key : `${key.slice(0, maxKeyLength - 9).replace(/-+$/, '')}-${hash}`;
  return { commentKey, artifactName: `${artifactPrefix}-${commentKey}` };
}

/**
 * Whether this run's result may serve as a baseline for others: a push to the branch, its schedule, or a run by hand there.
 * @param branch the branch that baselines are of; the repository's default branch when null
 */
export function isBaselineEvent(context: Pick<EventContext, 'event' | 'ref' | 'defaultBranch'>, branch: string | null = null): boolean {
  const wanted = branch ?? context.defaultBranch;
  return ['push', 'schedule', 'workflow_dispatch'].includes(context.event) && wanted !== null && branchOf(context.ref) === wanted;
}

/** Letters, digits and a few marks: safe in an artifact name, a hidden comment marker and a shell. */
function safe(text: string): string {
  return text.replace(/[^A-Za-z0-9._+-]+/g, '-').replace(/-{2,}/g, '-');
}

function readable(value: unknown): string {
  if (isScalar(value)) return String(value);
  if (Array.isArray(value)) return value.map(readable).join('+');
  return Object.entries(value as object)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${key}-${readable(inner)}`)
    .join('+');
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== 'object';
}

/** The same value whatever the order of its keys. */
function stable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stable);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, stable(inner)]),
  );
}

function whyNot(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  if (/ACTIONS_RUNTIME_TOKEN|ACTIONS_RESULTS_URL/.test(said)) {
    return 'artifacts can be stored only from within a workflow run (ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL are not there).';
  }
  if (/JWT|Invalid token/i.test(said)) return 'ACTIONS_RUNTIME_TOKEN is not a token of a workflow run.';
  if (/GHES/.test(said)) return 'this GitHub Enterprise Server has no service for such artifacts. Use baseline: { folder } or { file } instead.';
  if (/\b409\b|conflict|already exists/i.test(said)) {
    return 'the run already has an artifact of this name. Give each job and matrix leg its own (input artifact-name).';
  }
  return `${said.split('\n')[0]}`;
}
