import { isObject } from '../config/is-object.ts';
import type { ResultDocument } from '../result/document.ts';
import { watchedCheck } from '../result/observed.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { badgesOf } from './findings/badges.ts';
import { foundIn, listOf } from './findings/read.ts';
import { metricName, shortSeriesName } from './names.ts';
import { formatChange, formatCount, formatValue, plural } from './numbers.ts';

/** Something that needs a look; unescaped. */
export interface Alert {
  severity: 'bad' | 'warn';
  /** What it is of, in a word or two. */
  about: string;
  text: string;
}

/** What went wrong or is about to, the worse first: validity, broken limits, missed targets and criteria, errors, an early stop, and what samplers raised. */
export function alertsOf(result: ResultDocument, verdict: Verdict | null): Alert[] {
  const alerts: Alert[] = [
    ...result.validity.checks
      // A sensor that a machine lacks is no news of the service.
      .filter(({ ok, name }) => !ok && name !== watchedCheck)
      .map(({ name, detail, severity }): Alert => ({ severity: severity === 'fatal' ? 'bad' : 'warn', about: name, text: detail })),
    ...(verdict?.series ?? [])
      .filter((row) => row.verdict === 'regressed' || row.verdict === 'warn')
      .map((row): Alert => {
        const change = row.change_percent === null ? '' : `, ${formatChange(row.change_percent)}`;
        return {
          severity: row.verdict === 'regressed' ? 'bad' : 'warn',
          about: metricName(row.metric),
          text: `${formatValue(row.current, row.unit)}${change} on ${shortSeriesName(row.series, result.scenario)}${row.rule ? ` (${row.rule})` : ''}`,
        };
      }),
    ...foundIn(result).flatMap((found) =>
      badgesOf(found)
        .filter(({ met, kind }) => met === false && kind !== 'mlperf')
        .map(
          ({ name, detail, kind }): Alert => ({
            severity: 'warn',
            about: kind === 'target' ? 'target missed' : 'criterion not met',
            text: [name, detail].filter(Boolean).join(': '),
          }),
        ),
    ),
    ...result.errors.map(
      ({ kind, count }): Alert => ({
        severity: 'warn',
        about: kind,
        text: `${plural(count, 'request')} of ${formatCount(result.results.total_requests)}`,
      }),
    ),
    ...raised(result),
  ];
  // A load that lasted as long as it was told to was not stopped early.
  if (result.partial || (result.stop_reason !== 'completed' && result.stop_reason !== 'duration'))
    alerts.push({ severity: result.partial ? 'bad' : 'warn', about: 'stopped early', text: result.stop_reason });
  return alerts.toSorted((a, b) => Number(a.severity === 'warn') - Number(b.severity === 'warn'));
}

function raised(result: ResultDocument): Alert[] {
  return listOf(result['alerts'])
    .filter(isObject)
    .map((alert) => ({
      severity: /crit|error|bad|page/.test(String(alert['severity'] ?? '')) ? 'bad' : 'warn',
      about: String(alert['name'] ?? alert['rule'] ?? 'alert'),
      text: String(alert['message'] ?? alert['text'] ?? alert['detail'] ?? ''),
    }));
}
