import { isObject } from '../../config/is-object.ts';
import { mlperfLevels } from '../../result/results-block.ts';
import type { Escaping } from '../escape.ts';
import { formatValue } from '../numbers.ts';
import type { FindingBlock } from './block.ts';
import { type Block, type FoundIn, figure, listOf } from './read.ts';

/** One thing that was asked of a run: met, not met, or not measured (null). */
export interface Badge {
  kind: 'mlperf' | 'target' | 'criterion';
  name: string;
  met: boolean | null;
  /** What was measured beside what was asked; may be empty. */
  detail: string;
}

/** MLPerf verdicts, targets and success criteria of one block of results, as they stand in it. Unescaped. */
export function badgesOf({ results }: Pick<FoundIn, 'results'>): Badge[] {
  return [...mlperfBadges(results), ...targetBadges(results), ...criteriaBadges(results)];
}

/** The sign of a target met, missed or not measured (null). */
export const markOf = (met: boolean | null): string => (met === null ? '➖' : met ? '✅' : '❌');
const wordOf = (met: boolean | null): string => (met === null ? 'not measured' : met ? 'met' : 'not met');

/** Badges as tables, one for each kind. */
export function badgeBlocks(found: FoundIn, title: (text: string) => string, escaping: Escaping): FindingBlock[] {
  const badges = badgesOf(found);
  const group = (name: string, kind: Badge['kind'], first: string[] = []): FindingBlock[] => {
    const rows = badges
      .filter((badge) => badge.kind === kind)
      .map(({ name: badge, met, detail }) => [escaping.text(badge), escaping.text(detail), `${markOf(met)} ${wordOf(met)}`]);
    return rows.length === 0
      ? []
      : [{ title: title(name), lines: first, table: { cells: ['', 'Measured and asked', ''], align: ['l', 'l', 'l'], rows } }];
  };
  return [
    ...group('MLPerf', 'mlperf'),
    ...group('Targets', 'target', [...gradeLines(found.results), ...spikeLine(found.results, escaping)]),
    ...group('Success criteria', 'criterion'),
  ];
}

/** `Grade: EXCELLENT` and `Targets: 4/4`. */
export function gradeLines(results: Block): string[] {
  const overall = results['overall_assessment'];
  if (!isObject(overall)) return [];
  const { performance_grade: grade, targets_met: met, total_targets: total } = overall;
  const counted = figure(met) !== null && figure(total) !== null ? [`Targets: ${met}/${total}`] : [];
  return [...(typeof grade === 'string' ? [`Grade: ${grade.slice(0, 40).replace(/[^\w ]/g, '')}`] : []), ...counted];
}

/** What a target of spikes is held against: the figure means little without. */
function spikeLine(results: Block, escaping: Escaping): string[] {
  const { spike_rate_basis: basis } = results;
  const asked = listOf(results['targets']).some((target) => isObject(target) && target['name'] === 'spike_rate');
  return asked && typeof basis === 'string' ? [`Spike rate against ${escaping.text(basis)}`] : [];
}

const verdictOf = (value: unknown): boolean | null => {
  if (typeof value === 'boolean') return value;
  if (!isObject(value)) return null;
  for (const key of ['met', 'compliant', 'ok', 'passed']) if (typeof value[key] === 'boolean') return value[key];
  return null;
};

function mlperfBadges(results: Block): Badge[] {
  const mlperf = results['mlperf'];
  if (!isObject(mlperf)) {
    const { mlperf_compliant: standard } = results;
    return typeof standard === 'boolean' ? [{ kind: 'mlperf', name: 'Standard', met: standard, detail: mlperfDetail(results, 'standard') }] : [];
  }
  const badges = Object.entries(mlperf)
    .filter(([, value]) => typeof value === 'boolean' || value === null || isObject(value))
    .map(([name, value]) => ({
      kind: 'mlperf' as const,
      name: capital(name),
      met: verdictOf(value),
      detail: isObject(value) ? detailOf(value) : mlperfDetail(results, name),
    }));
  // Where there are no tokens it is no language model's benchmark.
  return badges.some(({ met, detail }) => met !== null || detail !== '') ? badges : [];
}

/** The two figures that a level is about, beside what it asks; empty for a level that is none of ours, or where neither was measured. */
function mlperfDetail(results: Block, name: string): string {
  if (!Object.hasOwn(mlperfLevels, name)) return '';
  const { ttftP95Ms, tpotP95Ms } = mlperfLevels[name as keyof typeof mlperfLevels];
  const asked = [
    { title: 'TTFT p95', of: 'ttft_ms', most: ttftP95Ms },
    { title: 'TPOT p95', of: 'tpot_ms', most: tpotP95Ms },
  ];
  const found = asked.flatMap(({ title, of, most }) => {
    const summary = results[of];
    const p95 = isObject(summary) ? figure(summary['p95']) : null;
    return p95 === null ? [] : [`${title} ${formatValue(p95, 'ms')} (at most ${formatValue(most, 'ms', { exact: true })})`];
  });
  return found.join(', ');
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');

/** What a verdict's own block says of its figures. */
function detailOf(block: Block): string {
  return Object.entries(block)
    .filter(([, value]) => typeof value === 'number' || typeof value === 'string')
    .map(([key, value]) => `${key.replaceAll('_', ' ')} ${typeof value === 'number' ? formatValue(value, '') : value}`)
    .join(', ');
}

function targetBadges(results: Block): Badge[] {
  return listOf(results['targets'])
    .filter(isObject)
    .map((target) => ({
      kind: 'target' as const,
      name: String(target['title'] ?? target['name'] ?? target['metric'] ?? ''),
      met: verdictOf(target),
      detail: String(target['detail'] ?? ''),
    }));
}

function criteriaBadges(results: Block): Badge[] {
  const { criteria } = results;
  const list = isObject(criteria)
    ? Object.entries(criteria).map(([name, value]) => (isObject(value) ? { name, ...value } : { name, met: value }))
    : listOf(criteria).filter(isObject);
  return list.map((criterion: Block) => ({
    kind: 'criterion' as const,
    name: String(criterion['text'] ?? criterion['title'] ?? criterion['name'] ?? criterion['metric'] ?? ''),
    met: verdictOf(criterion),
    detail: criterionDetail(criterion, results),
  }));
}

function criterionDetail(criterion: Block, results: Block): string {
  if (typeof criterion['detail'] === 'string') return criterion['detail'];
  const of = typeof criterion['of'] === 'string' ? criterion['of'] : '';
  if (of === 'stability.assessment.stable') return instability(results);
  if (of.startsWith('mlperf.')) return mlperfDetail(results, of.slice('mlperf.'.length));
  const unit = typeof criterion['unit'] === 'string' ? criterion['unit'] : unitOf(of);
  const value = figure(criterion['value']);
  const limits = (['min', 'max', 'limit'] as const).flatMap((key) => {
    const limit = figure(criterion[key]);
    return limit === null ? [] : [`${key === 'min' ? 'at least' : key === 'max' ? 'at most' : 'limit'} ${formatValue(limit, unit, { exact: true })}`];
  });
  return [value === null ? '' : formatValue(value, unit), ...limits].filter(Boolean).join(', ');
}

/** Why a load is told to be unstable; empty where it is stable, or not judged. */
function instability({ stability }: Block): string {
  const assessment = isObject(stability) ? stability['assessment'] : null;
  return isObject(assessment)
    ? listOf(assessment['reasons'])
        .filter((reason) => typeof reason === 'string')
        .join('; ')
    : '';
}

/** The unit that the name of a figure says. */
function unitOf(path: string): string {
  const steps = path.split('.');
  const named = (end: RegExp) => steps.some((step) => end.test(step));
  if (named(/_ms(_p\d+|_mean|_max)?$/)) return 'ms';
  if (named(/_s(_p\d+)?$/)) return 's';
  return named(/(_rate|_percent|_accuracy)$/) ? '%' : '';
}
