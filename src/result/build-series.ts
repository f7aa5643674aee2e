import { type Scenario, scenarioName } from '../config/scenario/scenario.ts';
import type { SearchSummary } from '../load/search-summary.ts';
import { seriesId } from '../load/series-id.ts';
import { ownDefinition } from '../measure/definitions.ts';
import { SeriesMeter } from '../measure/series-meter.ts';
import { askedModel } from '../workload/request-spec.ts';
import type { BuildInput } from './build-input.ts';
import type { Series } from './document.ts';
import { searchMetrics } from './load-findings.ts';
import { metricsOf } from './series-metrics.ts';

/** A series for each phase; where requests differ in class, one for each class below it as detail. */
export function loadSeries(input: BuildInput): Series[] {
  const { run, scenario, target, workload } = input;
  const labels = labelsOf(scenario, target);
  return run.phases.flatMap(({ phase, outcome }) => {
    const leaves = workload.cells.map((cell) => ({
      cell,
      id: seriesId(cell.id, phase.label, scenario.name),
      meter: run.meter.series.get(seriesId(cell.id, phase.label, scenario.name)) ?? new SeriesMeter(),
    }));
    const seconds = outcome.durationMs / 1000;
    const pooled = SeriesMeter.pooled(leaves.map((leaf) => leaf.meter));
    const whole: Series = {
      id: seriesId(scenario.name, phase.label, scenario.name),
      labels: {
        ...labels,
        ...(input.concurrency === null ? {} : { concurrency: input.concurrency }),
        ...phase.label,
        ...(leaves.length === 1 ? leaves[0]?.cell.labels : {}),
      },
      metrics: metricsOf(pooled, seconds, input.notes, input.compat ?? ownDefinition),
      requests: countsOf(pooled),
    };
    if (leaves.length === 1) return [whole];
    const details = leaves.map(
      ({ cell, id, meter }): Series => ({
        id,
        labels: { ...labels, ...phase.label, ...cell.labels },
        metrics: metricsOf(meter, null, input.notes, input.compat ?? ownDefinition),
        detail: true,
        requests: countsOf(meter),
      }),
    );
    return [whole, ...details];
  });
}

const countsOf = ({ succeeded, failed }: SeriesMeter): NonNullable<Series['requests']> => ({ successful: succeeded, failed });

/** A search is compared by what it found; its levels are details, for another run tries others. */
export function searchSeries(input: BuildInput, search: SearchSummary): Series[] {
  const { scenario, target } = input;
  const labels = labelsOf(scenario, target);
  return [{ id: scenario.name, labels, metrics: searchMetrics(search) }, ...loadSeries(input).map((series) => ({ ...series, detail: true }))];
}

/** What all series of a scenario have in common. */
function labelsOf(scenario: Scenario, target: BuildInput['target']): Series['labels'] {
  const model = askedModel(scenario.request, target);
  return { scenario: scenarioName(scenario), target: target.name, ...(model === null ? {} : { model }), ...scenario.part?.labels };
}
