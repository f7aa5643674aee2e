import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { unfitFor } from '../../baseline/fitness.ts';
import type { BaselineFound } from '../../baseline/source.ts';
import type { BenchConfig } from '../../config/bench-config.ts';
import { scenarioNamesOf } from '../../config/scenario/scenario.ts';
import { maskAddress } from '../../config/yaml/mask.ts';
import { uploadResult } from '../../publish/artifact.ts';
import { publishComment } from '../../publish/comment.ts';
import { renderComment } from '../../report/comment.ts';
import type { ReportInput } from '../../report/input.ts';
import type { ResultDocument } from '../../result/document.ts';
import type { Comparison } from '../compare.ts';
import { leavesBaseline, pushToStore } from './baseline.ts';
import { type ConcludeOptions, profilesFolder } from './options.ts';

/** On the default branch the result becomes the next baseline, if it is fit to be one; elsewhere it is kept under another name, to be looked at. */
export async function store(options: ConcludeOptions, document: ResultDocument, paths: string[]): Promise<void> {
  const { log, config } = options;
  const unfit = unfitFor(document);
  const isBaseline = leavesBaseline(options) && unfit === null;
  if (leavesBaseline(options) && unfit !== null)
    log.warning(`The result is not fit to be a baseline (${unfit.why}): it is uploaded as a report only.`);
  if (isBaseline && config.baseline.kind !== 'artifact') await pushToStore(options, document);
  if (options.env['ACTIONS_RUNTIME_TOKEN'] === undefined) {
    log.info('The result was not uploaded: this is no workflow run with an artifact service.');
    return;
  }
  const asBaseline = isBaseline && config.baseline.kind === 'artifact';
  const name = asBaseline ? options.artifactName : `${options.artifactName}-report`;
  // A baseline holds the result alone: what reads it expects one entry.
  const outcome = await uploadResult({
    name,
    files: asBaseline ? paths.slice(0, 1) : paths,
    rootDirectory: dirname(paths[0] as string),
    retentionDays: null,
  });
  if ('warning' in outcome) log.warning(outcome.warning);
  else log.info(`uploaded ${asBaseline ? basename(paths[0] as string) : `${paths.length} files`} as artifact ${outcome.name}`);
}

/** Profiles that were taken, of both sides. */
export async function profilePaths(options: Pick<ConcludeOptions, 'outputDirectory'>): Promise<string[]> {
  const folder = profilesFolder(options);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

/** What the report needs beside the comparison. */
export interface Told extends Pick<ReportInput, 'history' | 'acceptance' | 'remarks' | 'repeat'> {
  found: BaselineFound;
  elapsedSeconds: number;
}

/** What a report is rendered from, for a comment as for a summary. */
export function reportInput(comparison: Comparison, told: Told, { context }: ConcludeOptions): ReportInput {
  const { verdict, current, baseline } = comparison;
  const { found, ...more } = told;
  return {
    ...more,
    verdict,
    current,
    baseline,
    headSha: context.headSha,
    noBaseline: found.found ? null : found.reason,
    names: { current: context.pullRequest === null ? 'this run' : 'this PR', baseline: context.defaultBranch ?? 'baseline' },
    runUrl: context.runId === null ? null : `${context.serverUrl}/${context.owner}/${context.repo}/actions/runs/${context.runId}`,
  };
}

/** What a laptop runs to measure the same: the repository's configuration, and the inputs that stood above it. A command may hold what was a secret: not shown. */
export function repeatCommand({ origins, target, scenarios }: BenchConfig): string {
  const from = (key: string, input: string) => origins[key] === `input ${input}`;
  const quoted = (value: string) => (/^[\w./:@,-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);
  return [
    'llm-bench run',
    from('scenario', 'scenario') ? `--scenario ${quoted(scenarioNamesOf(scenarios).join(','))}` : null,
    from('target', 'target') ? `--target ${quoted(target.name)}` : null,
    from('target.command', 'command') ? "--command '...'" : null,
    from('target.base_url', 'base-url') && target.base_url !== undefined ? `--base-url ${quoted(maskAddress(target.base_url))}` : null,
    from('target.model', 'model') && target.model !== undefined ? `--model ${quoted(target.model)}` : null,
  ]
    .filter(Boolean)
    .join(' ');
}

/** Comments on the pull request that the event is about; on other events nowhere. */
export async function comment(options: ConcludeOptions, input: ReportInput, { verdict }: Comparison): Promise<string | null> {
  const { context, repository, config, log, commentKey } = options;
  const about = context.event === 'pull_request' || context.event === 'pull_request_target' ? context.pullRequest : null;
  if (about === null || context.headSha === null || config.report.comment === 'never') return null;
  if (repository === null) {
    log.warning('No comment was posted: the github-token input is empty.');
    return null;
  }
  const published = await publishComment({
    repository,
    pullNumber: about,
    key: commentKey,
    body: renderComment({ ...input, key: commentKey }),
    headSha: context.headSha,
    when: config.report.comment,
    verdict: verdict.verdict,
    origin: context.fork ? 'fork' : context.dependabot ? 'dependabot' : null,
  });
  if (published.warning) log.warning(published.warning);
  return published.url;
}
