import { type ReadText, readText } from './proc-files.ts';
import type { Gauge, Sampler } from './sampler.ts';

/** States of /proc/net/tcp (include/net/tcp_states.h). */
const states = { established: '01', time_wait: '06', close_wait: '08', syn_received: '03' } as const;
/** The kernel walks through its table of all sockets for each reading, milliseconds of work even where it is nearly empty. */
const intervalMs = 1000;
const tables = ['/proc/net/tcp', '/proc/net/tcp6'];

/** The sockets of the server's port by state: connections that clients hold, and those that nobody has closed yet. */
export class SocketSampler implements Sampler {
  readonly name = 'service_sockets';
  readonly intervalMs = intervalMs;
  readonly gauges: readonly Gauge[] = Object.keys(states).map((state) => ({
    name: `service_connections_${state}`,
    unit: 'count',
    better: 'neither',
  }));
  private readonly port: string;
  private readonly read: ReadText;
  /** Those that have the listening socket: its connections are in the same. */
  private tables: readonly string[] = tables;

  constructor(port: number, read: ReadText = readText) {
    this.port = port.toString(16).toUpperCase().padStart(4, '0');
    this.read = read;
  }

  async start(): Promise<string | null> {
    if (this.read('/proc/net/tcp') === null) return 'sockets are read from /proc/net, which this system does not have';
    const listening = new RegExp(`:${this.port} [0-9A-F]+:0000 0A`);
    const having = tables.filter((file) => listening.test(this.read(file) ?? ''));
    if (having.length > 0) this.tables = having;
    return null;
  }

  sample(): (number | null)[] {
    const counts = new Map<string, number>();
    const local = new RegExp(`^\\s*\\d+: [0-9A-F]+:${this.port} [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2})`, 'gm');
    for (const file of this.tables)
      for (const [, state = ''] of (this.read(file) ?? '').matchAll(local)) counts.set(state, (counts.get(state) ?? 0) + 1);
    return Object.values(states).map((state) => counts.get(state) ?? 0);
  }

  stop(): void {}
}
