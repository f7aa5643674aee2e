import { createHash } from 'node:crypto';

/** A workflow run as our fakes know it. */
export interface FakeRun {
  id: number;
  attempt: number;
  event: string;
  headBranch: string;
  headSha: string;
  repositoryId: number;
  /** Another than repositoryId for a run of a fork's code; null for a fork that was deleted. */
  headRepositoryId: number | null;
  workflow: string;
  createdAt: string;
}

/** An artifact: under way until `finalized`. */
export interface FakeArtifact {
  id: number;
  name: string;
  runId: number;
  jobId: string;
  archive: Buffer;
  finalized: boolean;
  expired: boolean;
  createdAt: string;
  expiresAt: string | null;
  /** Bare hex, as the uploader says. */
  digest: string | null;
}

/**
 * The runs and artifacts of one repository, in memory, shared by our two small fakes (the REST routes and the Results service), so that what one stores
 * the other lists.
 */
export class FakeArtifactStore {
  readonly repositoryId: number;
  readonly runs = new Map<number, FakeRun>();
  readonly artifacts = new Map<number, FakeArtifact>();
  #nextId = 1000;

  constructor(repositoryId = 1) {
    this.repositoryId = repositoryId;
  }

  /** Registers a run; by default a push to main of this repository. */
  addRun(run: Partial<FakeRun> = {}): FakeRun {
    const id = run.id ?? this.nextId();
    const added: FakeRun = {
      attempt: 1,
      event: 'push',
      headBranch: 'main',
      headSha: createHash('sha1').update(`run ${id}`).digest('hex'),
      repositoryId: this.repositoryId,
      headRepositoryId: this.repositoryId,
      workflow: 'bench',
      createdAt: new Date().toISOString(),
      ...run,
      id,
    };
    this.runs.set(id, added);
    return added;
  }

  /** Plants a finished artifact, good or bad, as no honest client would. */
  plant(artifact: Partial<FakeArtifact> & Pick<FakeArtifact, 'runId' | 'archive'>): FakeArtifact {
    const id = artifact.id ?? this.nextId();
    const added: FakeArtifact = {
      name: 'llm-bench-baseline',
      jobId: 'bench',
      finalized: true,
      expired: false,
      createdAt: new Date().toISOString(),
      expiresAt: null,
      digest: createHash('sha256').update(artifact.archive).digest('hex'),
      ...artifact,
      id,
    };
    this.artifacts.set(id, added);
    return added;
  }

  nextId(): number {
    return this.#nextId++;
  }

  /** Finished ones, the last uploaded first, as the platform lists them. */
  list(filter: { name?: string | null; runId?: number } = {}): FakeArtifact[] {
    return [...this.artifacts.values()]
      .filter(
        (artifact) =>
          artifact.finalized && (!filter.name || artifact.name === filter.name) && (filter.runId === undefined || artifact.runId === filter.runId),
      )
      .sort((a, b) => b.createdAt.localeCompare(a.createdAt) || b.id - a.id);
  }
}
