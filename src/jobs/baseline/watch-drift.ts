import { describeCohortDifference } from '../../baseline/cohort.ts';
import type { Member } from '../../baseline/member.ts';
import { limitsFor } from '../../config/thresholds/limits-for.ts';
import type { Thresholds } from '../../config/thresholds/thresholds.ts';
import type { DriftReport, DriftRow } from '../../report/drift.ts';
import type { ResultDocument } from '../../result/document.ts';
import { metricOf, valuesOf } from '../../result/metric-values.ts';
import { compareWithAnchor } from '../../verdict/anchor.ts';
import { type DriftOptions, driftDefaults, shortestLevel } from '../../verdict/drift.ts';
import { defaultAlpha, defaultBeta, defaultScreenLimitPercent } from '../../verdict/judge-screen.ts';
import { directionOf } from '../../verdict/log-scale.ts';
import { roleOf } from '../../verdict/role.ts';
import { runValues } from '../../verdict/values.ts';
import { type DriftPoint, pointsOf, tooShort } from './drift.ts';
import { type DriftSeries, seriesOfResults } from './drift-series.ts';

export interface WatchOptions {
  store: string;
  /** Runs measured from then on are news, ISO 8601: a change of level that only they show was not told yet. */
  since: string;
  thresholds: Thresholds;
  /** Left out: what is confirmed. */
  drift?: DriftOptions;
}

/** Series of too few runs that notes name, of each cohort. */
const mostNamed = 5;

/**
 * What the stored runs of a branch say of drift, each cohort by itself: where a level changed for good, and which gating metrics have moved from the pinned
 * anchors by more than their limit, step by small step. Pure.
 */
export function watchDrift(members: readonly Member[], { store, since, thresholds, drift = driftDefaults }: WatchOptions): DriftReport {
  const rows: DriftRow[] = [];
  const notes: string[] = [];
  let enough = 0;
  const groups = new Map<string, Member[]>();
  for (const member of [...members].sort((a, b) => a.timestamp.localeCompare(b.timestamp)))
    groups.set(member.cohort, [...(groups.get(member.cohort) ?? []), member]);
  const anchors = members.filter(({ mark }) => mark?.pinned === true);
  for (const ofCohort of groups.values()) {
    const documents = ofCohort.map(({ document, sha }): ResultDocument => ({ ...document, git: { ...document.git, sha } }));
    const all = seriesOfResults(documents, (sentence) => notes.push(sentence));
    const short = tooShort(all, drift);
    enough += all.length - short.length;
    notes.push(...short.slice(0, mostNamed));
    if (short.length > mostNamed) notes.push(`${short.length - mostNamed} more series have fewer runs than a change of level can be told from`);
    const known = ofCohort.filter(({ timestamp }) => timestamp < since).length;
    const before = seriesOfResults(documents.slice(0, known), () => undefined);
    for (const series of all) {
      const old = before.find((one) => one.series === series.series && one.metric === series.metric);
      const told = old === undefined ? [] : pointsOf(old, drift);
      rows.push(...pointsOf(series, drift).map((point) => rowOf(series, point, !told.some((one) => isSame(one, point)))));
    }
    rows.push(...ofCohort.filter((member) => anchors.includes(member)).flatMap((anchor) => movedFrom(anchor, documents, known, thresholds)));
  }
  const newest = [...members].sort((a, b) => b.timestamp.localeCompare(a.timestamp))[0];
  for (const anchor of anchors) {
    if (newest === undefined || anchor.cohort === newest.cohort) continue;
    const differs = describeCohortDifference(anchor.document.environment, newest.document.environment).join('; ');
    notes.push(
      `The anchor ${anchor.mark?.tag ?? anchor.name} is of another cohort than the newest run (${differs}): pin one of this cohort as well.`,
    );
  }
  const tooFew = members.length > 0 && enough === 0 ? { tooFew: true } : {};
  return { store, runs: members.length, rows: rows.sort((a, b) => Number(b.isNew) - Number(a.isNew)), ...tooFew, notes: [...new Set(notes)] };
}

/** The same change may be placed a run or two earlier when more runs are known. */
const isSame = (a: DriftPoint, b: DriftPoint): boolean => Math.abs(a.index - b.index) <= shortestLevel && a.after > a.before === b.after > b.before;

function rowOf({ unit, better }: DriftSeries, point: DriftPoint, isNew: boolean): DriftRow {
  const { series, metric, index, before, after, change_percent, p, commits } = point;
  const good = better === 'neither' ? null : after < before === (better === 'lower');
  return { series, metric, unit, index, before, after, change_percent, p, better: good, commits: commits ?? [null, null], isNew, anchor: null };
}

/** @param known of the documents, oldest first, those that were there the last time */
function movedFrom(anchor: Member, documents: readonly ResultDocument[], known: number, thresholds: Thresholds): DriftRow[] {
  return anchor.document.series.flatMap((series) =>
    Object.keys(valuesOf(series)).flatMap((key): DriftRow[] => {
      const metric = metricOf(series, key);
      const direction = metric === null ? null : directionOf(metric.better);
      const limits = limitsFor(thresholds, series.id, key);
      if (metric === null || direction === null || key === 'error_rate' || roleOf(series, key, metric.better, limits) !== 'gating') return [];
      const limitPercent = limits?.max_regression_percent ?? defaultScreenLimitPercent;
      const pinned = runValues(anchor.document, series, key);
      const compare = (of: readonly ResultDocument[]) => {
        const values = of.flatMap((document) => {
          const found = document.series.find(({ id }) => id === series.id);
          return found === undefined ? [] : runValues(document, found, key);
        });
        const finding = compareWithAnchor(pinned, values, { direction, limitPercent, alpha: defaultAlpha, beta: defaultBeta });
        return 'refusal' in finding || finding.decision !== 'regressed' ? null : finding;
      };
      const now = compare(documents);
      if (now === null) return [];
      const before = pinned.reduce((sum, value) => sum + value, 0) / pinned.length;
      return [
        {
          series: series.id,
          metric: key,
          unit: metric.unit,
          index: null,
          before,
          after: before * (1 + now.changePercent / 100),
          change_percent: now.changePercent,
          p: null,
          better: false,
          commits: [anchor.sha, documents.at(-1)?.git.sha ?? null],
          isNew: compare(documents.slice(0, known)) === null,
          anchor: anchor.mark?.tag ?? anchor.name,
        },
      ];
    }),
  );
}
