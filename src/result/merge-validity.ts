import { sampleFindings } from '../measure/validity-advice.ts';
import type { ResultDocument, ValidityCheck } from './document.ts';
import type { Part } from './merge-series.ts';

/** Results that are named one by one; of more the text says how many. */
const mostNamed = 4;

/** A check and the result that it is of. */
interface Found {
  name: string;
  check: ValidityCheck;
}

/**
 * Valid when every part is. A check that failed anywhere is failed, and says of each failing part by its name what it found; one that held says of which part its
 * figures are. What depends on the number of latencies alone is said of all of them.
 * @param parts as they were measured, none of them a sum
 * @param whole what they add up to
 * @param more checks of the sum itself
 */
export function mergeValidity(
  parts: readonly Part[],
  { results: { successful, duration_seconds } }: Pick<ResultDocument, 'results'>,
  more: readonly ValidityCheck[],
): ResultDocument['validity'] {
  const byName = new Map<string, Found[]>();
  for (const { document, name } of parts)
    for (const check of document.validity.checks) byName.set(check.name, [...(byName.get(check.name) ?? []), { name, check }]);
  const ofAll = sampleFindings(duration_seconds, successful).find(({ name }) => name === 'p99_samples');
  const checks = [...byName.values()].map((found) =>
    ofAll !== undefined && found.length === parts.length && found[0]?.check.name === ofAll.name ? ofAll : mergeCheck(found),
  );
  const own = [...Map.groupBy(more, ({ name }) => name).values()].map((same) => mergeCheck(same.map((check) => ({ name: '', check }))));
  const valid = parts.every(({ document }) => document.validity.valid) && own.every(({ ok, severity }) => ok || severity === 'advice');
  return { valid, checks: [...checks, ...own] };
}

function mergeCheck(found: readonly Found[]): ValidityCheck {
  const failing = found.filter(({ check }) => !check.ok);
  const told = failing.length > 0 ? failing : found;
  const [first] = told as [Found, ...Found[]];
  const severity = told.some(({ check }) => check.severity === 'fatal') ? 'fatal' : 'advice';
  const alike = failing.length === 0 && told.every(({ check }) => check.detail === first.check.detail);
  return { ...first.check, severity, detail: alike ? first.check.detail : detailOf(told) };
}

function detailOf(told: readonly Found[]): string {
  const byDetail = [...Map.groupBy(told, ({ check }) => check.detail)];
  const named = byDetail.slice(0, mostNamed).map(([detail, same]) => {
    const names = same.map(({ name }) => name).filter((name) => name !== '');
    return names.length === 0 ? detail : `${listed(names)}: ${detail}`;
  });
  const rest = byDetail.slice(mostNamed).reduce((sum, [, same]) => sum + same.length, 0);
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}

function listed(names: readonly string[]): string {
  const text = names.length > mostNamed ? `${names.slice(0, mostNamed).join(', ')} and ${names.length - mostNamed} more` : names.join(', ');
  return names.length > 1 ? `${text}, each` : text;
}
