import type { BenchConfig } from '../../config/bench-config.ts';
import type { UserError } from '../../config/errors.ts';
import { asOneRun } from '../../result/components/derived.ts';
import { joinResults } from '../../result/components/join.ts';
import type { ResultDocument } from '../../result/document.ts';
import { addProfiles } from '../../result/profiles.ts';
import { overall } from '../../verdict/overall.ts';
import { describeComponents } from '../component/component.ts';
import { pairComponents } from '../component/pair.ts';
import { ComponentBench } from '../component/run.ts';
import { unmetError, unmetLimits } from '../component/unmet-limits.ts';
import type { PairedResult } from '../paired/paired.ts';
import { addWorktree } from '../paired/worktree.ts';
import type { GateOptions } from './options.ts';
import { memberOf, takeComponentProfiles } from './profiles.ts';

/** Seconds that the component benchmarks of a job may take, all together. */
export const componentBudgetSeconds = 300;

const allOnce = { only: null, quick: false, once: false };

/** What the component benchmarks brought to a job's result. */
export interface GateComponents {
  /** The service's result with the components' series in its run; theirs alone where no service was measured. Null when nothing was measured. */
  document: ResultDocument | null;
  /** Why the check fails whatever the verdict says: a command that failed, or a limit without a measurement. */
  failure: UserError | null;
}

/** No service was named, and components are: they alone are measured. */
export function componentsAlone({ embedded, components }: Pick<BenchConfig, 'embedded' | 'components'>): boolean {
  return embedded && components.entries.length > 0;
}

/** The `component:` entries of the working tree, to be closed by the caller; null where there is none. */
export function openGateComponents(options: GateOptions): ComponentBench | null {
  return options.config.components.entries.length === 0 ? null : new ComponentBench(placeOf(options));
}

/** Runs the `component:` entries after the service was measured, within their budget; a command that fails is told and fails the check. */
export async function measureGateComponents(
  options: GateOptions,
  service: ResultDocument | null,
  bench: ComponentBench | null,
): Promise<GateComponents> {
  const { config } = options;
  if (bench === null) return { document: service, failure: null };
  const { document, failures } = await bench.run(allOnce, componentBudgetSeconds);
  if (document === null) return { document: service, failure: failures[0] ?? null };
  const components = asOneRun(await described(document, options, failures));
  const unmet = unmetLimits(components, config, { only: null, whole: failures.length === 0 });
  const failure = failures[0] ?? (unmet.length > 0 ? unmetError(unmet) : null);
  return { document: service === null ? components : joinResults([service, components]), failure };
}

/** Measures the components of base and head in turn, and adds them to a paired measurement of the service where there is one. */
export async function pairGateComponents(
  options: GateOptions,
  base: string,
  service: PairedResult | null,
  budgetSeconds: number,
): Promise<PairedResult> {
  const { config, context, log } = options;
  const worktree = await addWorktree(config.root, base);
  const benches = {
    head: new ComponentBench(placeOf(options)),
    base: new ComponentBench({ ...placeOf(options), workingDirectory: worktree.directory }),
  };
  try {
    const job = { benches, flags: allOnce, thresholds: config.thresholds, limitPercent: null, budgetSeconds, log: (line: string) => log.info(line) };
    const { failures, ...pair } = await pairComponents(job);
    for (const failure of failures) log.warning(failure.message);
    const profiles = pair.judged === null ? null : await takeComponentProfiles(options, benches, pair.judged.verdict, service !== null);
    const told = async (document: ResultDocument | null, sha: string | null) =>
      document && { ...(await described(document, options, failures)), git: { sha, ref: context.ref, base_sha: worktree.sha } };
    const own: PairedResult = {
      ...pair,
      crash: null,
      startSeconds: null,
      head: await told(pair.head, context.headSha),
      base: await told(pair.base, worktree.sha),
    };
    const joined = service === null ? own : joinPairs(service, own);
    if (joined.head !== null && profiles !== null) addProfiles(joined.head, profiles, memberOf(service !== null));
    return joined;
  } finally {
    await Promise.all([benches.head.close(), benches.base.close()]);
    await worktree.remove();
  }
}

/** Two paired measurements of different series as one: every row of both, and the worse verdict. */
function joinPairs(service: PairedResult, components: PairedResult): PairedResult {
  if (service.judged === null || service.head === null || service.base === null) return service;
  if (components.judged === null || components.head === null || components.base === null) return service;
  const series = [...service.judged.verdict.series, ...components.judged.verdict.series];
  const notes = [...service.judged.verdict.notes, ...components.judged.verdict.notes.map((note) => `components: ${note}`)];
  const rows = series.map(({ verdict }) => verdict);
  return {
    ...service,
    judged: {
      ...service.judged,
      verdict: { ...service.judged.verdict, series, notes, verdict: overall(rows, service.judged.verdict.verdict !== 'invalid') },
    },
    head: joinResults([service.head, components.head]),
    base: joinResults([service.base, components.base]),
    rounds: service.rounds + components.rounds,
    seconds: service.seconds + components.seconds,
  };
}

function placeOf({ config, env, logDirectory, signal, onState, log }: GateOptions) {
  return { components: config.components, root: config.root, env, logDirectory, signal, onState, log: (line: string) => log.info(line) };
}

function described(document: ResultDocument, { config, env, entry }: GateOptions, failures: readonly UserError[]): Promise<ResultDocument> {
  return describeComponents(document, { components: config.components, root: config.root, env, packageRoot: entry.packageRoot }, failures);
}
