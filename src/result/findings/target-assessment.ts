import type { Scenario } from '../../config/scenario/scenario.ts';
import type { PresetTargets } from '../../config/target/preset-targets.ts';
import { holds, type LevelRules } from '../../load/search-rules.ts';
import { isDistribution, type Series } from '../document.ts';
import { advice, peakOf, tolerableErrors } from '../recommendations.ts';
import { spikeRate } from '../spike-rate.ts';
import { type AskedFigure, askedFigures, beyond, type TargetRange } from './asked-figures.ts';
import type { Finding, MeasuredPart, SkippedPart } from './finding.ts';
import { levelsIn } from './levels-in.ts';

interface JudgedTarget extends Pick<AskedFigure, 'name' | 'title'> {
  /** Null: not measured, and left out of the total. */
  met: boolean | null;
  detail: string;
  value: number | null;
}

const quietSpikes = 'Spikes below the range: the load may be insufficient to show what the service does under strain.';

/** `results.targets`, `benchmarks`, `overall_assessment`, `system_info`, `stress_test` and the spike rate, of a scenario that says its `targets`. */
export const targetAssessment: Finding = ({ name, parts, document, baseline, skipped = [] }) => {
  const asked: PresetTargets = Object.assign({}, ...[...skipped, ...parts].map(({ scenario }) => scenario.targets ?? {}));
  // Of several parts the one that asks for tokens/s or TTFT is judged by its own figures: a stress test beside it would hide them.
  const judged = parts.find(({ scenario }) => scenario.targets?.tokens_per_sec !== undefined || scenario.targets?.ttft_ms !== undefined);
  const { results } = judged?.document ?? document;
  const { environment } = document;
  const { percent: spikes, basis } = spikeRate(judged?.document ?? document, baseline ?? null);
  const targets = judge(asked, {
    tok_s: results.throughput.tokens_per_sec,
    ttft: results.ttft_ms?.p50 ?? null,
    spike_rate: spikes,
    retrieval: retrievalMs(document.series),
    memory: peakOf(document, 'machine_memory_percent'),
    energy: energyOf(document.series),
    error_rate: results.error_rate,
  }).map((target) => withReason(target, parts, skipped));
  const measured = targets.filter(({ met }) => met !== null);
  const met = measured.filter((target) => target.met).length;
  const missed = measured.filter((target) => !target.met);
  // A part that stops at limits was made to find the load that is borne.
  const stressed = parts.filter(({ scenario }) => scenario.stop !== undefined);
  const levels = (stressed.length === 0 ? parts : stressed)
    .flatMap((part) => levelsIn(part).map(({ level }) => ({ level, part })))
    .filter(({ level }) => level.unit === 'users');
  const stable = levels.filter(({ level, part }) => holds(level, limitsOf(part.scenario.stop, asked.error_rate))).map(({ level }) => level.load);
  const distinct = [...new Set(stable)].sort((a, b) => a - b);
  return {
    results: {
      spike_rate_percent: spikes,
      spike_rate_basis: basis,
      targets,
      benchmarks: {
        [name]: {
          tokens_per_second: results.throughput.tokens_per_sec,
          p50_ms: inMs(results.latency_s?.p50),
          p95_ms: inMs(results.latency_s?.p95),
          p99_ms: inMs(results.latency_s?.p99),
          spike_rate_percent: spikes,
          memory_peak_mb: peakOf(document, 'service_memory_mb'),
          energy_consumption_joules: energyOf(document.series),
          target_scores: Object.fromEntries(targets.map((target) => [target.name, target.met])),
          meets_targets: measured.length === 0 ? null : missed.length === 0,
        },
      },
      system_info: {
        cpu_count: environment.cpu_cores,
        memory_total_gb: environment.memory_gb,
        gpu_name: environment['gpu'] ?? null,
      },
      stress_test: { max_sustainable_load: distinct.at(-1) ?? null, stable_concurrency_levels: distinct },
      overall_assessment: {
        performance_grade: gradeOf(met, measured.length),
        targets_met: met,
        total_targets: measured.length,
        recommendations: [
          ...missed.map((target) => (target.name === 'spike_rate' && target.detail.includes('below') ? quietSpikes : advice[target.name])),
          ...(asked.error_rate === undefined && (document.results.error_rate ?? 0) > tolerableErrors ? [advice.error_rate] : []),
        ],
      },
    },
  };
};

/** Of the targets that were measured; null where none was. */
export function gradeOf(met: number, total: number): 'EXCELLENT' | 'GOOD' | 'ACCEPTABLE' | 'POOR' | null {
  if (total === 0) return null;
  const percent = (100 * met) / total;
  return percent >= 90 ? 'EXCELLENT' : percent >= 80 ? 'GOOD' : percent >= 60 ? 'ACCEPTABLE' : 'POOR';
}

/** A target of a search says why there was none: the service does not offer it, or the scenario asks for none. */
function withReason(target: JudgedTarget, parts: readonly MeasuredPart[], skipped: readonly SkippedPart[]): JudgedTarget {
  if (target.met !== null || target.name !== 'retrieval') return target;
  const searches = (part: { scenario: Scenario }) => part.scenario.request?.retrieval !== undefined;
  const lacking = skipped.find(searches);
  if (lacking === undefined && parts.some(searches)) return target;
  const reason = lacking?.reason ?? 'nothing is searched here; the scenarios retrieval and full do';
  return { ...target, detail: target.detail.replace('not measured', `not measured: ${reason}`) };
}

/** Values are in the unit that their targets are told in. */
function judge(asked: PresetTargets, values: Record<AskedFigure['name'], number | null>): JudgedTarget[] {
  return askedFigures(asked).map(({ name, title, unit, range }) => {
    const value = values[name];
    const side = value === null ? null : beyond(value, range);
    return {
      name,
      title,
      met: value === null ? null : side === null,
      value,
      detail: `${readingOf(name, value, unit)}${wantedOf(range, unit, side)}`,
    };
  });
}

function readingOf(name: AskedFigure['name'], value: number | null, unit: string): string {
  if (value !== null) return `${Number(value.toPrecision(3))} ${unit}`;
  return name === 'energy' ? 'not measured: no sensor could be read' : 'not measured';
}

/** A figure that must lie between two says what it means to lie beyond either. */
function wantedOf({ min, max }: TargetRange, unit: string, side: 'min' | 'max' | null): string {
  if (min === undefined || max === undefined)
    return min !== undefined ? `, at least ${min} ${unit}` : max !== undefined ? `, at most ${max} ${unit}` : '';
  const meaning = { min: ', below the range: the load may be insufficient', max: ', above the range: instability or constrained resources' };
  return `, ${min} to ${max} ${unit}${side === null ? '' : meaning[side]}`;
}

/** p95 of the searches in the largest index, ms. */
function retrievalMs(series: readonly Series[]): number | null {
  const searches = series.filter(({ labels, detail }) => !detail && typeof labels['entries'] === 'number');
  const largest = searches.toSorted((a, b) => Number(b.labels['entries']) - Number(a.labels['entries']))[0];
  const latency = largest?.metrics['latency_s'];
  const p95 = latency !== undefined && isDistribution(latency) ? latency.p95 : null;
  return inMs(p95);
}

const inMs = (seconds: number | null | undefined): number | null => (typeof seconds === 'number' ? seconds * 1000 : null);

function energyOf(series: readonly Series[]): number | null {
  const joules = series.flatMap(({ metrics, detail }) => {
    const metric = metrics['energy_joules'];
    return !detail && metric !== undefined && !isDistribution(metric) && metric.value !== null ? [metric.value] : [];
  });
  return joules.length === 0 ? null : joules.reduce((sum, one) => sum + one, 0);
}

/** A level is stable while errors and, where the scenario limits it, p95 latency keep within its stop rules. */
function limitsOf(stop: Scenario['stop'], mostErrors = 1): LevelRules {
  return { max_error_rate: stop?.max_error_rate ?? mostErrors, max_p95_latency: stop?.max_p95_latency };
}
