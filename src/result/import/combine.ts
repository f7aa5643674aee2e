import { UserError } from '../../config/errors.ts';
import { isDistribution, type Metric, type ResultDocument, type Run, type Series, statistics } from '../document.ts';
import { resultsOfSeries } from '../normalise-results.ts';
import { middleOf } from './middle.ts';

/** Shares of requests: over several runs their mean, so that a run in which all failed is not hidden. */
const shares: ReadonlySet<string> = new Set(['error_rate', 'success_rate']);

/**
 * Results of other tools as one: their runs stand side by side as evidence, the metrics of a series are the medians over them.
 * @param names what errors call each
 * @throws UserError (exit 2) for a metric whose unit differs between files
 */
export function combineImported(documents: readonly ResultDocument[], names: readonly string[]): ResultDocument {
  const [first] = documents;
  if (first === undefined) throw new UserError('nothing to import: expected at least one file');
  if (documents.length === 1) return first;
  const runs = documents.flatMap((document) => document.runs).map((run, index): Run => ({ ...run, round: index, order: index }));
  const byId = new Map<string, { series: Series; name: string }[]>();
  documents.forEach((document, index) => {
    for (const series of document.series) {
      const members = byId.get(series.id) ?? [];
      byId.set(series.id, members);
      members.push({ series, name: names[index] ?? `file ${index + 1}` });
    }
  });
  const series = [...byId].map(([id, members]): Series => {
    const metricNames = [...new Set(members.flatMap((member) => Object.keys(member.series.metrics)))];
    const metrics = Object.fromEntries(metricNames.map((name) => [name, combined(id, name, members, runs)]));
    return { ...(members[0] as { series: Series }).series, metrics };
  });
  const one = <T>(values: readonly T[], otherwise: T): T => (new Set(values).size === 1 ? (values[0] as T) : otherwise);
  const sum = (of: (document: ResultDocument) => number) => documents.reduce((total, document) => total + of(document), 0);
  return {
    ...first,
    tool: {
      ...first.tool,
      version: one(
        documents.map(({ tool }) => tool.version),
        '',
      ),
    },
    timestamp:
      documents
        .map(({ timestamp }) => timestamp)
        .filter(Boolean)
        .sort()[0] ?? '',
    model: one(
      documents.map(({ model }) => model),
      null,
    ),
    results: {
      ...resultsOfSeries(series),
      total_requests: sum(({ results }) => results.total_requests),
      successful: sum(({ results }) => results.successful),
      failed: sum(({ results }) => results.failed),
      duration_seconds: sum(({ results }) => results.duration_seconds),
    },
    series,
    runs,
    git: {
      ...first.git,
      sha: one(
        documents.map(({ git }) => git.sha),
        null,
      ),
    },
    imported: {
      from: one(
        documents.map(({ imported }) => imported?.from ?? ''),
        'several',
      ),
      sessions: sum(({ imported }) => imported?.sessions ?? 1),
      notes: documents.flatMap(({ imported }) => imported?.notes ?? []),
    },
  };
}

function combined(id: string, name: string, members: readonly { series: Series; name: string }[], runs: readonly Run[]): Metric {
  const found = members.flatMap((member) =>
    Object.hasOwn(member.series.metrics, name) ? [{ metric: member.series.metrics[name] as Metric, file: member.name }] : [],
  );
  const [first, ...others] = found as [(typeof found)[number], ...typeof found];
  for (const { metric, file } of others) {
    if (metric.unit === first.metric.unit && isDistribution(metric) === isDistribution(first.metric)) continue;
    const kind = (one: Metric) => `${one.unit || 'no unit'}${isDistribution(one) ? ', a distribution' : ''}`;
    throw new UserError(`cannot add ${name} of ${id}: it is in ${kind(first.metric)} in ${first.file} and in ${kind(metric)} in ${file}`);
  }
  const values = (key: string) =>
    runs.flatMap((run) => (Object.hasOwn(run.values, id) ? [run.values[id]?.[key]] : [])).filter((value) => typeof value === 'number');
  const { unit, better } = first.metric;
  const common = { unit, better, note: `median of ${runs.length} runs` };
  if (!isDistribution(first.metric)) {
    const all = values(name);
    if (!shares.has(name)) return { ...common, value: middleOf(all) };
    return { unit, better, value: all.length === 0 ? null : all.reduce((sum, value) => sum + value, 0) / all.length };
  }
  const summary = Object.fromEntries(statistics.map((statistic) => [statistic, middleOf(values(`${name}.${statistic}`))]));
  const count = found.reduce((sum, { metric }) => sum + (isDistribution(metric) ? metric.count : 0), 0);
  return { ...common, count, sum: null, ...summary } as Metric;
}
