import type { BaselineSource } from '../config/bench-config.ts';
import { UserError } from '../config/errors.ts';
import type { Repository } from '../github/client.ts';
import type { EventContext } from '../github/context.ts';
import type { UploadDocument } from './artifact-store.ts';
import { type BaselineStore, StoreUnavailable } from './store.ts';

export interface StoreOptions {
  source: BaselineSource;
  /** Folder that relative paths are relative to, and whose repository a branch is of. */
  root: string;
  /** The repository whose artifacts are read; null without a token or outside a repository. */
  repository: Repository | null;
  context: Pick<EventContext, 'defaultBranch'> | null;
  /** How a document becomes an artifact of this run; null or left out where nothing is stored. */
  upload?: UploadDocument | null;
}

/**
 * The store that a configuration or a flag names.
 * @throws StoreUnavailable without what it takes to reach it; UserError for `none`
 */
export async function openStore({ source, root, repository, context, upload = null }: StoreOptions): Promise<BaselineStore> {
  switch (source.kind) {
    case 'artifact': {
      if (!repository)
        throw new StoreUnavailable('artifacts are read with a token (input github-token) from within a workflow run, and there is none.');
      const { artifactStore, defaultBranch } = await import('./artifact-store.ts');
      const branch = source.branch ?? context?.defaultBranch ?? (await defaultBranch(repository));
      return artifactStore({ repository, name: source.artifact, branch, upload });
    }
    case 'folder':
      return (await import('./folder-store.ts')).folderStore(source.folder, root);
    case 'file':
      return (await import('./file-store.ts')).fileStore(source.files, root);
    case 'git_branch':
      return (await import('./branch-store.ts')).branchStore(source.branch, root);
    case 'none':
      throw new UserError('no baseline is configured (baseline: none)', { hint: 'Name a store: --store folder:PATH, branch:NAME or artifact:NAME.' });
  }
}
