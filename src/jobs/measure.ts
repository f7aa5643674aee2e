import { resolve } from 'node:path';
import type { BenchConfig } from '../config/bench-config.ts';
import type { EntryContext } from '../config/entry-context.ts';
import { UserError } from '../config/errors.ts';
import { limitsFor } from '../config/limits-for.ts';
import { maskSecrets } from '../config/print.ts';
import { type Prompt, readPrompts } from '../config/prompts.ts';
import type { Scenario } from '../config/scenario.ts';
import type { TargetConfig } from '../config/target.ts';
import { type ReplayOptions, type ReplayRow, readTrace, replayRows } from '../config/trace-file.ts';
import type { BudgetPlan } from '../load/budget.ts';
import type { Executor } from '../load/executor.ts';
import { executors } from '../load/executors/registry.ts';
import { type RetryPolicy, retryPreset } from '../load/retry.ts';
import { type LoadOutcome, runLoad } from '../load/run.ts';
import type { Snapshot } from '../measure/meter.ts';
import type { RequestRecord } from '../measure/record.ts';
import type { ValidityFinding } from '../measure/validity.ts';
import { cohortOf, readEnvironment } from '../observe/environment.ts';
import type { TransportKind } from '../protocol/connect.ts';
import { buildResult } from '../result/build.ts';
import type { ResultDocument } from '../result/document.ts';
import { mergeResults } from '../result/merge.ts';
import { resolveApiKey, targetHeaders } from '../service/api-key.ts';
import { secretValues } from '../service/secrets.ts';
import type { RunningService, ServiceCrash } from '../service/service.ts';
import { crashError, loggedLines, type ServiceError } from '../service/service-error.ts';
import { startService } from '../service/start.ts';
import type { ServiceState } from '../service/state.ts';
import { tokenizerEncoding } from '../workload/tokenizer.ts';
import { createWorkload } from '../workload/workload.ts';
import { ClientCheck } from './client-check.ts';
import { messageMasker } from './mask-message.ts';
import { readCi, readGit, readTool, sha256Of } from './provenance.ts';
import { boundSentence, budgetBlock, budgetOf, checkShape, definitionOf, plainShape, type RunShape } from './shape.ts';

/** What a person watching is told; every member is optional work for the caller. */
export interface MeasureProgress {
  line(text: string): void;
  scenarioStarted(scenario: Scenario, plan: { requests: number | null; durationMs: number | null; concurrency: number }): void;
  snapshot(snapshot: Snapshot): void;
  scenarioEnded(): void;
}

export interface MeasureOptions {
  config: BenchConfig;
  entry: EntryContext;
  env: NodeJS.ProcessEnv;
  /** Aborting stops the service and keeps what was measured until then. */
  signal: AbortSignal;
  progress: MeasureProgress;
  logDirectory: string;
  runs: number;
  transport: TransportKind;
  freshConnections: boolean;
  /** Left out: one machine, at once, without a budget, by our own definitions. */
  shape?: RunShape;
  /** False: the client is not certified by a short selftest. */
  selftest?: boolean;
  /** Another run was going on this machine when this one began. */
  otherRun?: boolean;
  /** @param run counts the runs of all scenarios from 0 */
  onRecord?: (record: RequestRecord, run: number) => void;
  /** Told from before the service starts on, so that another process can stop it if this one is killed. */
  onState?: (state: ServiceState) => void;
}

export interface Measured {
  /** All scenarios and runs in one document; null when nothing was measured before it ended. */
  document: ResultDocument | null;
  /** The service ended during the run: what was measured until then is in the document. */
  crash: ServiceError | null;
  interrupted: boolean;
}

/**
 * Starts the service, drives every scenario at it, and returns the result document. The service is stopped whatever happens.
 * @throws UserError when a prompt file cannot be read (2) or the service cannot be reached (4)
 */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { config, env, signal } = options;
  const target = config.embedded ? embeddedTarget(config.target, options.entry) : config.target;
  const plans = await Promise.all(config.scenarios.map((scenario) => planScenario(scenario, target, config.root)));
  const shape = options.shape ?? plainShape;
  const shaped = plans.map((plan) => ({ ...plan, requests: sizeOf(plan).requests }));
  checkShape(shape, shaped, target, options.runs);
  const budget = budgetOf(shape, target);
  for (const plan of shaped) {
    const sentence = boundSentence(plan, target, options.runs);
    if (sentence !== null) options.progress.line(sentence);
  }
  const headers = targetHeaders(target, { env, root: config.root });
  const mask = messageMasker(secretsOf(options, headers));
  const check = new ClientCheck(options, plans, target.command !== undefined || target.image !== undefined);
  const service = await startUnlessAborted(target, options).catch(async (error) => {
    await check.close();
    throw error;
  });
  if (service === null) {
    await check.close();
    return { document: null, crash: null, interrupted: true };
  }
  const stop = new AbortController();
  const forward = () => stop.abort('interrupted');
  signal.addEventListener('abort', forward, { once: true });
  if (signal.aborted) forward();
  let crash: ServiceCrash | null = null;
  void service.crashed.then((cause) => {
    crash = cause;
    stop.abort('service_crashed');
  });
  try {
    const documents: ResultDocument[] = [];
    // Git and the machine are asked while the load runs up: nothing of it is needed before the first result.
    const reading = readShared(options);
    await check.quiet();
    for (const [index, plan] of plans.entries()) {
      for (let round = 0; round < options.runs && !stop.signal.aborted && documents.at(-1)?.stop_reason !== 'budget'; round++) {
        const noise = check.watch();
        const outcome = await runPlan(plan, { ...options, shape, budget, run: documents.length, service, headers, mask, signal: stop.signal });
        const heard = noise.figures();
        await check.certify();
        const findings = check.findings(index, outcome, heard);
        const document = describe(plan, outcome, { options, service, mask, target, shared: await reading, findings });
        document.client = { ...document.client, ...check.describe(index, outcome) };
        document.runs = document.runs.map((run) => ({ ...run, round, order: round }));
        documents.push(document);
      }
    }
    const document = documents.length === 0 ? null : documents.length === 1 ? (documents[0] as ResultDocument) : mergeResults(documents);
    if (document !== null && budget !== null) document['budget'] = budgetBlock(budget, target);
    const error = crash === null ? null : crashError(target.name, crash, await service.lastLogLines(loggedLines));
    return { document, crash: error, interrupted: signal.aborted };
  } finally {
    signal.removeEventListener('abort', forward);
    await check.close();
    await service.stop();
  }
}

/** Null when the signal was what ended the start. */
async function startUnlessAborted(target: TargetConfig, options: MeasureOptions): Promise<RunningService | null> {
  const { config, env, signal, onState } = options;
  try {
    return await startService(target, {
      root: config.root,
      env,
      logDirectory: options.logDirectory,
      signal,
      onProgress: (line) => options.progress.line(line),
      ...(onState ? { onState } : {}),
    });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return null;
    throw error;
  }
}

/** What a server may repeat in an error message and nobody may read: the key, and what looks like a secret by its name. */
function secretsOf({ config, env }: MeasureOptions, headers: Record<string, string>): string[] {
  const { target, scenarios, root } = config;
  const key = resolveApiKey(target, { env, root });
  return [
    ...(key === null ? [] : [key.value]),
    ...[target.env ?? {}, headers, ...scenarios.map(({ request }) => request.headers ?? {})].flatMap(secretValues),
  ];
}

interface Plan {
  scenario: Scenario;
  executor: Executor<unknown>;
  workload: ReturnType<typeof createWorkload>;
  prompts: Prompt[];
  /** Empty where no trace is replayed. */
  trace: ReplayRow[];
}

async function planScenario(scenario: Scenario, target: TargetConfig, root: string): Promise<Plan> {
  const executor = executors.get(scenario.load.executor);
  if (!executor) throw new UserError(`scenario ${scenario.name}: no executor is named ${scenario.load.executor}`);
  const usesFile = scenario.request.api !== 'http' && scenario.request.prompt_tokens === undefined;
  const lines = usesFile && scenario.request.prompts !== undefined ? await readPrompts(resolve(root, scenario.request.prompts)) : [];
  const { load } = scenario;
  const trace = load.executor === 'trace' ? replayRows(await readTrace(resolve(root, String(load['file']))), load as unknown as ReplayOptions) : [];
  return { scenario, executor, workload: createWorkload(scenario, target, lines, trace), prompts: lines, trace };
}

async function runPlan(
  plan: Plan,
  context: MeasureOptions & {
    service: RunningService;
    headers: Record<string, string>;
    mask: (text: string) => string;
    shape: RunShape;
    budget: BudgetPlan | null;
    run: number;
  },
): Promise<LoadOutcome> {
  const { scenario, executor, workload } = plan;
  const { progress, onRecord, mask, shape, budget, run } = context;
  const definition = definitionOf(shape);
  const concurrency = executor.concurrency(scenario.load);
  progress.scenarioStarted(scenario, { ...sizeOf(plan), concurrency });
  try {
    return await runLoad({
      scenario,
      executor,
      workload,
      target: context.config.target,
      prompts: plan.prompts,
      trace: plan.trace,
      baseUrl: context.service.baseUrl,
      targetHeaders: context.headers,
      entryUrl: context.entry.entryUrl,
      workers: shape.workers,
      retry: retryPolicy(scenario),
      shard: shape.shard,
      startAtEpochMs: shape.startAtEpochMs,
      budget,
      ...(definition ? { definition } : {}),
      transport: context.transport,
      freshConnections: context.freshConnections,
      userAgent: 'llm-bench',
      signal: context.signal,
      onSnapshot: (snapshot) => progress.snapshot(snapshot),
      ...(onRecord
        ? { onRecord: (record) => onRecord(record.errorMessage === null ? record : { ...record, errorMessage: mask(record.errorMessage) }, run) }
        : {}),
    });
  } finally {
    progress.scenarioEnded();
  }
}

function sizeOf({ scenario: { load }, executor, trace }: Plan): { requests: number | null; durationMs: number | null } {
  if (trace.length > 0) return { requests: trace.length, durationMs: null };
  const { requests, duration } = load as { requests?: number; duration?: number };
  return executor.size?.(load) ?? { requests: requests ?? null, durationMs: duration === undefined ? null : duration * 1000 };
}

function retryPolicy({ retry }: Scenario): RetryPolicy | null {
  if (retry === undefined || retry === false) return null;
  return retry === true ? retryPreset : { maxAttempts: retry.max_attempts, baseMs: retry.base * 1000 };
}

/** What every document of a job says alike. */
async function readShared({ config, entry, env }: MeasureOptions) {
  const [tool, git] = await Promise.all([readTool(entry.packageRoot), readGit(config.root, env)]);
  return { tool, git, ci: readCi(env), environment: readEnvironment(env) };
}

function describe(
  plan: Plan,
  outcome: LoadOutcome,
  context: {
    options: MeasureOptions;
    service: RunningService;
    mask: (text: string) => string;
    target: TargetConfig;
    shared: Awaited<ReturnType<typeof readShared>>;
    findings: ValidityFinding[];
  },
): ResultDocument {
  const { scenario, executor, workload } = plan;
  const { options, shared, mask, findings } = context;
  const { shard } = options.shape ?? plainShape;
  const compat = definitionOf(options.shape ?? plainShape);
  const resolved = maskSecrets({
    scenario,
    target: publicTarget(options.config.target),
    transport: options.transport,
    ...(compat ? { compat: compat.name } : {}),
  });
  const document = buildResult({
    run: outcome,
    scenario,
    target: context.target,
    baseUrl: maskSecrets(context.service.baseUrl, ['base_url']) as string,
    workload,
    // In a load by schedule the bound on what is in flight says nothing of how much was.
    concurrency: outcome.phases.some(({ phase }) => phase.pacer.kind === 'closed') ? executor.concurrency(scenario.load) : null,
    findings,
    maxErrorRate: limitsFor(options.config.thresholds, scenario.name, 'error_rate')?.max ?? 1,
    environment: shared.environment,
    cohort: cohortOf(
      shared.environment,
      sha256Of({
        ...scenario,
        request: { ...scenario.request, prompts: plan.prompts },
        ...(plan.trace.length > 0 ? { trace: plan.trace } : {}),
        ...(compat ? { compat: compat.name } : {}),
      }),
    ),
    tool: shared.tool,
    git: shared.git,
    ci: shared.ci,
    compat,
    shard: shard.count > 1 ? shard : null,
    config: { resolved, sha256: sha256Of(resolved) },
    notes: outcome.tokensCountedHere ? { outputTokens: `counted with ${tokenizerEncoding}: the server reports no usage` } : {},
  });
  document.errors = document.errors.map((error) => ({ ...error, example: mask(error.example) }));
  return document;
}

/** The target without what may be secret or differs from run to run. */
function publicTarget({ env, headers, ...rest }: TargetConfig): Record<string, unknown> {
  return { ...rest, ...(env ? { env: Object.keys(env) } : {}), ...(headers ? { headers: Object.keys(headers) } : {}) };
}

/** The embedded engine as a service like any other: our own command line, started as a child. */
function embeddedTarget(target: TargetConfig, entry: EntryContext): TargetConfig {
  const quoted = [process.execPath, entry.cliPath.pathname].map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(' ');
  return { ...target, command: `exec ${quoted} mock --port \${PORT}`, port: 'auto', base_url: 'http://127.0.0.1:${PORT}', ready: { url: '/health' } };
}
