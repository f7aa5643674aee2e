import { dirname, join } from 'node:path';
import { scenarioName } from '../../config/scenario/scenario.ts';
import type { LoadControl } from '../../load/load-run.ts';
import { windowMs } from '../../publish/dashboard/collector.ts';
import type { ResultDocument } from '../../result/document.ts';
import type { MeasureOptions } from '../measure/options.ts';
import { endedRequest } from './ended-request.ts';
import { type DashboardPlace, Live } from './live.ts';

export interface RunDashboardOptions {
  place: DashboardPlace;
  intervalMs: number;
}

/** A run that can be looked at while it is going, and what must be told of it for that. */
export interface WatchedRun {
  live: Live;
  options: Pick<MeasureOptions, 'progress' | 'onRecord' | 'onMonitor' | 'onControl'>;
  close(): Promise<void>;
}

/** Serves the dashboard of a run. The load is the scenario's; the page may end it. @param output path of the result: past runs lie beside it. `baseline`: what the figures are held against */
export async function watchRun(
  measured: MeasureOptions,
  { place, intervalMs }: RunDashboardOptions,
  { output, baseline, warn }: { output: string; baseline: { name: string; document: ResultDocument } | null; warn(sentence: string): void },
): Promise<WatchedRun> {
  const { config, progress, onRecord, onMonitor } = measured;
  let control: LoadControl | null = null;
  const live = await Live.open({
    config,
    env: measured.env,
    place,
    mode: 'run',
    target: config.target.name,
    scenario: config.scenarios[0] === undefined ? '' : scenarioName(config.scenarios[0]),
    intervalMs,
    windowMs,
    monitoringFolder: join(config.root, config.output.monitoring_data),
    resultsFolder: dirname(output),
    baseline,
    order(order) {
      if (order.action !== 'stop') return 'this run sends what its scenario says: start loads of your own with `llm-bench dashboard`';
      if (control === null) return 'no load is running';
      live.update({ phase: 'stopping' });
      control.finish();
      return null;
    },
    warn,
  });
  return {
    live,
    options: {
      progress: {
        line: (text) => progress.line(text),
        scenarioStarted(scenario, plan) {
          live.begin(scenario.name, plan.concurrency);
          progress.scenarioStarted(scenario, plan);
        },
        snapshot(snapshot) {
          live.setInFlight(snapshot.inFlight);
          progress.snapshot(snapshot);
        },
        scenarioEnded() {
          control = null;
          live.end('ready');
          progress.scenarioEnded();
        },
      },
      onRecord(record, run) {
        live.record(endedRequest(record));
        onRecord?.(record, run);
      },
      onMonitor(monitor) {
        live.watch(monitor);
        onMonitor?.(monitor);
      },
      onControl(given) {
        control = given;
      },
    },
    async close() {
      live.end('ended');
      await live.close();
    },
  };
}
