import { resolve } from 'node:path';
import { ExitCode, UserError } from '../../config/errors.ts';
import type { Judging } from '../../config/thresholds/load-thresholds.ts';
import { cohortOf, readEnvironment } from '../../observe/environment.ts';
import type { Profiles } from '../../observe/profile/profiled.ts';
import { renderHtml } from '../../report/html/html.ts';
import { renderMarkdown } from '../../report/markdown.ts';
import { renderText } from '../../report/text.ts';
import type { ResultDocument } from '../../result/document.ts';
import { addProfiles } from '../../result/profiles.ts';
import { writeResult } from '../../result/write.ts';
import { exitCodeFor } from '../../verdict/overall.ts';
import type { Verdict } from '../../verdict/verdict.ts';
import { compareResults, type NamedResult } from '../compare.ts';
import { readCi, readGit, readTool, sha256Of } from '../measure/provenance.ts';
import { outputFiles } from '../output-files.ts';
import { addWorktree, besideWorktree, type Worktree } from '../paired/worktree.ts';
import { shownPath, wantsProfile } from '../profile/profiles.ts';
import { prepareToWrite, writeText } from '../write-text.ts';
import type { BenchFlags } from './go-flags.ts';
import { mustProfileComponents, profileComponents } from './go-profile.ts';
import { pairComponents } from './pair.ts';
import { ComponentBench, type ComponentPlace } from './run.ts';
import { unmetError, unmetLimits } from './unmet-limits.ts';

export interface ComponentOptions extends ComponentPlace {
  judging: Judging;
  packageRoot: URL;
  flags: BenchFlags;
  /** What to compare with; none: the limits alone are judged. */
  baselines: readonly NamedResult[];
  /** Base and head are measured in turn with this commit; null: the working tree alone is measured. */
  paired: { ref: string; limitPercent: number | null; budgetSeconds: number } | null;
  /** All benchmarks of the configuration are run, not a command of the user's choice. */
  whole: boolean;
  /** Folder for profiles. */
  profiles: string;
  /** Path of the result document. */
  output: string;
  html: boolean;
  print: ComponentPrint;
}

export interface ComponentPrint {
  format: 'text' | 'markdown' | 'json';
  color: boolean;
  out(text: string): void;
  err(text: string): void;
}

/** Both checkouts' benchmarks; the base only where both are measured in turn. */
interface Benches {
  head: ComponentBench;
  base: ComponentBench | null;
  /** The base's checkout; null where head alone is measured. */
  worktree: Worktree | null;
}

/** What was measured of the head, and the base where both were. */
interface MeasuredComponents {
  head: ResultDocument | null;
  base: ResultDocument | null;
  verdict: Verdict | null;
  failures: UserError[];
  interrupted: boolean;
}

/**
 * Runs component benchmarks, writes what they measured and judges it. Whatever was measured is written before anything fails.
 * @returns 0 or 1 by the verdict; 2 where nothing was measured or a limit has no measurement, 4 where a command failed, 130 where it was interrupted
 */
export async function component(options: ComponentOptions): Promise<ExitCode> {
  const { judging, print, output, paired } = options;
  for (const warning of judging.warnings) print.err(`warning: ${warning.file}: ${warning.message}`);
  mustProfileComponents(judging.profile, options.components);
  await prepareToWrite(output);
  const worktree = paired === null ? null : await addWorktree(options.root, paired.ref);
  const benches: Benches = {
    head: new ComponentBench(options),
    base: worktree === null ? null : new ComponentBench({ ...options, workingDirectory: worktree.directory }),
    worktree,
  };
  try {
    return await measureAndJudge(options, benches);
  } finally {
    await Promise.all([benches.head.close(), benches.base?.close()]);
    await worktree?.remove();
  }
}

async function measureAndJudge(options: ComponentOptions, benches: Benches): Promise<ExitCode> {
  const { judging, flags, print } = options;
  const files = outputFiles(options.output);
  const measured = await measureComponents(options, benches);
  const { failures, interrupted } = measured;
  if (measured.head === null) {
    if (interrupted) {
      print.err('interrupted before anything was measured');
      return ExitCode.interrupted;
    }
    throw failures[0] ?? nothingOf(options);
  }
  const document = await describeComponents(measured.head, options, failures);
  // Before judging and profiling, which may fail.
  await writeResult(files.result, document);
  const base = measured.base && {
    ...(await describeComponents(measured.base, options, [])),
    git: { ...document.git, sha: benches.worktree?.sha ?? null },
  };
  if (base !== null) await writeResult(files.result.replace(/(\.json)?$/, '.base.json'), base);
  const comparison =
    measured.verdict === null
      ? compareResults({ current: document, baselines: options.baselines, thresholds: judging.thresholds, mode: judging.mode })
      : { verdict: besideWorktree(measured.verdict, benches.worktree), current: document, baseline: base };
  const { verdict, current, baseline } = comparison;
  const profiles = interrupted ? null : await takeProfiles(options, benches, verdict);
  if (profiles !== null) {
    addProfiles(current, profiles);
    await writeResult(files.result, current);
  }
  const markdown = renderMarkdown(verdict, current, baseline);
  await writeText(files.verdict, `${JSON.stringify(verdict, null, 2)}\n`);
  await writeText(files.report, markdown);
  if (options.html) await writeText(files.html, renderHtml(current, verdict, baseline));
  const text = () => renderText(verdict, current, baseline, { color: print.color });
  print.out(print.format === 'json' ? `${JSON.stringify(verdict, null, 2)}\n` : print.format === 'markdown' ? markdown : text());
  print.err(`written: ${files.result}`);
  for (const failure of failures) print.err([failure.message, failure.hint].filter(Boolean).join('\n'));
  if (interrupted) return ExitCode.interrupted;
  if (failures[0] !== undefined) return failures[0].exitCode;
  const unmet = unmetLimits(current, judging, { only: flags.only, whole: options.whole });
  if (unmet.length > 0) throw unmetError(unmet);
  return exitCodeFor(verdict, judging.failOn ?? 'regressed');
}

async function measureComponents({ flags, paired, judging, log }: ComponentOptions, { head, base }: Benches): Promise<MeasuredComponents> {
  if (paired === null || base === null) {
    const run = await head.run(flags);
    return { head: run.document, base: null, verdict: null, failures: run.failures, interrupted: run.interrupted };
  }
  const { limitPercent, budgetSeconds } = paired;
  const pair = await pairComponents({ benches: { head, base }, flags, thresholds: judging.thresholds, limitPercent, budgetSeconds, log });
  if (pair.judged !== null) log(`${pair.rounds} rounds in ${Math.round(pair.seconds)} s, ${pair.judged.pairs} pairs judged`);
  return { ...pair, verdict: pair.judged?.verdict ?? null };
}

/** Profiles where they were asked for, or where something is suspicious and they can be had. */
async function takeProfiles(
  { judging, flags, profiles, env, root }: ComponentOptions,
  { head, base }: Benches,
  verdict: Verdict,
): Promise<Profiles | null> {
  if (!wantsProfile(judging.profile, verdict)) return null;
  return profileComponents({ head, base }, { folder: resolve(root, profiles), flags, env, name: (file) => shownPath(root, file) });
}

function nothingOf({ flags, components }: ComponentOptions): UserError {
  const names = [...new Set(components.entries.flatMap(({ series }) => series.map(({ path }) => path.split('/')[0])))];
  return new UserError(`no benchmark of the component ${JSON.stringify(flags.only)} was run; known components: ${names.join(', ')}`, {
    hint: 'Benchmarks get their components by series: in llm-bench.yaml or config/perf.yaml (docs/components.md).',
  });
}

/** The result with what all results say: where it was measured, of which commit, by what settings. */
export async function describeComponents(
  document: ResultDocument,
  { components, root, env, packageRoot }: Pick<ComponentOptions, 'components' | 'root' | 'env' | 'packageRoot'>,
  failures: readonly UserError[],
): Promise<ResultDocument> {
  const [tool, git] = await Promise.all([readTool(packageRoot), readGit(root, env)]);
  const environment = readEnvironment(env);
  const resolved = {
    components: components.entries.map(({ env: own, series: _, ...entry }) => ({ ...entry, ...(own ? { env: Object.keys(own) } : {}) })),
    environment: components.environment,
  };
  const checks = failures.map((failure) => ({
    name: 'component',
    ok: false,
    severity: 'advice' as const,
    detail: failure.message.split('\n', 1)[0] as string,
  }));
  return {
    ...document,
    tool,
    target: 'components',
    scenario: 'components',
    git,
    ci: readCi(env),
    environment,
    cohort: cohortOf(environment, sha256Of(resolved)),
    partial: document.partial || failures.length > 0,
    stop_reason: failures.length > 0 && document.stop_reason === 'completed' ? 'command_failed' : document.stop_reason,
    admissible: failures.length === 0 && !document.partial,
    validity: { valid: true, checks: [...document.validity.checks, ...checks] },
    config: { resolved, sha256: sha256Of(resolved) },
  };
}
