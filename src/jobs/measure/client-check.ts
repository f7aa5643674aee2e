import { availableParallelism } from 'node:os';
import type { BenchConfig } from '../../config/bench-config.ts';
import type { EntryContext } from '../../config/entry-context.ts';
import type { Prompt } from '../../config/scenario/prompts.ts';
import type { ResolvedRequest, Scenario } from '../../config/scenario/scenario.ts';
import type { Executor } from '../../load/executor.ts';
import type { LoadOutcome } from '../../load/load-run.ts';
import { seriesId } from '../../load/series-id.ts';
import { SeriesMeter } from '../../measure/series-meter.ts';
import { checkValidity, type ValidityFinding } from '../../measure/validity.ts';
import { lateBoundMs } from '../../measure/validity-client.ts';
import type { CertifiedFigures, ClientLimit, ExactLength, NoiseFigures, ScheduleFigures, ValidityInput } from '../../measure/validity-input.ts';
import { loadPerCoreNow, type NoiseWatch, watchNoise } from '../../observe/machine-noise.ts';
import type { TransportKind } from '../../protocol/connect.ts';
import type { ResultDocument } from '../../result/document.ts';
import type { Workload } from '../../workload/workload.ts';
import { certify, shortPlan } from './certify.ts';

export interface CheckOptions {
  config: BenchConfig;
  entry: EntryContext;
  transport: TransportKind;
  signal: AbortSignal;
  /** False: no selftest. */
  selftest?: boolean;
  /** Another run was going on this machine when this one began. */
  otherRun?: boolean;
}

export interface CheckedPlan {
  scenario: Scenario;
  executor: Executor<unknown>;
  workload: Workload;
  prompts: readonly Prompt[];
}

/**
 * Checks a run's client: certifies it by a short selftest, at a time when nothing is measured, watches the machine, and judges each run.
 * To be made before anything of the run is started, and closed when it is over.
 */
export class ClientCheck {
  private readonly options: CheckOptions;
  private readonly plans: readonly CheckedPlan[];
  private readonly loadPerCore = loadPerCoreNow();
  private readonly stop = new AbortController();
  private readonly certifying: Promise<CertifiedFigures | string | null>;
  private certified: CertifiedFigures | string | null = null;

  /** The selftest begins at once: while the service comes up, where it is started here. */
  constructor(options: CheckOptions, plans: readonly CheckedPlan[]) {
    this.options = options;
    this.plans = plans;
    this.certifying = this.begin();
  }

  /** Nothing of the selftest is going on any more: the measured window may begin. */
  async quiet(): Promise<void> {
    this.certified = await this.certifying;
  }

  watch(): NoiseWatch {
    return watchNoise(this.loadPerCore);
  }

  /** Gives up a selftest that is going on. */
  async close(): Promise<void> {
    this.stop.abort('over');
    await this.certifying;
  }

  /**
   * @param index of the plan's scenario in the configuration
   * @param noise as it was when the load ended
   */
  findings(index: number, outcome: LoadOutcome, noise: Omit<NoiseFigures, 'otherRun'>): ValidityFinding[] {
    const pooled = pool(outcome);
    const snapshot = outcome.meter.snapshot(outcome.durationSeconds * 1000);
    const perSecond = (count: number) => (outcome.durationSeconds > 0 ? count / outcome.durationSeconds : null);
    const { attempts } = outcome.meter;
    return checkValidity({
      client: outcome.client,
      cores: availableParallelism(),
      workers: outcome.workers,
      medianLatencyMs: snapshot.latencyP50Ms,
      medianTtftMs: snapshot.ttftP50Ms,
      succeeded: pooled.succeeded,
      durationSeconds: outcome.durationSeconds,
      tokensPerSecond: pooled.outputTokens === 0 ? null : perSecond(pooled.outputTokens),
      requestsPerSecond: perSecond(pooled.succeeded + pooled.failed),
      p99Samples: pooled.succeeded,
      timeline: outcome.phases.length > 1 ? [] : outcome.meter.timeline.buckets(),
      schedule: this.schedule(index, outcome),
      clientLimit: limitOf(outcome),
      certified: this.certified,
      noise: { ...noise, otherRun: this.options.otherRun === true },
      exactLength: this.exactLength(index, outcome),
      answers: answersOf(pooled, this.plans[index]?.scenario.request),
      retried: attempts.attempts - attempts.requests,
    });
  }

  /** What the result says of the client beside what the load room measured. */
  describe(index: number, outcome: LoadOutcome): Partial<ResultDocument['client']> {
    const { certified } = this;
    const schedule = this.schedule(index, outcome);
    const known = certified !== null && typeof certified !== 'string';
    return {
      late_sends: schedule?.lateSends ?? null,
      timing_error_ms: known ? certified.timingErrorMs : null,
      ceiling: known ? { tokens_per_sec: certified.ceiling.tokensPerSecond, requests_per_sec: certified.ceiling.requestsPerSecond } : null,
    };
  }

  private async begin(): Promise<CertifiedFigures | string | null> {
    const { selftest, entry, transport, signal } = this.options;
    if (selftest === false) return null;
    const plan = shortPlan(this.plans.map(({ scenario, executor }) => ({ load: scenario.load, concurrency: executor.concurrency(scenario.load) })));
    return certify({ entry, transport, plan, signal: AbortSignal.any([signal, this.stop.signal]) });
  }

  private schedule(index: number, outcome: LoadOutcome): ScheduleFigures | null {
    if (!outcome.phases.some(({ phase }) => phase.pacer.kind === 'open')) return null;
    const { lateness, arrivals } = outcome.meter;
    const median = outcome.meter.snapshot(outcome.durationSeconds * 1000).latencyP50Ms;
    return {
      lateSends: lateness.countAbove(lateBoundMs(median)),
      sends: lateness.count,
      arrivals,
      latenessP99Ms: lateness.summary().p99,
      dropped: outcome.meter.dropped,
      dropsAskedFor: `scenarios.${index}.load.max_in_flight` in this.options.config.origins,
    };
  }

  private exactLength(index: number, outcome: LoadOutcome): ExactLength | null {
    const plan = this.plans[index];
    if (plan?.scenario.request.ignore_eos !== true) return null;
    return plan.workload.cells.flatMap((cell) => {
      const asked = cell.maxTokens ?? sameLength(plan.prompts);
      const meters = outcome.phases.flatMap(({ phase }) => outcome.meter.series.get(seriesId(cell.id, phase.label, plan.scenario.name)) ?? []);
      const came = pool({ meters }).distributions.get('output_tokens')?.summary();
      if (asked === null || came == null || came.min === null || came.max === null || came.mean === null) return [];
      return [{ asked, least: came.min, most: came.max, mean: came.mean }];
    });
  }
}

function limitOf({ meter }: LoadOutcome): ClientLimit | null {
  const tally = meter.errors.get('client_limit');
  const { attempts, example } = meter.limited;
  return tally === undefined && attempts === 0 ? null : { requests: tally?.count ?? 0, attempts, example: tally?.example ?? example ?? '' };
}

/** Wires that tell how many tokens an answer holds, or whose text is counted here. */
const tokenWires: ReadonlySet<string> = new Set(['chat', 'completions', 'ollama', 'anthropic']);

function answersOf({ distributions, succeeded }: SeriesMeter, request: ResolvedRequest | undefined): ValidityInput['answers'] {
  const tokens = distributions.get('output_tokens');
  const counted = tokens?.count ?? 0;
  const told = request !== undefined && tokenWires.has(request.api) && request.retrieval === undefined;
  return { counted, empty: counted - (tokens?.countAbove(0) ?? 0), uncounted: told ? succeeded - counted : 0 };
}

/** The one length that every line of a prompts file asks for; null where they differ. */
function sameLength(prompts: readonly Prompt[]): number | null {
  const [first, ...others] = new Set(prompts.map(({ max_tokens }) => max_tokens));
  return others.length === 0 ? (first ?? null) : null;
}

function pool(outcome: Pick<LoadOutcome, 'meter'> | { meters: readonly SeriesMeter[] }): SeriesMeter {
  const pooled = new SeriesMeter();
  for (const meter of 'meters' in outcome ? outcome.meters : outcome.meter.series.values()) pooled.add(meter);
  return pooled;
}
