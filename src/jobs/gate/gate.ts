import { readOrder } from '../../baseline/order.ts';
import { ExitCode } from '../../config/errors.ts';
import { scenarioNamesOf } from '../../config/scenario/scenario.ts';
import { isLabelEvent, readAcceptance } from '../../github/accept.ts';
import type { Verdict } from '../../verdict/verdict.ts';
import { mustProfileComponents } from '../component/go-profile.ts';
import type { ComponentBench } from '../component/run.ts';
import { type Measured, measure } from '../measure/measure.ts';
import { findStored, withPool } from './baseline.ts';
import { componentsAlone, measureGateComponents, openGateComponents } from './components.ts';
import { conclude, type GateOutcome } from './conclude.ts';
import { type GateOptions, measuring } from './options.ts';
import { findPairedBase, pair } from './pair.ts';
import { takeGateProfiles } from './profiles.ts';
import { repeatCommand } from './publish.ts';
import { rejudge } from './rejudge.ts';

/**
 * The action: finds the baseline, measures, compares, writes and uploads everything, comments, and only then says whether the check fails.
 * When a label of the pull request changes, what was measured of its head before is judged again, not measured again.
 */
export async function gate(options: GateOptions): Promise<GateOutcome> {
  const startedMs = performance.now();
  const elapsedSeconds = () => (performance.now() - startedMs) / 1000;
  const { config, log, context } = options;
  for (const warning of config.warnings) log.warning(warning.message);
  // Any label: a skipped or newly measured check would take the place of the one that was judged.
  if (context.label !== null && isLabelEvent(context, context.label)) {
    const judgedAgain = await rejudge(options, elapsedSeconds);
    if (judgedAgain !== null) return judgedAgain;
  }
  const bench = openGateComponents(options);
  try {
    return await measureAndConclude(options, bench, elapsedSeconds);
  } finally {
    await bench?.close();
  }
}

async function measureAndConclude(options: GateOptions, bench: ComponentBench | null, elapsedSeconds: () => number): Promise<GateOutcome> {
  const { config, log, context, repository } = options;
  const alone = componentsAlone(config);
  if (alone) mustProfileComponents(config.profile, config.components);
  if (config.embedded && !alone)
    log.warning('No target was named: the embedded engine is measured. Give the action a command, a base-url or a target.');

  const base = await findPairedBase(options);
  const scenarios = alone ? ['components'] : scenarioNamesOf(config.scenarios);
  const order = await readOrder(context, config.root, repository);
  const found = await findStored(options, scenarios, order);
  const acceptance = await readAcceptance(context, repository);
  const measured = alone ? nothingMeasured : await measure({ ...measuring(options), mustProfile: config.profile.when === 'always' });
  const components =
    measured.crash || measured.interrupted
      ? { document: measured.document, failure: null }
      : await measureGateComponents(options, measured.document, bench);
  const { document } = components;
  if (document === null) {
    const failure = components.failure?.message ?? measured.crash?.message ?? 'interrupted before anything was measured';
    return {
      ...nothing(elapsedSeconds()),
      exitCode: components.failure?.exitCode ?? (measured.interrupted || options.signal.aborted ? ExitCode.interrupted : ExitCode.service),
      failure,
    };
  }
  const outcome = await conclude(options, {
    ...(await withPool(options, document, { found, scenarios, order })),
    document,
    acceptance,
    pair: base === null ? null : () => pair(options, base),
    profile: (verdict: Verdict) =>
      takeGateProfiles(options, { service: alone ? null : { ...measured, options: measuring(options) }, components: bench }, verdict),
    ended: options.signal.aborted ? 'interrupted' : measured.crash ? 'crashed' : 'completed',
    keep: true,
    repeat: alone ? 'llm-bench component' : repeatCommand(config),
    elapsedSeconds,
  });
  if (components.failure !== null && outcome.exitCode === ExitCode.ok)
    return { ...outcome, exitCode: components.failure.exitCode, failure: components.failure.message };
  return measured.crash && outcome.failure !== null ? { ...outcome, failure: measured.crash.message } : outcome;
}

const nothingMeasured: Measured = { document: null, crash: null, interrupted: false, startSeconds: null };

function nothing(durationSeconds: number): Omit<GateOutcome, 'exitCode' | 'failure'> {
  return { verdict: null, resultPath: null, reportPath: null, commentUrl: null, regressedMetrics: [], baselineSha: null, durationSeconds };
}
