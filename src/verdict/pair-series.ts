import type { ResultDocument, Series } from '../result/document.ts';

/** The series of one baseline by the current series that each answers to, and those that none asks for. */
export interface Pairing {
  /** Current series id -> baseline series. */
  matched: Map<string, Series>;
  unmatched: Series[];
  /** A sentence where series were matched by more than their name. */
  note: string | null;
}

/**
 * Finds for each current series the baseline's: by id; where the scenarios have different names, by the id behind the scenario's name; and where
 * each side is left with a single one and nothing matched, those two. The user named both results, so that unlike ones are compared, and said to be.
 */
export function pairSeries(current: ResultDocument, baseline: ResultDocument): Pairing {
  const matched = new Map<string, Series>();
  const byId = new Map(baseline.series.map((series) => [series.id, series]));
  const take = (id: string, series: Series | undefined) => {
    if (series === undefined) return;
    matched.set(id, series);
    byId.delete(series.id);
  };
  for (const { id } of current.series) take(id, byId.get(id));
  let note: string | null = null;
  const open = () => current.series.filter(({ id }) => !matched.has(id));
  if (current.scenario !== baseline.scenario && current.scenario !== '' && baseline.scenario !== '') {
    for (const { id } of open()) {
      if (id !== current.scenario && !id.startsWith(`${current.scenario}/`)) continue;
      const before = matched.size;
      take(id, byId.get(baseline.scenario + id.slice(current.scenario.length)));
      if (matched.size > before)
        note = `series of scenario ${baseline.scenario} are compared with those of ${current.scenario} by the rest of their names`;
    }
  }
  const [lastCurrent, ...moreCurrent] = open();
  const [lastBaseline, ...moreBaseline] = byId.values();
  if (matched.size === 0 && lastCurrent && lastBaseline && moreCurrent.length === 0 && moreBaseline.length === 0) {
    note = `series ${lastCurrent.id} is compared with series ${lastBaseline.id} of the baseline: each side has only that one`;
    take(lastCurrent.id, lastBaseline);
  }
  return { matched, unmatched: [...byId.values()], note };
}
