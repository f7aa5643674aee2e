import type { ResultDocument } from '../result/document.ts';
import type { MeasuredPart, SkippedPart } from '../result/findings/finding.ts';
import { uniteRounds, uniteScenarios } from '../result/unite.ts';
import type { ServiceError } from '../service/service-error.ts';
import { ClientCheck } from './client-check.ts';
import type { MeasureOptions } from './measure-options.ts';
import { planScenario, scenariosOf, sizeOf } from './plan.ts';
import { boundSentence, budgetBlock, budgetOf, checkShape, plainShape } from './shape.ts';
import { Side, startable } from './side.ts';

export type { MeasureOptions, MeasureProgress } from './measure-options.ts';

export interface Measured {
  /** All scenarios and runs in one document; null when nothing was measured before it ended. */
  document: ResultDocument | null;
  /** The service ended during the run: what was measured until then is in the document. */
  crash: ServiceError | null;
  interrupted: boolean;
  /** Spawn to ready; null where it was not started here, or never came up. */
  startSeconds: number | null;
}

/**
 * Starts the service, drives every scenario at it, and returns the result document. The service is stopped whatever happens.
 * @throws UserError when a prompt file cannot be read (2) or the service cannot be reached (4)
 */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { config, signal, runs } = options;
  const target = startable(options);
  const plans = await Promise.all(config.scenarios.map((scenario) => planScenario(scenario, target, config.root)));
  const shape = options.shape ?? plainShape;
  const shaped = plans.map((plan) => ({ ...plan, requests: sizeOf(plan).requests }));
  checkShape(shape, shaped, target, runs);
  const budget = budgetOf(shape, target);
  for (const plan of shaped) {
    const sentence = boundSentence(plan, target, runs);
    if (sentence !== null) options.progress.line(sentence);
  }
  const check = new ClientCheck(options, plans, target.command !== undefined || target.image !== undefined);
  let side: Side | null = null;
  try {
    side = await Side.open(options);
    if (side === null) return { document: null, crash: null, interrupted: true, startSeconds: null };
    await check.quiet();
    const documents: ResultDocument[] = [];
    let [run, exhausted] = [0, false];
    for (const parts of scenariosOf(plans)) {
      const rounds: MeasuredPart[][] = [];
      const { offered, skipped } = await partsOffered(parts, side, options);
      for (let round = 0; round < runs && !side.stopped.aborted && !exhausted; round++) {
        const measured: MeasuredPart[] = [];
        for (const { plan, index } of offered) {
          if (side.stopped.aborted || exhausted) break;
          const document = await side.measure(plan, check, { plan: index, run: run++, round, budget });
          document.runs = document.runs.map((one) => ({ ...one, round, order: round }));
          measured.push({ scenario: plan.scenario, document });
          exhausted = document.stop_reason === 'budget';
        }
        rounds.push(measured);
      }
      if (rounds.length === 0) continue;
      const whole = uniteRounds(rounds, { baseline: baselineOf(rounds, options.baselines ?? []), skipped });
      documents.push(whole);
      await options.onScenario?.(whole);
    }
    const document = documents.length === 0 ? null : uniteScenarios(documents);
    if (document !== null && budget !== null) document['budget'] = budgetBlock(budget, target);
    return { document, crash: await side.crashed(), interrupted: signal.aborted, startSeconds: side.startSeconds };
  } finally {
    await check.close();
    await side?.close();
  }
}

type Parts = ReturnType<typeof scenariosOf>[number];

/** The parts that the target can answer, and the others with their reasons; a scenario that is nothing else is measured all the same. */
async function partsOffered(parts: Parts, side: Side, { progress }: MeasureOptions): Promise<{ offered: Parts; skipped: SkippedPart[] }> {
  const skipped: SkippedPart[] = [];
  const offered: Parts = [];
  for (const part of parts) {
    const reason = parts.length === 1 ? null : await side.lacks(part.plan);
    if (reason === null) offered.push(part);
    else skipped.push({ scenario: part.plan.scenario, reason });
  }
  if (offered.length === 0) return { offered: parts, skipped: [] };
  for (const { scenario, reason } of skipped) progress.line(`${scenario.name} is skipped: ${reason}`);
  return { offered, skipped };
}

/** The first of them that measured the scenario's series. */
function baselineOf(rounds: readonly (readonly MeasuredPart[])[], baselines: readonly ResultDocument[]): ResultDocument | null {
  const ids = new Set(rounds.flat().flatMap(({ document }) => document.series.map(({ id }) => id)));
  return baselines.find(({ series }) => series.some(({ id }) => ids.has(id))) ?? null;
}
