import { defaultTokenizer } from '../../config/scenario/tokenizers.ts';
import type { TargetConfig } from '../../config/target/target.ts';
import { limitsFor } from '../../config/thresholds/limits-for.ts';
import { maskSecrets } from '../../config/yaml/mask.ts';
import type { LoadOutcome, TokenSource } from '../../load/load-run.ts';
import type { ValidityFinding } from '../../measure/validity.ts';
import { readAccelerator } from '../../observe/accelerator.ts';
import { readEngine } from '../../observe/engine.ts';
import { cohortOf, readEnvironment } from '../../observe/environment.ts';
import { buildResult } from '../../result/build.ts';
import type { ResultDocument } from '../../result/document.ts';
import type { RunningService } from '../../service/service.ts';
import type { MeasureOptions } from './options.ts';
import type { Plan } from './plan.ts';
import { readCi, readGit, readTool, sha256Of } from './provenance.ts';
import { definitionOf, plainShape } from './shape.ts';

/** What every document of a job says alike: where it was measured, of which commit, and what the service says that it is. */
export async function readShared({ config, entry, env }: MeasureOptions, service: { baseUrl: string; headers: Record<string, string> }) {
  const [tool, git, accelerator, engine] = await Promise.all([
    readTool(entry.packageRoot),
    readGit(config.root, env),
    readAccelerator(env),
    engineOf(config.target, env, service),
  ]);
  return { tool, git, ci: readCi(env), environment: { ...readEnvironment(env), ...accelerator, engine } };
}

/** Asked only of a target that names its `backend`: any other service gets the requests of its scenario and no more. */
async function engineOf(
  target: TargetConfig,
  env: NodeJS.ProcessEnv,
  service: { baseUrl: string; headers: Record<string, string> },
): Promise<string | null> {
  const named = env['LLM_BENCH_ENGINE']?.trim();
  if (named) return named.slice(0, 100);
  return target.backend === undefined ? null : readEngine(service.baseUrl, service.headers);
}

/** The result document of one run. */
export function describe(
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
    baseUrl: context.service.baseUrl,
    workload,
    // In a load by schedule the bound on what is in flight says nothing of how much was.
    concurrency: outcome.phases.some(({ phase }) => phase.pacer.kind === 'closed') ? executor.concurrency(scenario.load) : null,
    findings,
    maxErrorRate: limitsFor(options.config.thresholds, scenario.name, 'error_rate')?.max ?? 1,
    environment: shared.environment,
    cohort: cohortOf(
      { ...shared.environment, model: scenario.request.model ?? context.target.model ?? null },
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
    notes: tokenNote(outcome.outputTokens, context.target.tokenizer ?? defaultTokenizer),
  });
  document.errors = document.errors.map((error) => ({ ...error, example: mask(error.example) }));
  return document;
}

/** What is said of how the output tokens of a result were counted. */
function tokenNote(source: TokenSource, tokenizer: string): { outputTokens?: string } {
  if (source === 'counted') return { outputTokens: `counted with ${tokenizer}: the server reports no usage` };
  if (source === 'reported') return {};
  return {
    outputTokens: `counted with ${tokenizer} where an answer does not say: the request sent ahead failed, so that nobody knew whether the server reports usage`,
  };
}

/** The target without what may be secret or differs from run to run. */
function publicTarget({ env, headers, ...rest }: TargetConfig): Record<string, unknown> {
  return { ...rest, ...(env ? { env: Object.keys(env) } : {}), ...(headers ? { headers: Object.keys(headers) } : {}) };
}
