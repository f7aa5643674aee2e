import type { ResultDocument } from '../result/document.ts';
import { watchedCheck } from '../result/observed.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { attributionSentence } from './attribution.ts';
import type { Escaping } from './escape.ts';
import { metricName } from './names.ts';
import { formatCount, formatDuration, formatNumber, formatPercent, formatValue, plural } from './numbers.ts';

/**
 * How it was measured, a line each: runner, cohort, load, client, validity, method, differences. Escaped for where it goes.
 * @param verdict null for a run that was judged by nothing
 */
export function howMeasured(verdict: Verdict | null, current: ResultDocument, baseline: ResultDocument | null, escaping: Escaping): string[] {
  return [
    `Runner: ${runner(current, escaping)}`,
    cohorts(verdict, current, baseline, escaping),
    ...(isOfBenchmarks(current) ? [`Benchmarks: ${runsOf(current)}`] : [`Load: ${load(current)}`, `Client: ${client(current)}`]),
    ...validity(current, escaping),
    ...(verdict?.mode === 'paired' && baseline !== null ? faultsOfBaseline(baseline, escaping) : []),
    ...(verdict === null ? [] : [`Method: ${method(verdict)}`]),
    ...service(current, baseline, escaping),
    ...provenance(current, baseline, verdict?.mode === 'paired', escaping),
    ...(verdict?.notes ?? []).map((note) => `Note: ${escaping.text(note)}`),
  ];
}

function runner(result: ResultDocument, escaping: Escaping): string {
  const { os, arch, cpu_model, cpu_cores, memory_gb, node, runner_image } = result.environment;
  const parts = [`${os} ${arch}`.trim(), cpu_model === '' ? '' : `${cpu_model}${cpu_cores > 0 ? ` (${plural(cpu_cores, 'core')})` : ''}`];
  if (memory_gb > 0) parts.push(`${formatNumber(memory_gb)} GB`);
  if (node !== '') parts.push(`Node ${node.replace(/^v/, '')}`);
  if (runner_image) parts.push(runner_image);
  const stated = parts.filter((part) => part !== '');
  return stated.length === 0 ? 'not stated' : stated.map((part) => escaping.text(part)).join(', ');
}

/** An empty cohort is one that a document does not state. */
function cohorts(verdict: Verdict | null, current: ResultDocument, baseline: ResultDocument | null, escaping: Escaping): string {
  const other = baseline?.cohort || verdict?.baseline?.cohort || null;
  const own = current.cohort === '' ? 'not stated' : escaping.code(current.cohort);
  if (other === null) return `Cohort: ${own}`;
  return other === current.cohort
    ? `Cohort: ${own} on both sides`
    : `Cohort: ${own}, the baseline's is ${escaping.code(other)}: the machines or settings differ`;
}

/** Benchmarks send no requests, and nothing measures them but themselves. */
function isOfBenchmarks({ results, client }: ResultDocument): boolean {
  return results.total_requests === 0 && results.concurrency === null && client.cpu_seconds === null;
}

const runsOf = ({ runs, results }: ResultDocument): string =>
  `${plural(Math.max(1, runs.length), 'run')} in ${formatDuration(results.duration_seconds)}`;

function load(result: ResultDocument): string {
  const { total_requests, failed, concurrency, unique_prompts, duration_seconds } = result.results;
  const parts = [plural(total_requests, 'request')];
  if (failed > 0) parts.push(`${formatCount(failed)} failed`);
  if (concurrency !== null) parts.push(`concurrency ${formatCount(concurrency)}`);
  if (unique_prompts !== null) parts.push(plural(unique_prompts, 'unique prompt'));
  if (result.runs.length > 1) parts.push(plural(result.runs.length, 'run'));
  return `${parts.join(', ')} in ${formatDuration(duration_seconds)}`;
}

function client(result: ResultDocument): string {
  const { timing_error_ms, event_loop_p99_ms, late_sends, cpu_seconds } = result.client;
  const parts: string[] = [];
  if (timing_error_ms !== null)
    parts.push(
      `timing error ${formatValue(timing_error_ms.p50, 'ms')} (p50) and ${formatValue(timing_error_ms.p99, 'ms')} (p99) against a server of known timings`,
    );
  if (event_loop_p99_ms !== null) parts.push(`event loop delay p99 ${formatValue(event_loop_p99_ms, 'ms')}`);
  if (late_sends !== null) parts.push(plural(late_sends, 'late send'));
  if (cpu_seconds !== null) parts.push(`${formatValue(cpu_seconds, 's')} of CPU`);
  return parts.length === 0 ? 'not certified' : parts.join(', ');
}

function validity(result: ResultDocument, escaping: Escaping): string[] {
  const { checks } = result.validity;
  const failed = checks.filter((check) => !check.ok);
  if (checks.length === 0) return ['Validity: no checks were made'];
  if (failed.length === 0) return [`Validity: all ${checks.length} checks passed`];
  const advice = failed.filter((check) => check.severity === 'advice').length;
  return [
    advice === failed.length
      ? `Validity: valid, with ${advice} remark${advice === 1 ? '' : 's'}`
      : `Validity: not valid; ${checks.length - failed.length} of ${checks.length} checks passed`,
    ...failed.map((check) => `${check.severity === 'fatal' ? 'Not valid' : 'Advice'}: ${escaping.text(check.name)}: ${escaping.text(check.detail)}`),
  ];
}

/** Rounds of the baseline that are not valid make a paired measurement so; remarks on them are much like those on the other side's. */
function faultsOfBaseline({ validity: { valid, checks } }: ResultDocument, escaping: Escaping): string[] {
  if (valid) return [];
  const fatal = checks.filter((check) => !check.ok && check.severity === 'fatal');
  return [
    `Validity of the baseline: not valid; ${checks.filter(({ ok }) => ok).length} of ${checks.length} checks passed`,
    ...fatal.map(({ name, detail }) => `Not valid: ${escaping.text(name)}: ${escaping.text(detail)}`),
  ];
}

/** What the service itself says, and what of it could not be read. */
function service(current: ResultDocument, baseline: ResultDocument | null, escaping: Escaping): string[] {
  const attribution = attributionSentence(current, baseline);
  // What is among the remarks on validity is not said twice; results of before have it here alone.
  const told = current.validity.checks.some(({ name }) => name === watchedCheck);
  const absent = told ? [] : (current.observed?.absent ?? []);
  return [
    ...(attribution === null ? [] : [`Service: ${escaping.text(attribution)}`]),
    ...(absent.length === 0
      ? []
      : [`Not watched: ${absent.map(({ sampler, reason }) => `${escaping.text(sampler)} (${escaping.text(reason)})`).join(', ')}`]),
  ];
}

/** What kind of comparison it was and how far to trust it. */
function method(verdict: Verdict): string {
  const runs = verdict.baseline?.runs ?? 0;
  const errors =
    verdict.alpha === null || verdict.beta === null
      ? ''
      : `; a regression is claimed at ${formatPercent(verdict.alpha * 100)} false alarms, its absence at ${formatPercent(verdict.beta * 100)}`;
  if (verdict.baseline === null) return 'limits on the values alone; there was no baseline';
  if (verdict.mode === 'paired') return `base and head interleaved on one machine${errors}`;
  if (verdict.mode === 'screen') return `against ${plural(runs, 'earlier run')} of the same cohort${errors}`;
  return `fixed percentages against ${plural(runs, 'run')}; the noise of this setup is unknown, so a change close to a limit may be chance`;
}

function provenance(current: ResultDocument, baseline: ResultDocument | null, paired: boolean, escaping: Escaping): string[] {
  const lines: string[] = [];
  // Rounds of a paired measurement are cut to a length that lets enough of them fit the budget: that is no early stop.
  if (current.stop_reason === 'duration' && !current.partial) {
    if (!paired) lines.push('Ended by its time limit');
  } else if (current.partial || current.stop_reason !== 'completed')
    lines.push(`Stopped early: ${escaping.text(current.stop_reason)}${current.partial ? ' (partial)' : ''}`);
  if (current.note) lines.push(`Remark on this run: ${escaping.text(current.note)}`);
  if (baseline) {
    const tag = baseline.tag ? `, tagged ${escaping.code(baseline.tag)}` : '';
    if (baseline.timestamp !== '' || tag !== '') lines.push(`Baseline measured ${escaping.text(baseline.timestamp)}${tag}`);
    if (baseline.note) lines.push(`Remark on the baseline: ${escaping.text(baseline.note)}`);
  }
  const estimated = new Set(
    current.series.flatMap((series) =>
      Object.entries(series.metrics).flatMap(([key, metric]) => (metric.note && !metric.observed ? [`${metricName(key)}: ${metric.note}`] : [])),
    ),
  );
  for (const remark of estimated) lines.push(escaping.text(remark));
  return lines;
}

/**
 * One command that measures the same again, quoted for a POSIX shell. It repeats by name what the configuration holds by name; a caller that
 * knows the command line better passes its own.
 */
export function repeatCommand(current: ResultDocument): string {
  const words = ['llm-bench', 'run'];
  if (current.scenario !== '') words.push('--scenario', current.scenario);
  if (current.target !== '') words.push('--target', current.target);
  if (current.model !== null) words.push('--model', current.model);
  if (current.results.concurrency !== null) words.push('-c', String(current.results.concurrency));
  return [...words, '-o', 'bench_results.json'].map(shellWord).join(' ');
}

/** What was measured in turn with a commit is repeated in turn with it. @param command that measures the head alone */
export function repeatedAs(command: string, { mode, baseline }: Pick<Verdict, 'mode' | 'baseline'>): string {
  if (mode !== 'paired' || !baseline?.sha || !baseline.relation) return command;
  return command.replace(/^llm-bench run\b/, `llm-bench ab --baseline-ref ${shellWord(baseline.sha.slice(0, 12))}`);
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
