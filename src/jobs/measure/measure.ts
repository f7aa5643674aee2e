import type { ResultDocument } from '../../result/document.ts';
import type { MeasuredPart } from '../../result/findings/finding.ts';
import { uniteRounds, uniteScenarios } from '../../result/unite.ts';
import type { ServiceError } from '../../service/service-error.ts';
import { boundSentence, budgetBlock, budgetOf, checkBudget, crowdedSentence } from './budgets.ts';
import { ClientCheck } from './client-check.ts';
import { type Offered, partsOffered } from './offered.ts';
import type { MeasureOptions } from './options.ts';
import { type Plan, planScenario, scenariosOf, sizeOf } from './plan.ts';
import { checkShape, plainShape } from './shape.ts';
import { Side, startable } from './side.ts';

export type { MeasureOptions, MeasureProgress } from './options.ts';

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
  checkShape(shape, shaped, runs);
  checkBudget(shape, shaped, target);
  const budget = budgetOf(shape, target);
  for (const plan of shaped) {
    const sentences = [boundSentence(plan, target, runs), crowdedSentence(plan, sizeOf(plan).concurrency, shape, target)];
    for (const sentence of sentences) if (sentence !== null) options.progress.line(sentence);
  }
  const check = new ClientCheck(options, plans);
  let side: Side | null = null;
  try {
    side = await Side.open(options);
    if (side === null) return { document: null, crash: null, interrupted: true, startSeconds: null };
    await check.quiet();
    const { stopped } = side;
    const scenarios = await allOffered(plans, side, options);
    const documents: ResultDocument[] = [];
    let [run, exhausted] = [0, false];
    for (const { offered, skipped } of scenarios) {
      const rounds: MeasuredPart[][] = [];
      for (let round = 0; round < runs && !stopped.aborted && !exhausted; round++) {
        const measured: MeasuredPart[] = [];
        for (const { plan, index } of offered) {
          if (stopped.aborted || exhausted) break;
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

async function allOffered(plans: readonly Plan[], side: Side, { progress }: MeasureOptions): Promise<Offered[]> {
  const asking = { lacks: (plan: Plan) => side.lacks(plan), tell: (line: string) => progress.line(line), signal: side.stopped };
  const scenarios: Offered[] = [];
  for (const parts of scenariosOf(plans)) scenarios.push(await partsOffered(parts, asking));
  return scenarios;
}

/** The first of them that measured the scenario's series. */
function baselineOf(rounds: readonly (readonly MeasuredPart[])[], baselines: readonly ResultDocument[]): ResultDocument | null {
  const ids = new Set(rounds.flat().flatMap(({ document }) => document.series.map(({ id }) => id)));
  return baselines.find(({ series }) => series.some(({ id }) => ids.has(id))) ?? null;
}
