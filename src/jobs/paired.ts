import type { Scenario } from '../config/scenario.ts';
import type { Thresholds } from '../config/thresholds.ts';
import type { ResultDocument, Run } from '../result/document.ts';
import type { MeasuredPart } from '../result/findings/finding.ts';
import { mergeResults } from '../result/merge.ts';
import { uniteRounds, uniteScenarios } from '../result/unite.ts';
import type { ServiceError } from '../service/service-error.ts';
import { judgePaired, type PairedVerdict } from '../verdict/judge-paired.ts';
import { roundOrder, type Side as SideName } from '../verdict/round-order.ts';
import { firstLook } from '../verdict/sequential.ts';
import { Random } from '../workload/random.ts';
import { ClientCheck } from './client-check.ts';
import type { MeasureOptions } from './measure-options.ts';
import { type Plan, planScenario, scenariosOf } from './plan.ts';
import { Side, type SidePlace, startable } from './side.ts';

/** A side of the comparison: what to start or where it runs, and where its code lies. */
export interface PairedSide {
  options: MeasureOptions;
  place: SidePlace;
  /** The commit that the place holds; null: the working tree's, as git says. */
  sha: string | null;
}

export interface PairedJob {
  base: PairedSide;
  head: PairedSide;
  thresholds: Thresholds;
  /** In percent, over what thresholds say; null: theirs, else the default. */
  limitPercent: number | null;
  budgetSeconds: number;
  /** Both services are never up at once: ports or memory do not allow it. */
  alternate: boolean;
  /** The shape of a round stays as configured: the user chose it. False: rounds are cut short so that enough of them fit the budget. */
  wholeRounds: boolean;
  /** Measure until the budget is used up, whatever it shows. */
  wholeBudget?: boolean;
  seed: number;
  signal: AbortSignal;
  log(line: string): void;
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
  const seconds = () => (performance.now() - startedMs) / 1000;
  const plans = await roundPlans(job);
  const check = new ClientCheck(job.head.options, plans, true);
  const sides = new Sides(job);
  const documents: Record<SideName, ResultDocument[]> = { base: [], head: [] };
  const random = new Random(job.seed);
  let judged: PairedVerdict | null = null;
  let order = 0;
  let maxPairs: number | null = null;
  let secondsPerPair = 0;
  let pairsBeganAt = 0;
  try {
    await check.quiet();
    for (const planned of roundOrder(() => random.uniform())) {
      const roundStarted = seconds();
      const level = documents.base.length === documents.head.length;
      // A pair that the budget does not hold is not begun; one is always measured, since without any there is nothing to say.
      if (level && documents.base.length > 1 && roundStarted + secondsPerPair > job.budgetSeconds) break;
      const document = await sides.measure(planned.side, plans, check, order++);
      if (document === null) break;
      documents[planned.side].push(document);
      const pairs = Math.min(documents.base.length, documents.head.length) - 1;
      if (planned.pair === null) {
        secondsPerPair += seconds() - roundStarted;
        pairsBeganAt = seconds();
      } else if (documents.base.length === documents.head.length) secondsPerPair = (seconds() - pairsBeganAt) / pairs;
      const complete = documents.base.length === documents.head.length && pairs > 0 && pairs % 2 === 0;
      if (!complete) continue;
      if (job.wholeBudget) {
        job.log(`${pairs} pairs of rounds, ${seconds().toFixed(0)} s`);
        continue;
      }
      maxPairs ??= foreseen(job, seconds(), secondsPerPair, pairs);
      judged = judge(job, documents, { maxPairs, final: false, secondsPerPair });
      job.log(`${pairs} pairs of rounds, ${seconds().toFixed(0)} s: ${judged.decision}`);
      if (judged.decision !== 'continue') break;
    }
    // The budget is used up, or it was interrupted or crashed on the way: what is there is judged for the last time.
    if (judged === null || (judged.decision === 'continue' && documents.base.length > 1 && documents.head.length > 1))
      judged =
        documents.base.length > 1 && documents.head.length > 1
          ? judge(job, documents, { maxPairs: maxPairs ?? firstLook, final: true, secondsPerPair })
          : null;
    const head = united(documents.head);
    // What judging these rounds again needs to know: the error is spent along the number of pairs that was foreseen.
    if (head !== null) head['paired'] = { max_pairs: maxPairs ?? firstLook, seconds: Math.round(seconds()) };
    const rounds = documents.base.length + documents.head.length;
    return {
      judged: judged && withCost(judged, { rounds, seconds: seconds(), secondsPerPair, budgetSeconds: job.budgetSeconds }),
      base: united(documents.base),
      head,
      rounds,
      seconds: seconds(),
      secondsPerPair,
      crash: await sides.crashed(),
      interrupted: job.signal.aborted,
    };
  } finally {
    await check.close();
    await sides.close();
  }
}

function judge(
  job: PairedJob,
  documents: Record<SideName, ResultDocument[]>,
  at: { maxPairs: number; final: boolean; secondsPerPair: number },
): PairedVerdict {
  const { limitPercent, thresholds } = job;
  const [base, head] = [united(documents.base), united(documents.head)] as [ResultDocument, ResultDocument];
  return judgePaired(base, head, thresholds, { ...at, ...(limitPercent === null ? {} : { limitPercent, override: true }) });
}

/** The verdict with what it took, and what it would take to settle it. */
function withCost(
  judged: PairedVerdict,
  { rounds, seconds, secondsPerPair, budgetSeconds }: { rounds: number; seconds: number; secondsPerPair: number; budgetSeconds: number },
): PairedVerdict {
  const { pairs, pairsToSettle, verdict } = judged;
  const more = pairsToSettle === null || pairsToSettle <= pairs ? null : pairsToSettle - pairs;
  const inMinutes = (value: number) => Number((value / 60).toFixed(2));
  const paired = {
    pairs,
    rounds,
    minutes: inMinutes(seconds),
    budget_minutes: inMinutes(budgetSeconds),
    pairs_to_settle: more,
    minutes_to_settle: more === null ? null : inMinutes(more * secondsPerPair),
  };
  return { ...judged, verdict: { ...verdict, paired } };
}

/** Pairs that the budget holds; told from the first rounds and then kept, because the error is spent along this number. Even, as looks come in blocks. */
function foreseen({ budgetSeconds }: PairedJob, elapsed: number, secondsPerPair: number, pairs: number): number {
  const more = Math.floor(Math.max(0, budgetSeconds - elapsed) / Math.max(0.001, secondsPerPair));
  return Math.max(firstLook, 2 * Math.floor((pairs + more) / 2));
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
  const [first] = documents;
  if (first === undefined) return null;
  return documents.length === 1 ? first : mergeResults(documents);
}

/** Both services: up together, or one at a time. */
class Sides {
  private readonly job: PairedJob;
  private readonly open = new Map<SideName, Side>();
  private readonly started = new Set<SideName>();
  private failure: ServiceError | null = null;

  constructor(job: PairedJob) {
    this.job = job;
  }

  /** A round of a side as one document with one run; null when it was interrupted or its service is gone. */
  async measure(name: SideName, plans: readonly Plan[], check: ClientCheck, order: number): Promise<ResultDocument | null> {
    const side = await this.serve(name);
    if (side === null) return null;
    const parts: ResultDocument[] = [];
    for (const scenario of scenariosOf(plans)) {
      const measured: MeasuredPart[] = [];
      for (const { plan, index } of scenario) {
        measured.push({
          scenario: plan.scenario,
          document: await side.measure(plan, check, { plan: index, run: order, round: Math.floor(order / 2), budget: null }),
        });
        if (side.stopped.aborted) return null;
      }
      parts.push(uniteRounds([measured]));
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
    for (const side of this.open.values()) this.failure ??= await side.crashed();
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
    const side = await Side.open(options, { ...place, ...(this.started.has(name) ? { skipSetup: true } : {}) });
    if (side !== null) {
      this.open.set(name, side);
      this.started.add(name);
    }
    return side;
  }
}
