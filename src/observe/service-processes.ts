import { coresAllowed } from './cpu-limit.ts';
import { type ReadText, readText } from './proc-files.ts';
import type { Sampler } from './sampler.ts';

/** What the processes of a service are, found anew now and then. */
export type FindMembers = () => Promise<number[]>;

/** The processes of a service as they were last found, and the cores that they may use. */
export class ServiceProcesses {
  pids: readonly number[] = [];
  private cores: { pid: number; count: number } | null = null;
  private readonly find: FindMembers;
  private readonly read: ReadText;
  private looking: Promise<void> | null = null;

  constructor(find: FindMembers, read: ReadText = readText) {
    this.find = find;
    this.read = read;
  }

  /** Looks for them, once however many ask meanwhile. @returns null, or in one sentence why there is nothing to watch */
  async first(): Promise<string | null> {
    if (process.platform !== 'linux') return 'processes are read from /proc, which this system does not have';
    await this.refresh();
    return this.pids.length === 0 ? 'no process of the service was found' : null;
  }

  refresh(): Promise<void> {
    this.looking ??= this.find()
      .then((pids) => {
        this.pids = pids;
      })
      .finally(() => {
        this.looking = null;
      });
    return this.looking;
  }

  /** The cores that one of them may use; looked up when it is another than before. */
  coresOf(pid: number): number {
    if (this.cores?.pid !== pid) this.cores = { pid, count: coresAllowed(pid, this.read) };
    return this.cores.count;
  }
}

/** Looks for the processes of a service once a second. It reads nothing of them: what looking takes does not slow down those who read. */
export class ProcessLookout implements Sampler {
  readonly name = 'service_lookout';
  readonly intervalMs = 1000;
  readonly gauges = [];
  private readonly processes: ServiceProcesses;
  private looking: Promise<void> | null = null;

  constructor(processes: ServiceProcesses) {
    this.processes = processes;
  }

  /** That there is no process is told by those who read them. */
  async start(): Promise<null> {
    return null;
  }

  sample(): [] {
    this.looking = this.processes.refresh();
    return [];
  }

  async stop(): Promise<void> {
    await this.looking;
  }
}
