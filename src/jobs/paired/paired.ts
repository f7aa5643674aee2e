import type { Scenario } from '../../config/scenario/scenario.ts';
import type { ResultDocument, Run } from '../../result/document.ts';
import type { MeasuredPart } from '../../result/findings/finding.ts';
import { mergeWhole } from '../../result/merge-whole.ts';
import { uniteRounds, uniteScenarios } from '../../result/unite.ts';
import { ServiceError } from '../../service/service-error.ts';
import type { PairedVerdict } from '../../verdict/judge-paired.ts';
import type { Side as SideName } from '../../verdict/round-order.ts';
import { ClientCheck } from '../measure/client-check.ts';
import { maySkip, type Offered, partsOffered } from '../measure/offered.ts';
import type { MeasureOptions } from '../measure/options.ts';
import { type Plan, planScenario, scenariosOf } from '../measure/plan.ts';
import { Side, type SidePlace, startable } from '../measure/side.ts';
import { type PairPlan, pairRounds } from './pair-rounds.ts';

/** A side of the comparison: what to start or where it runs, and where its code lies. */
export interface PairedSide {
  options: MeasureOptions;
  place: SidePlace;
  /** The commit that the place holds; null: the working tree's, as git says. */
  sha: string | null;
}

export interface PairedJob extends PairPlan {
  base: PairedSide;
  head: PairedSide;
  /** Both services are never up at once: ports or memory do not allow it. */
  alternate: boolean;
  /** The shape of a round stays as configured: the user chose it. False: rounds are cut short so that enough of them fit the budget. */
  wholeRounds: boolean;
  signal: AbortSignal;
}

export interface PairedResult {
  /** Null when it ended before anything could be judged. */
  judged: PairedVerdict | null;
  base: ResultDocument | null;
  head: ResultDocument | null;
  rounds: number;
  seconds: number;
  /** Null where the rounds were measured by another job. */
  secondsPerPair: number | null;
  crash: ServiceError | null;
  interrupted: boolean;
  /** The longer start of the two; null where neither was started here. */
  startSeconds: number | null;
}

/** Rounds a side should have within the budget: enough pairs for a few looks after the first. */
const wantedRounds = 28;
const shortestRoundSeconds = 2;

/**
 * Measures base and head in turn on this machine until the sequential rule decides or the budget is used up. Rounds come in balanced random order, the
 * first of each side is dropped by the judgement. Both services are stopped whatever happens.
 * @throws UserError as measuring does
 */
export async function measurePaired(job: PairedJob): Promise<PairedResult> {
  const startedMs = performance.now();
  const plans = await roundPlans(job);
  const check = new ClientCheck(job.head.options, plans);
  const sides = new Sides(job);
  try {
    await check.quiet();
    const scenarios = await sides.offered(plans);
    const rounds = await pairRounds(job, { startedMs, measure: (side, order) => sides.measure(side, scenarios, check, order), unite: united });
    const crash = await sides.crashed();
    const interrupted = job.signal.aborted;
    const reason = interrupted ? 'interrupted' : crash ? 'service_crashed' : null;
    const [base, head] = [rounds.base, rounds.head].map((document) => stoppedEarly(document, reason));
    return { ...rounds, base: base ?? null, head: head ?? null, crash, interrupted, startSeconds: sides.startSeconds };
  } finally {
    await check.close();
    await sides.close();
  }
}

/** Its rounds are whole, but fewer than were to come. */
function stoppedEarly(document: ResultDocument | null, reason: string | null): ResultDocument | null {
  return document === null || reason === null ? document : { ...document, partial: true, stop_reason: reason, admissible: false };
}

/** The scenarios as a round drives them: cut to a time that lets enough rounds fit the budget. */
async function roundPlans(job: PairedJob): Promise<Plan[]> {
  const { config } = job.head.options;
  const most = Math.max(shortestRoundSeconds, job.budgetSeconds / (2 * wantedRounds) / config.scenarios.length);
  const shorten = (scenario: Scenario): Scenario => {
    if (job.wholeRounds || scenario.load.executor !== 'closed') return scenario;
    const { duration } = scenario.load as { duration?: number };
    return { ...scenario, load: { ...scenario.load, duration: Math.min(duration ?? most, most) } };
  };
  return Promise.all(config.scenarios.map((scenario) => planScenario(shorten(scenario), startable(job.head.options), config.root)));
}

/** One document of a side's rounds so far; its runs are the rounds. */
function united(documents: readonly ResultDocument[]): ResultDocument | null {
  if (documents.length === 0) return null;
  return mergeWhole(
    documents,
    documents.map((_, index) => `round ${index + 1}`),
  );
}

/** Both services: up together, or one at a time. */
class Sides {
  private readonly job: PairedJob;
  private readonly open = new Map<SideName, Side>();
  private readonly started = new Set<SideName>();
  private failure: ServiceError | null = null;
  startSeconds: number | null = null;

  constructor(job: PairedJob) {
    this.job = job;
  }

  /** What of each scenario both sides can answer: only that can be compared. */
  async offered(plans: readonly Plan[]): Promise<Offered[]> {
    const { log, head } = this.job;
    const scenarios = scenariosOf(plans);
    const reasons = await this.lacking(scenarios.flatMap((parts) => parts.filter((part) => maySkip(parts, part.plan)).map(({ plan }) => plan)));
    const asking = { lacks: async (plan: Plan) => reasons.get(plan) ?? null, tell: log, signal: head.options.signal };
    const offered: Offered[] = [];
    for (const parts of scenarios) offered.push(await partsOffered(parts, asking));
    return offered;
  }

  /** Of some plans those that a side cannot answer, and why; no side is started for none. */
  private async lacking(plans: readonly Plan[]): Promise<Map<Plan, string>> {
    const reasons = new Map<Plan, string>();
    if (plans.length === 0) return reasons;
    for (const name of ['base', 'head'] as const) {
      const side = await this.serve(name);
      for (const plan of plans) {
        const reason = (await side?.lacks(plan)) ?? null;
        if (reason !== null && !reasons.has(plan)) reasons.set(plan, `${name}: ${reason}`);
      }
    }
    return reasons;
  }

  /** A round of a side as one document with one run; null when it was interrupted or its service is gone. */
  async measure(name: SideName, scenarios: readonly Offered[], check: ClientCheck, order: number): Promise<ResultDocument | null> {
    const side = await this.serve(name);
    if (side === null) return null;
    const parts: ResultDocument[] = [];
    for (const { offered, skipped } of scenarios) {
      const measured: MeasuredPart[] = [];
      for (const { plan, index } of offered) {
        measured.push({
          scenario: plan.scenario,
          document: await side.measure(plan, check, { plan: index, run: order, round: Math.floor(order / 2), budget: null }),
        });
        if (side.stopped.aborted) return null;
      }
      parts.push(uniteRounds([measured], { skipped }));
    }
    const document = uniteScenarios(parts);
    const { sha } = this.job[name];
    if (sha !== null) document.git = { ...document.git, sha };
    // A round is one run, whatever number of scenarios it drove.
    const run: Run = {
      ...(parts[0] as ResultDocument).runs[0],
      values: Object.assign({}, ...parts.flatMap((part) => part.runs.map(({ values }) => values))),
    } as Run;
    document.runs = [
      { ...run, round: Math.floor(order / 2), order, duration_seconds: parts.reduce((sum, part) => sum + part.results.duration_seconds, 0) },
    ];
    return document;
  }

  async crashed(): Promise<ServiceError | null> {
    for (const [name, side] of this.open) this.failure ??= await side.crashed(name);
    return this.failure;
  }

  async close(): Promise<void> {
    await Promise.all([...this.open.values()].map((side) => side.close()));
    this.open.clear();
  }

  private async serve(name: SideName): Promise<Side | null> {
    const known = this.open.get(name);
    if (known) return known;
    if (this.job.alternate) await this.close();
    const { options, place } = this.job[name];
    this.job.log(`starting ${name}`);
    const again = this.started.has(name);
    const side = await Side.open(options, { ...place, ...(again ? { skipSetup: true } : {}) }).catch((error: unknown) => {
      // What was measured before it failed to come up once more is kept.
      if (!again || !(error instanceof ServiceError)) throw error;
      this.failure = error;
      return null;
    });
    if (side !== null) {
      this.open.set(name, side);
      this.started.add(name);
      if (side.startSeconds !== null) this.startSeconds = Math.max(this.startSeconds ?? 0, side.startSeconds);
    }
    return side;
  }
}
