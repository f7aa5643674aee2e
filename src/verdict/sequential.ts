import { type Decision, decide, detectable, type Estimate, evidenceOf, interval } from './decide.ts';
import { normalQuantile } from './distributions.ts';
import { estimatePairs, type LogRatios } from './paired.ts';
import { nominalLevels } from './spending.ts';

/**
 * The first look at the data: six pairs, three blocks. A sign-flip test of fewer than five pairs cannot go below p = 1/16, so that whatever it says
 * rests on the assumption of normal noise alone.
 */
export const firstLook = 6;
/** Looks come after every block, that is every second pair; of many pairs, after so large a share more: it costs little of what could be decided sooner. */
const lookEvery = 2;
const lookShare = 0.04;
/** See `spent`: evenly, so that large changes end early. Powers above 1 were tried: they lose more at the start than they gain at the end. */
const spendingPower = 1;
/**
 * Of "no change", only five sixths of the level are spent: comparing t-tests with levels made for z-tests, and deviates with tails, came out a fifth
 * too high (1.2% at 1%) on the noisiest metric of the embedded engine.
 */
const spentShare = 5 / 6;

export interface PairedPlan {
  /** How many pairs the budget holds, foreseen before any was judged: the error is spent along this number. */
  maxPairs: number;
  alpha: number;
  beta: number;
  /** The budget is used up: what is there is judged for the last time. */
  final: boolean;
}

export interface PairedMetric {
  logRatios: LogRatios;
  /** On the log scale, towards the worse. */
  limit: number;
}

export interface PairedOutcome {
  decision: Decision;
  estimate: (Estimate & { pairs: number }) | null;
  interval: [number, number] | null;
  detectable: number | null;
  /** One-sided p-value of no change at the last look, and the level it was held against; the level is far below alpha at early looks. */
  p: number | null;
  level: number;
  /** How many pairs in all would settle it, four times in five; null when it is settled, or when no sensible number would. */
  pairsToSettle: number | null;
}

export interface PairedJudgement {
  /** `continue`: measure another block and ask again. */
  decision: 'regressed' | 'ok' | 'continue' | 'inconclusive';
  /** Pairs at the look that decided; of more, the rest was not used. */
  pairs: number;
  gating: PairedOutcome[];
  aside: PairedOutcome[];
}

/** Numbers of pairs at which a plan looks; the last one is its last block. */
export function plannedLooks(maxPairs: number): number[] {
  const looks: number[] = [];
  const step = (pairs: number) => lookEvery * Math.max(1, Math.floor((lookShare * pairs) / lookEvery));
  for (let pairs = firstLook; pairs <= maxPairs; pairs += step(pairs)) looks.push(pairs);
  if (looks.length > 0) looks[looks.length - 1] = lookEvery * Math.floor(maxPairs / lookEvery);
  return looks;
}

/**
 * Judges a paired measurement while it runs. At each look every gating metric is tested at a nominal level so small that over all looks no change is
 * wrongly refuted with probability alpha, and a change as large as the limit with probability beta (Lan-DeMets spending). Over the metrics: Holm's
 * method at each look, what it once rejected staying rejected (Ye, Li, Liu & Yao 2013). It ends when one metric regressed, or all are ok or improved.
 * @param gating those that decide; `aside` are those that are only shown, each tested by itself at the look that decided
 */
export function judgePairs(gating: readonly PairedMetric[], aside: readonly PairedMetric[], plan: PairedPlan): PairedJudgement {
  const available = Math.max(0, ...[...gating, ...aside].map(({ logRatios }) => logRatios.length));
  const { looks, shares } = schedule(available, plan);
  let states = gating.map(newState);
  let decision: PairedJudgement['decision'] = plan.final || available >= plan.maxPairs ? 'inconclusive' : 'continue';
  let last = -1;
  for (const [look, pairs] of looks.entries()) {
    if (pairs > available) break;
    last = look;
    states = lookAt(states, gating, { look, pairs, looks, shares }, plan);
    const decisions = states.map((state) => state.decision);
    if (decisions.includes('regressed')) decision = 'regressed';
    else if (decisions.length > 0 && decisions.every((word) => word === 'ok' || word === 'improved')) decision = 'ok';
    if (decision === 'regressed' || decision === 'ok') break;
  }
  const at = { look: last, pairs: last < 0 ? available : (looks[last] as number), looks, shares };
  return {
    decision,
    pairs: at.pairs,
    gating: gating.map((metric, index) => outcome(states[index] as State, metric, at, plan)),
    aside: aside.map((metric) => outcome(last < 0 ? newState() : (lookAt([newState()], [metric], at, plan)[0] as State), metric, at, plan)),
  };
}

/** The nominal level of "no change" at the last look of a plan, for one metric whose whole error is `level`. */
export function finalLevel(maxPairs: number, level: number): number {
  const looks = plannedLooks(maxPairs);
  const { shares } = schedule(0, { maxPairs, alpha: level, beta: 1, final: false });
  return nominalLevels(looks, shares, spentShare * level, spendingPower).at(-1) ?? 0;
}

/** The looks of the plan; when the budget ends between or before them, what is there is the last look and all error is spent by it. */
function schedule(available: number, plan: PairedPlan): { looks: number[]; shares: number[] } {
  const planned = plannedLooks(plan.maxPairs);
  if (!plan.final || available >= plan.maxPairs) {
    const end = planned.at(-1) ?? plan.maxPairs;
    return { looks: planned, shares: planned.map((pairs) => (pairs === end ? 1 : pairs / plan.maxPairs)) };
  }
  const looks = planned.filter((pairs) => pairs < available);
  const shares = looks.map((pairs) => pairs / plan.maxPairs);
  return available >= firstLook ? { looks: [...looks, available], shares: [...shares, 1] } : { looks, shares };
}

interface At {
  look: number;
  pairs: number;
  looks: readonly number[];
  shares: readonly number[];
}

interface State {
  refuted: { noChange: boolean; noImprovement: boolean; beyondLimit: boolean };
  decision: Decision;
  estimate: (Estimate & { pairs: number }) | null;
  p: number | null;
  /** Nominal level of "no change" at the last look. */
  level: number;
}

function newState(): State {
  return {
    refuted: { noChange: false, noImprovement: false, beyondLimit: false },
    decision: 'inconclusive',
    estimate: null,
    p: null,
    level: 0,
  };
}

function lookAt(before: readonly State[], metrics: readonly PairedMetric[], at: At, { alpha, beta }: PairedPlan): State[] {
  const nominal = (level: number) => nominalLevels(at.looks, at.shares, level, spendingPower)[at.look] as number;
  const states = before.map((state, index): State => {
    const { logRatios } = metrics[index] as PairedMetric;
    const estimate = estimatePairs(logRatios.slice(0, at.pairs));
    // A metric that most rounds did not measure has fewer pairs than the look stands for.
    return { ...state, refuted: { ...state.refuted }, estimate: estimate && estimate.pairs >= firstLook ? estimate : null };
  });
  const evidence = states.map(({ estimate }, index) => (estimate ? evidenceOf(estimate, (metrics[index] as PairedMetric).limit) : null));
  for (const side of ['noChange', 'noImprovement'] as const) {
    for (;;) {
      const open = states.filter(({ refuted }) => !refuted[side]).length;
      const level = nominal((spentShare * alpha) / Math.max(1, open));
      const found = states.findIndex(({ refuted }, index) => !refuted[side] && (evidence[index]?.[side] ?? 1) <= level);
      if (side === 'noChange') for (const state of states) if (!state.refuted[side]) state.level = level;
      if (found < 0) break;
      (states[found] as State).refuted[side] = true;
    }
  }
  const betaLevel = nominal(beta);
  for (const [index, state] of states.entries()) {
    state.refuted.beyondLimit ||= (evidence[index]?.beyondLimit ?? 1) <= betaLevel;
    state.p = evidence[index]?.noChange ?? null;
    if (state.refuted.noChange) state.level = Math.max(state.level, nominal((spentShare * alpha) / states.length));
    state.decision = state.estimate ? decide(state.estimate.change, (metrics[index] as PairedMetric).limit, state.refuted) : 'inconclusive';
  }
  return states;
}

function outcome(state: State, metric: PairedMetric, at: At, plan: PairedPlan): PairedOutcome {
  const { decision, p, level } = state;
  const estimate = state.estimate ?? estimatePairs(metric.logRatios.slice(0, at.pairs));
  return {
    decision,
    estimate,
    interval: state.estimate && interval(state.estimate, level),
    detectable: state.estimate && detectable(state.estimate, { alpha: level, beta: plan.beta }),
    p,
    level,
    pairsToSettle: decision === 'inconclusive' && estimate ? pairsToSettle(estimate, metric.limit, plan) : null,
  };
}

/**
 * How many pairs would probably (four times in five) settle a metric whose change and noise stay what they are: enough to refute no change and to show
 * the change beyond the limit, or enough to refute a change as large as the limit. Null when the change lies too near the limit for any budget within
 * twenty times the plan.
 */
function pairsToSettle({ change, noise }: Estimate, limit: number, plan: PairedPlan): number | null {
  const luck = normalQuantile(0.2);
  const needed = (distance: number, tail: number) => ((normalQuantile(tail) + luck) * noise) ** 2 / distance ** 2;
  const distance = Math.abs(change - limit);
  const pairs = change > limit ? Math.max(needed(change, plan.alpha), (luck * noise) ** 2 / distance ** 2) : needed(distance, plan.beta);
  const whole = Math.max(firstLook, lookEvery * Math.ceil(pairs / lookEvery));
  return Number.isFinite(whole) && whole <= 20 * plan.maxPairs ? whole : null;
}
