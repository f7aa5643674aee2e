import { fileURLToPath } from 'node:url';
import type { EntryContext } from '../../config/entry-context.ts';
import { UserError } from '../../config/errors.ts';
import type { Scenario } from '../../config/scenario/scenario.ts';
import type { TargetConfig } from '../../config/target/target.ts';
import type { BudgetPlan } from '../../load/budget.ts';
import type { Monitor } from '../../observe/monitor.ts';
import { findProfiler, type Profiler } from '../../observe/profile/find.ts';
import { protocols } from '../../protocol/registry.ts';
import type { ResultDocument } from '../../result/document.ts';
import { targetHeaders } from '../../service/api-key.ts';
import { knownSecrets } from '../../service/known-secrets.ts';
import type { RunningService, ServiceCrash } from '../../service/service.ts';
import { crashError, loggedLines, type ServiceError } from '../../service/service-error.ts';
import { startService } from '../../service/start.ts';
import type { ClientCheck } from './client-check.ts';
import { describe, readShared } from './describe.ts';
import { lackingEndpoint } from './lacking.ts';
import { messageMasker } from './mask-message.ts';
import { addObservations, observeService, startupOf } from './observe.ts';
import type { MeasureOptions } from './options.ts';
import { parseTime } from './parse-time.ts';
import { inRound, type Plan } from './plan.ts';
import { runPlan } from './run-plan.ts';
import { plainShape } from './shape.ts';
import { underPressure } from './under-pressure.ts';

/** A million vectors of 64 numbers take minutes on two cores the first time, longer ones longer. */
const longestBuildSeconds = 3600;

/** Where a side's service is started, when that is not the configuration's own place. */
export interface SidePlace {
  workingDirectory?: string;
  /** The setup was run before. */
  skipSetup?: boolean;
}

/** One service under test, up and ready to be measured as often as wanted. */
export class Side {
  /** Aborted when the job is interrupted or the service ends by itself. */
  readonly stopped: AbortSignal;
  private readonly options: MeasureOptions;
  private readonly target: TargetConfig;
  /** Those that every request to the target carries. */
  private readonly headers: Record<string, string>;
  private readonly service: RunningService;
  private readonly mask: (text: string) => string;
  private readonly stop: AbortController;
  // Git and the machine are asked while the load runs up: nothing of it is needed before the first result.
  private readonly shared: ReturnType<typeof readShared>;
  private readonly monitor: Monitor;
  private toldStartup = false;
  private readonly forward: () => void;
  private crash: ServiceCrash | null = null;

  /** Starts the service. Null when it was told to stop before it was up. @throws UserError (4) when it cannot be reached */
  static async open(options: MeasureOptions, place: SidePlace = {}): Promise<Side | null> {
    const target = startable(options);
    const headers = targetHeaders(target, { env: options.env, root: options.config.root });
    const service = await startUnlessAborted(target, options, place);
    if (service === null) return null;
    try {
      if (options.mustProfile) await refuseUnlessProfiled(service, target, options, headers);
      return new Side(options, target, headers, service, await observeService(service, options.config, { headers, env: options.env }));
    } catch (error) {
      await service.stop();
      throw error;
    }
  }

  private constructor(options: MeasureOptions, target: TargetConfig, headers: Record<string, string>, service: RunningService, monitor: Monitor) {
    this.options = options;
    this.target = target;
    this.headers = headers;
    this.service = service;
    this.monitor = monitor;
    options.onMonitor?.(monitor);
    this.mask = messageMasker(knownSecrets(options.config, options.env));
    this.stop = new AbortController();
    this.stopped = this.stop.signal;
    this.forward = () => this.stop.abort('interrupted');
    options.signal.addEventListener('abort', this.forward, { once: true });
    if (options.signal.aborted) this.forward();
    void service.crashed.then((cause) => {
      this.crash = cause;
      this.stop.abort('service_crashed');
    });
    this.shared = readShared(options, { baseUrl: service.baseUrl, headers });
  }

  /** Where the service answers. */
  get baseUrl(): string {
    return this.service.baseUrl;
  }

  /** Spawn to ready; null where it was not started here. */
  get startSeconds(): number | null {
    return this.service.startSeconds;
  }

  /** One run of one scenario. @param at.run counts this job's runs from 0; @param at.round those of this scenario: each sends prompts of its own */
  async measure(
    planned: Plan,
    check: ClientCheck,
    at: { plan: number; run: number; round: number; budget: BudgetPlan | null },
  ): Promise<ResultDocument> {
    const { options, service, mask, target } = this;
    const plan = inRound(planned, target, at.round);
    const headers = this.headersFor(plan.scenario);
    const shape = options.shape ?? plainShape;
    const noise = check.watch();
    const { outcome, check: pressure } = await underPressure(
      plan.scenario,
      { entry: options.entry, env: options.env, onLine: (line) => options.progress.line(line) },
      () =>
        runPlan(plan, {
          ...options,
          shape,
          budget: at.budget,
          run: at.run,
          round: at.round,
          service,
          headers,
          mask,
          signal: this.stopped,
          beforeMeasured: () => this.monitor.sampleNow(),
        }),
    );
    const heard = noise.figures();
    const findings = check.findings(at.plan, outcome, heard);
    const document = describe(plan, outcome, { options, service, mask, target, shared: await this.shared, findings });
    document.client = { ...document.client, ...check.describe(at.plan, outcome) };
    if (pressure !== null) document.validity.checks.push(pressure);
    if (plan.scenario.request.parse_json === true)
      document.results['json_parse_ms'] = await parseTime(plan.scenario, { baseUrl: service.baseUrl, headers }, this.stopped);
    const once = this.toldStartup ? [] : await startupOf(service, outcome, options.config.observe);
    this.toldStartup = true;
    return addObservations(document, outcome, { scenario: plan.scenario.name, monitor: this.monitor, once });
  }

  /** Drives a scenario and makes nothing of it, such as while a profile is taken. @param beforeMeasured told after the warm-up, at every call */
  async drive(planned: Plan, round: number, beforeMeasured: () => void): Promise<void> {
    const { options, service, mask, target } = this;
    const plan = inRound(planned, target, round);
    const headers = this.headersFor(plan.scenario);
    const shape = options.shape ?? plainShape;
    await runPlan(plan, {
      ...options,
      shape,
      budget: null,
      run: round,
      round,
      service,
      headers,
      mask,
      signal: this.stopped,
      beforeMeasured: async () => beforeMeasured(),
    });
  }

  /** What can take a profile of this service, by its configuration; else why nothing can. */
  findProfiler(): Promise<Profiler | { reasons: string[] }> {
    return profilerOf(this.service, this.target, this.options, this.headers);
  }

  /** The target's, with the key where the scenario's wire wants it. */
  private headersFor({ request }: Scenario): Record<string, string> {
    return targetHeaders(this.target, { env: this.options.env, root: this.options.config.root }, protocols.get(request.api)?.keyHeader);
  }

  /** Why a part of a scenario cannot be measured here, a sentence; null: it can. */
  async lacks({ scenario }: Plan): Promise<string | null> {
    return lackingEndpoint(scenario, { baseUrl: this.service.baseUrl, headers: this.headersFor(scenario) }, this.stopped);
  }

  /** Why the service ended by itself, with the end of its log; null when it did not. @param role which side it served, where there are two */
  async crashed(role?: string): Promise<ServiceError | null> {
    const name = role === undefined ? this.target.name : `${this.target.name} (${role})`;
    return this.crash === null ? null : crashError(name, this.crash, await this.service.lastLogLines(loggedLines));
  }

  async close(): Promise<void> {
    this.options.signal.removeEventListener('abort', this.forward);
    await this.monitor.stop();
    await this.service.stop();
  }
}

/** The target as it is started: the embedded engine is our own command line. */
export function startable({ config, entry }: Pick<MeasureOptions, 'config' | 'entry'>): TargetConfig {
  return config.embedded ? embeddedTarget(config, entry) : config.target;
}

function profilerOf(service: RunningService, target: TargetConfig, { config, env }: MeasureOptions, headers: Record<string, string>) {
  return findProfiler(service, { config: config.profile, headers, env, command: target.command !== undefined });
}

/** @throws UserError (2) where a profile was asked for and cannot be had: better said now than after measuring */
async function refuseUnlessProfiled(service: RunningService, target: TargetConfig, options: MeasureOptions, headers: Record<string, string>) {
  const found = await profilerOf(service, target, options, headers);
  if (!('reasons' in found)) return;
  throw new UserError(`profile always: no profile of ${target.name} can be taken: ${found.reasons.join('; ')}`, {
    hint: 'Serve pprof (profile.url says where), install py-spy or perf, or leave profile at suspicious (docs/profiles.md).',
  });
}

/** Null when the signal was what ended the start. */
async function startUnlessAborted(target: TargetConfig, options: MeasureOptions, place: SidePlace): Promise<RunningService | null> {
  const { config, env, signal, onState } = options;
  try {
    return await startService(target, {
      root: config.root,
      env,
      logDirectory: options.logDirectory,
      signal,
      onProgress: (line) => options.progress.line(line),
      ...place,
      ...(onState ? { onState } : {}),
    });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return null;
    throw error;
  }
}

/** The embedded engine as a service like any other: our own command line, started as a child. */
function embeddedTarget({ target, scenarios }: MeasureOptions['config'], entry: EntryContext): TargetConfig {
  const quoted = [process.execPath, fileURLToPath(entry.cliPath)].map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(' ');
  const indexes = embeddedIndexes(scenarios);
  return {
    ...target,
    command: `exec ${quoted} mock --port \${PORT}${indexes === null ? '' : ` ${indexes}`}`,
    port: 'auto',
    base_url: 'http://127.0.0.1:${PORT}',
    ready: { url: '/health', ...(indexes === null ? {} : { timeout_seconds: longestBuildSeconds }) },
  };
}

/** The flags that have it serve the indexes of vectors that scenarios ask for; null where none does. @throws UserError (2) where they differ in more than size */
function embeddedIndexes(scenarios: MeasureOptions['config']['scenarios']): string | null {
  const asked = scenarios.flatMap(({ request }) => (request.retrieval === undefined ? [] : [request.retrieval]));
  const [first] = asked;
  if (first === undefined) return null;
  const other = asked.find(({ dimension, seed }) => dimension !== first.dimension || seed !== first.seed);
  if (other !== undefined)
    throw new UserError(
      `the embedded engine serves vectors of one dimension and one seed, found ${first.dimension} (seed ${first.seed}) and ${other.dimension} (seed ${other.seed})`,
      { hint: 'Run the scenarios one by one.' },
    );
  const sizes = [...new Set(asked.map(({ entries }) => entries))];
  return `--retrieval --retrieval-entries ${sizes.join(',')} --dimension ${first.dimension} --retrieval-seed ${first.seed}`;
}
