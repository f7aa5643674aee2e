import type { BenchConfig } from '../../config/bench-config.ts';
import type { EntryContext } from '../../config/entry-context.ts';
import type { Scenario } from '../../config/scenario/scenario.ts';
import type { LoadControl } from '../../load/load-run.ts';
import type { Snapshot } from '../../measure/meter.ts';
import type { RequestRecord } from '../../measure/record.ts';
import type { Monitor } from '../../observe/monitor.ts';
import type { TransportKind } from '../../protocol/connect.ts';
import type { ResultDocument } from '../../result/document.ts';
import type { ServiceState } from '../../service/state.ts';
import type { RunShape } from './shape.ts';

/** What a person watching is told; every member is optional work for the caller. */
export interface MeasureProgress {
  line(text: string): void;
  /** How much will be sent, where that is known ahead; `concurrency` is null where requests go by a schedule. */
  scenarioStarted(scenario: Scenario, plan: { requests: number | null; durationMs: number | null; concurrency: number | null }): void;
  snapshot(snapshot: Snapshot): void;
  scenarioEnded(): void;
}

export interface MeasureOptions {
  config: BenchConfig;
  entry: EntryContext;
  env: NodeJS.ProcessEnv;
  /** Aborting stops the service and keeps what was measured until then. */
  signal: AbortSignal;
  progress: MeasureProgress;
  logDirectory: string;
  runs: number;
  transport: TransportKind;
  freshConnections: boolean;
  /** Left out: one machine, at once, without a budget, by our own definitions. */
  shape?: RunShape;
  /** False: the client is not certified by a short selftest. */
  selftest?: boolean;
  /** What spikes of the scenarios are held against, newest first: a scenario takes the first one that measured it. Left out: their warm-up, or themselves. */
  baselines?: readonly ResultDocument[];
  /** A service of which no profile can be taken is refused before it is measured. */
  mustProfile?: boolean;
  /** Another run was going on this machine when this one began. */
  otherRun?: boolean;
  /** Told each scenario's document, all its runs and parts in one, as soon as it is there; awaited. */
  onScenario?: (document: ResultDocument) => Promise<void>;
  /** @param run counts the runs of all scenarios from 0 */
  onRecord?: (record: RequestRecord, run: number) => void;
  /** Told of what is watched beside the load, as soon as the service is up. */
  onMonitor?: (monitor: Monitor) => void;
  /** Told from before the service starts on, so that another process can stop it if this one is killed. */
  onState?: (state: ServiceState) => void;
  /** Told as each load begins: what steers it. */
  onControl?: (control: LoadControl) => void;
}
