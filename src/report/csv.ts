import { isDistribution, type ResultDocument, statistics } from '../result/document.ts';

const heading = 'series,metric,stat,unit,value';

/**
 * Every figure of one or more results as CSV (RFC 4180): one line per series, metric and statistic; a metric of one value has the stat `value`,
 * what was not measured an empty value. Figures keep all their digits.
 * @param names set before the series of each result, as `name:series`, where there are several
 */
export function renderCsv(results: readonly ResultDocument[], names: readonly string[] | null = null): string {
  const lines = results.flatMap((result, index) => {
    const prefix = names === null || results.length < 2 ? '' : `${names[index] ?? index}:`;
    return result.series.flatMap((series) =>
      Object.entries(series.metrics).flatMap(([name, metric]) => {
        const figures: [string, number | null][] = isDistribution(metric)
          ? [['count', metric.count], ['sum', metric.sum], ...statistics.map((statistic): [string, number | null] => [statistic, metric[statistic]])]
          : [['value', metric.value]];
        return figures.map(([stat, value]) =>
          [prefix + series.id, name, stat, stat === 'count' ? '' : metric.unit, value === null ? '' : String(value)].map(csvField).join(','),
        );
      }),
    );
  });
  return `${[heading, ...lines].join('\r\n')}\r\n`;
}

/** One field, quoted where it has to be (RFC 4180). */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
