import type { BaselineFound } from '../baseline/source.ts';
import type { BaselineSource, BenchConfig } from '../config/bench-config.ts';
import { isBaselineEvent } from '../publish/artifact.ts';
import type { GateOptions } from './gate-options.ts';

/** The job's own artifact, unless the configuration names another source. */
export function baselineSource(config: BenchConfig, options: GateOptions): BaselineSource {
  const { baseline, origins } = config;
  if (baseline.kind !== 'artifact' || (origins['baseline.artifact'] ?? 'default') !== 'default') return baseline;
  return { ...baseline, artifact: options.artifactName };
}

/** The very run that leaves the first baseline should not say that the next one will. */
export function asToldHere(found: BaselineFound, options: GateOptions): BaselineFound {
  if (found.found || found.warning || !leavesBaseline(options)) return found;
  return { ...found, reason: 'No baseline yet: this run leaves the first one, and pull requests after it are compared with that.' };
}

/** Whether this run's result may become the baseline of others. */
export function leavesBaseline({ config, context }: GateOptions): boolean {
  return config.baseline.kind === 'artifact' && isBaselineEvent(context, config.baseline.branch);
}

export function tellBaseline(found: BaselineFound, log: GateOptions['log']): void {
  for (const line of found.skipped) log.info(`baseline passed over: ${line}`);
  if (found.found) log.info(`baseline: ${found.description}`);
  else if (found.warning) log.warning(found.reason);
  else log.info(found.reason);
}
