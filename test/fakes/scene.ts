import { connect, type Repository } from '../../src/github/client.ts';
import { type ActionsApi, startActionsApi } from './actions-api.ts';
import { FakeArtifactStore } from './artifact-store.ts';
import { type BlobServer, startBlobServer } from './blob-server.ts';
import type { Listening } from './http.ts';
import { startResultsService } from './results-service.ts';

export interface Scene {
  store: FakeArtifactStore;
  blobs: BlobServer;
  results: Listening;
  api: ActionsApi;
  close(): Promise<void>;
}

/** The fakes of one repository, sharing one store of artifacts. */
export async function startScene(options: { upstream?: string | null; apiPort?: number; repositoryId?: number } = {}): Promise<Scene> {
  const store = new FakeArtifactStore(options.repositoryId);
  const blobs = await startBlobServer(store);
  const results = await startResultsService(store, blobs);
  const api = await startActionsApi({ store, blobs, upstream: options.upstream ?? null, port: options.apiPort ?? 0 });
  return {
    store,
    blobs,
    results,
    api,
    close: async () => {
      await Promise.all([api.close(), results.close(), blobs.close()]);
    },
  };
}

/** A client of the fake API. */
export function clientOf(api: ActionsApi, token = 'test-token'): Promise<Repository> {
  return connect({ token, apiUrl: api.url, owner: 'octo', repo: 'service' });
}
