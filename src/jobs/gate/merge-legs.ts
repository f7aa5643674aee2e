import { scenariosOf } from '../../baseline/fitness.ts';
import { UserError } from '../../config/errors.ts';
import { downloadArtifact, listRunArtifacts, matchesDigest } from '../../github/artifacts.ts';
import type { Repository } from '../../github/client.ts';
import type { EventContext } from '../../github/context.ts';
import { explainFailure } from '../../github/failure.ts';
import { readReport } from '../../github/stored-result.ts';
import type { ResultDocument, Run } from '../../result/document.ts';
import { mergeResults } from '../../result/merge.ts';
import { mergeWhole, withoutFindings } from '../../result/merge-whole.ts';
import { readResult } from '../../result/read.ts';
import type { GateOutcome } from './conclude.ts';
import { elapsedFrom, type Given, judgeDocument } from './judge-files.ts';

/** `apart`: each a series of its own; `add`: runs or shards of the same; `auto`: added where they say that they are shards of one run. */
export const joinings = ['auto', 'add', 'apart'] as const;
export type Joining = (typeof joinings)[number];
/** Whether a text is one of the ways to join results. */
export const isJoining = (text: string): text is Joining => (joinings as readonly string[]).includes(text);

export interface JudgeLegsOptions extends Given {
  /** Result files; empty: the artifacts of this run. */
  files: readonly string[];
  /** Artifacts whose names begin so. */
  prefix: string;
  as: Joining;
  context: EventContext;
  repository: Repository | null;
}

/** One leg's result and what tells it from the others: `model=small/os=linux`. */
export interface Leg {
  name: string;
  document: ResultDocument;
}

const maxLegs = 100;
const maxArchiveBytes = 50 * 1024 * 1024;

/** Joins the results of this run's jobs, judges the whole and tells it once. @throws UserError (2) where there is nothing to join, or it does not fit together */
export async function judgeLegs(options: JudgeLegsOptions): Promise<GateOutcome> {
  const startedMs = performance.now();
  // The keys of this job are the same whatever is judged.
  const { artifactName } = options.concludeOptions(await options.judging([]));
  const legs = options.files.length > 0 ? await fromFiles(options.files) : await fromRun(options, artifactName);
  const document = joinLegs(legs, options.as);
  const conclude = options.concludeOptions(await options.judging(scenariosOf(document)));
  conclude.log.info(`joined ${legs.length} results: ${legs.map(({ name }) => name).join('; ')}`);
  return judgeDocument(conclude, document, elapsedFrom(startedMs));
}

/** One document of all legs. Pure. @throws UserError (2) */
export function joinLegs(legs: readonly Leg[], as: Joining): ResultDocument {
  const isShard = ({ document }: Leg) => document.shard !== undefined;
  const apart = as === 'apart' || (as === 'auto' && !legs.every(isShard) && legs.length > 1);
  const documents = apart ? legs.map(labelled) : legs.map(({ document }) => document);
  const names = legs.map(({ name }) => name);
  // Legs under names of their own are unlike loads: what each found stays its own.
  return apart ? withoutFindings(mergeResults(documents, names), documents) : mergeWhole(documents, names);
}

/** The leg's series under ids of their own, `chat/model=small`, so that limits on `chat` hold for it as well. */
function labelled({ name, document }: Leg): ResultDocument {
  const rename = (id: string) => `${id}/${name}`;
  const labels = Object.fromEntries(
    name.split('/').map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
  const renamed = <T>(values: Record<string, T>) => Object.fromEntries(Object.entries(values).map(([id, value]) => [rename(id), value]));
  return {
    ...document,
    series: document.series.map((series) => ({ ...series, id: rename(series.id), labels: { ...series.labels, ...labels } })),
    runs: document.runs.map((run): Run => ({ ...run, values: renamed(run.values), ...(run.counts ? { counts: renamed(run.counts) } : {}) })),
    slowest: document.slowest.map((request) => ({ ...request, series: rename(request.series) })),
  };
}

async function fromFiles(files: readonly string[]): Promise<Leg[]> {
  const legs: Leg[] = [];
  for (const file of files) legs.push({ name: '', document: await readResult(file) });
  // The folder of a downloaded artifact is its name; else the file's own.
  const parts = files.map((file) => file.split('/').slice(-2));
  const folders = new Set(parts.map(([folder]) => folder));
  return legs.map(({ document }, index) => {
    const [folder = '', file = ''] = parts[index] as string[];
    return { name: legName(folders.size === files.length ? folder : file.replace(/\.json$/, '')), document };
  });
}

async function fromRun({ context, repository, prefix }: JudgeLegsOptions, own: string): Promise<Leg[]> {
  if (repository === null || context.runId === null)
    throw new UserError("the results of this run's jobs are read as its artifacts: expected a github-token, or files", {
      hint: 'Add `actions: read` to the permissions, or download the artifacts first and name them in `files`.',
    });
  try {
    const artifacts = (await listRunArtifacts(repository, context.runId)).filter(
      ({ name }) => name.startsWith(prefix) && name !== own && name !== `${own}-report`,
    );
    if (artifacts.length === 0) throw new UserError(`no artifact of run ${context.runId} begins with ${prefix}: did its jobs measure anything?`);
    if (artifacts.length > maxLegs)
      throw new UserError(`${artifacts.length} artifacts of this run begin with ${prefix}; at most ${maxLegs} are joined`);
    const legs: Leg[] = [];
    for (const { id, name, digest } of artifacts) {
      const archive = await downloadArtifact(repository, id, { maxBytes: maxArchiveBytes });
      if (!matchesDigest(archive, digest)) throw new UserError(`the artifact ${name} does not match the digest of its upload`);
      legs.push({ name: legName(name), document: (await readReport(archive)).document });
    }
    return legs;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(explainFailure(error, `read the artifacts of run ${context.runId}`, 'actions: read').message, { cause: error });
  }
}

/** `llm-bench-baseline-bench,model=small-report` -> `model=small`; what says nothing of a matrix is `leg=NAME`. */
function legName(name: string): string {
  const bare = name.replace(/-report$/, '');
  const pairs = bare.split(',').slice(1);
  if (pairs.length > 0 && pairs.every((pair) => /^[^=/]+=[^/]*$/.test(pair))) return pairs.join('/');
  return `leg=${bare.replace(/^llm-bench-baseline-/, '').replaceAll('/', '-')}`;
}
