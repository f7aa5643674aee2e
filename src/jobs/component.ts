import { ExitCode, UserError } from '../config/errors.ts';
import type { Judging } from '../config/load-thresholds.ts';
import { cohortOf, readEnvironment } from '../observe/environment.ts';
import { renderHtml } from '../report/html.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { renderText } from '../report/text.ts';
import type { ResultDocument } from '../result/document.ts';
import { writeResult } from '../result/write.ts';
import { exitCodeFor } from '../verdict/overall.ts';
import { compareResults, type NamedResult } from './compare.ts';
import { ComponentBench, type ComponentPlace } from './component-run.ts';
import type { BenchFlags } from './go-flags.ts';
import { outputFiles } from './output-files.ts';
import { readCi, readGit, readTool, sha256Of } from './provenance.ts';
import { unmetError, unmetLimits } from './unmet-limits.ts';
import { prepareToWrite, writeText } from './write-text.ts';

export interface ComponentOptions extends ComponentPlace {
  judging: Judging;
  packageRoot: URL;
  flags: BenchFlags;
  /** What to compare with; none: the limits alone are judged. */
  baselines: readonly NamedResult[];
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

/**
 * Runs component benchmarks, writes what they measured and judges it. Whatever was measured is written before anything fails.
 * @returns 0 or 1 by the verdict; 2 where nothing was measured or a limit has no measurement, 4 where a command failed, 130 where it was interrupted
 */
export async function component(options: ComponentOptions): Promise<ExitCode> {
  const { judging, flags, print, output } = options;
  for (const warning of judging.warnings) print.err(`warning: ${warning.file}: ${warning.message}`);
  const files = outputFiles(output);
  await prepareToWrite(files.result);
  const bench = new ComponentBench(options);
  const { document, failures, interrupted } = await bench.run(flags).finally(() => bench.close());
  if (document === null) {
    if (interrupted) {
      print.err('interrupted before anything was measured');
      return ExitCode.interrupted;
    }
    throw failures[0] ?? nothingOf(options);
  }
  const described = await describeComponents(document, options, failures);
  await writeResult(files.result, described);
  const comparison = compareResults({ current: described, baselines: options.baselines, thresholds: judging.thresholds, mode: judging.mode });
  const { verdict, current, baseline } = comparison;
  await writeText(files.verdict, `${JSON.stringify(verdict, null, 2)}\n`);
  await writeText(files.report, renderMarkdown(verdict, current, baseline));
  if (options.html) await writeText(files.html, renderHtml(current, verdict, baseline));
  print.out(
    print.format === 'json'
      ? `${JSON.stringify(verdict, null, 2)}\n`
      : print.format === 'markdown'
        ? renderMarkdown(verdict, current, baseline)
        : renderText(verdict, current, baseline, { color: print.color }),
  );
  print.err(`written: ${files.result}`);
  for (const failure of failures) print.err([failure.message, failure.hint].filter(Boolean).join('\n'));
  if (interrupted) return ExitCode.interrupted;
  if (failures[0] !== undefined) return failures[0].exitCode;
  const unmet = unmetLimits(current, judging, flags.only);
  if (unmet.length > 0) throw unmetError(unmet);
  return exitCodeFor(verdict, judging.failOn ?? 'regressed');
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
