import { UserError } from '../config/errors.ts';
import type { ResultDocument } from '../result/document.ts';
import { maxResultBytes, parseResult } from '../result/read.ts';
import { downloadArtifact, listArtifacts, matchesDigest, readRun, type WorkflowRun } from './artifacts.ts';
import type { Repository } from './client.ts';
import type { EventContext } from './context.ts';
import { explainFailure } from './failure.ts';
import { unzipFrom } from './unzip.ts';

/** What an earlier run of this workflow measured of the same head, or why there is nothing to be taken. */
export type StoredReport = (ReportContent & { run: WorkflowRun }) | { document: null; reason: string };

/** What a report's archive holds of what was measured. */
export interface ReportContent {
  document: ResultDocument;
  /** The rounds of head and base, where they were measured in turn. */
  pair: { head: ResultDocument; base: ResultDocument } | null;
}

const maxPages = 5;
const maxOpened = 5;
const maxArchiveBytes = 50 * 1024 * 1024;

/**
 * The result of the same head as an earlier run of the same workflow stored it, to be judged again instead of measured again. Its run must be of this
 * repository and this workflow, started by `pull_request`, with the head's code from the same repository; the result must be of that head and that run.
 * It is as far to be trusted as the measurement of this pull request is, and no further: it never becomes a baseline. Never throws.
 * @param artifact its name: `<artifact-name>-report`
 */
export async function findStoredResult(
  repository: Repository,
  artifact: string,
  context: Pick<EventContext, 'headSha' | 'headRepositoryId' | 'repositoryId' | 'runId' | 'workflow'>,
): Promise<StoredReport> {
  const { headSha } = context;
  if (headSha === null) return { document: null, reason: 'the event does not say which commit is the head' };
  let refused: string | null = null;
  let opened = 0;
  try {
    for await (const page of listArtifacts(repository, artifact, { maxPages })) {
      for (const found of page) {
        const of = found.run;
        if (found.name !== artifact || of === null || of.headSha !== headSha || of.id === context.runId) continue;
        if (found.expired || found.sizeBytes > maxArchiveBytes || opened++ >= maxOpened) continue;
        const run = await readRun(repository, of.id);
        const fault = faultOf(run, context);
        if (fault !== null) {
          refused ??= `run ${run.id} ${fault}`;
          continue;
        }
        try {
          const archive = await downloadArtifact(repository, found.id, { maxBytes: maxArchiveBytes });
          if (!matchesDigest(archive, found.digest)) throw new UserError('its archive does not match the digest of its upload');
          const content = await readReport(archive);
          const { document } = content;
          if (document.git.sha !== headSha) throw new UserError(`is of commit ${document.git.sha ?? 'unknown'}`);
          if (document.ci?.run_id !== String(run.id)) throw new UserError('is of another run than stored it');
          // Rounds of another commit are no evidence of this one.
          return { document, pair: content.pair?.head.git.sha === headSha ? content.pair : null, run };
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          refused ??= `the result of run ${run.id} cannot be used: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}`;
        }
      }
    }
  } catch (error) {
    return { document: null, reason: explainFailure(error, 'read the stored result', 'actions: read').message };
  }
  return { document: null, reason: refused ?? `no earlier run has stored a result of ${headSha.slice(0, 7)} (artifact ${artifact})` };
}

/** Reads a report's archive, which is not trusted. @throws UserError saying what was found */
export async function readReport(archive: Buffer): Promise<ReportContent> {
  const document = await readEntry(archive, 'result.json');
  const [head, base] = await Promise.all(['result.head.json', 'result.base.json'].map((entry) => readEntry(archive, entry).catch(() => null)));
  return { document, pair: head && base ? { head, base } : null };
}

async function readEntry(archive: Buffer, entry: string): Promise<ResultDocument> {
  return parseResult((await unzipFrom(archive, { entry, maxBytes: maxResultBytes })).toString('utf8'), entry);
}

function faultOf(run: WorkflowRun, { headSha, headRepositoryId, repositoryId, workflow }: Parameters<typeof findStoredResult>[2]): string | null {
  if (repositoryId === null || run.repositoryId !== repositoryId) return 'is of another repository';
  if (headRepositoryId === null || run.headRepositoryId !== headRepositoryId) return 'has its code from another repository than this pull request';
  if (run.event !== 'pull_request') return `was started by ${run.event}, not by pull_request`;
  if (run.workflow !== workflow) return `is of the workflow ${run.workflow ?? 'unknown'}, not ${workflow ?? 'unknown'}`;
  if (run.headSha !== headSha) return 'is of another commit';
  return null;
}
