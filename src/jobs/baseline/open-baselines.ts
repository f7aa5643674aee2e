import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UploadDocument } from '../../baseline/artifact-store.ts';
import { openStore } from '../../baseline/open-store.ts';
import { type BaselineStore, StoreUnavailable } from '../../baseline/store.ts';
import type { BaselineSource } from '../../config/bench-config.ts';
import { UserError } from '../../config/errors.ts';
import type { Repository } from '../../github/client.ts';
import { uploadResult } from '../../publish/artifact.ts';
import { writeResult } from '../../result/write.ts';

/** `folder:PATH`, `branch:NAME`, `artifact:NAME` or `file:PATH` as a source. @throws UserError (2) for anything else */
export function parseStore(text: string): BaselineSource {
  const [, kind, name] = text.match(/^(folder|branch|artifact|file):(.+)$/s) ?? [];
  switch (kind) {
    case 'folder':
      return { kind: 'folder', folder: name as string };
    case 'branch':
      return { kind: 'git_branch', branch: name as string };
    case 'artifact':
      return { kind: 'artifact', artifact: name as string, branch: null };
    case 'file':
      return { kind: 'file', files: [name as string] };
    default:
      throw new UserError(`--store ${JSON.stringify(text)}: expected folder:PATH, branch:NAME, artifact:NAME or file:PATH`);
  }
}

/** Stores a document as the only file of an artifact of this run, under the name that every reader expects. */
export const uploadDocument: UploadDocument = async (name, document) => {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-upload-'));
  try {
    const path = join(folder, 'result.json');
    await writeResult(path, document);
    return await uploadResult({ name, files: [path], rootDirectory: folder, retentionDays: null });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export interface OpenOptions {
  source: BaselineSource;
  root: string;
  env: NodeJS.ProcessEnv;
  /** Null where artifacts cannot be asked for. */
  repository: Repository | null;
  defaultBranch: string | null;
}

/** The store of a command. @throws UserError (2) where it cannot be reached: who asks for it by name wants nothing else */
export async function openBaselines({ source, root, env, repository, defaultBranch }: OpenOptions): Promise<BaselineStore> {
  const inWorkflow = Boolean(env['ACTIONS_RUNTIME_TOKEN']);
  return reaching(() => openStore({ source, root, repository, context: { defaultBranch }, upload: inWorkflow ? uploadDocument : null }));
}

/** As the action, but an unreachable store is what the user has to hear. */
export async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new UserError(error.message, { cause: error });
    throw error;
  }
}
