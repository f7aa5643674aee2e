import { type Scenario, scenarioName } from '../config/scenario/scenario.ts';
import { seriesId } from '../load/series-id.ts';
import type { CompatDefinition } from '../measure/compat.ts';
import { type Definition, ownDefinition } from '../measure/definitions.ts';
import { Meter } from '../measure/meter.ts';
import type { RequestRecord } from '../measure/record.ts';
import { buildResult } from './build.ts';
import type { BuildInput } from './build-input.ts';
import type { ResultDocument } from './document.ts';
import type { MeasuredPart } from './findings/finding.ts';
import { uniteRounds, uniteScenarios } from './unite.ts';

type Labels = Record<string, string | number>;
type Label = readonly [name: string, value: string | number];

/** Labels of a class of requests within a series. Others are those of a part where all of a run have them, and of a class where they differ within one. */
const classLabels: ReadonlySet<string> = new Set(['prompt_tokens', 'max_tokens', 'prompt_class', 'answer_class', 'conversation', 'turn']);
/** Labels of a level of one load: they stand behind those of a part and before those of a class. */
const levelLabels: ReadonlySet<string> = new Set(['concurrency', 'rate']);

/** A stretch of a run under one load, with the time that it spans. */
interface RecordedPhase {
  label: Labels;
  firstMs: number;
  lastMs: number;
  meter: Meter;
}

/** Where a record belongs: to a part, if any, to a level, if any, and to a class. */
interface Place {
  part: readonly Label[];
  level: Labels;
  cell: readonly Label[];
}

/** One run of one scenario, or of one part of it, as its records come in. */
class RecordedRun {
  private readonly of: string;
  private readonly meter: Meter;
  private readonly times: Definition['times'];
  /** By their level. */
  private readonly phases = new Map<string, RecordedPhase>();
  /** By the id of their series. */
  private readonly known = new Map<string, { place: Place; phase: RecordedPhase }>();
  private lastMs = 0;

  /** @param of the scenario as it was chosen */
  constructor(of: string, times: Definition['times']) {
    this.of = of;
    this.times = times;
    this.meter = new Meter(times);
  }

  add(record: RequestRecord): void {
    this.meter.record(record);
    this.lastMs = Math.max(this.lastMs, record.endMs);
    const phase = this.phaseOf(record.series);
    phase.meter.record(record);
    phase.firstMs = Math.min(phase.firstMs, record.intendedMs);
    phase.lastMs = Math.max(phase.lastMs, record.endMs);
  }

  result(compat: CompatDefinition | null): MeasuredPart {
    const { of } = this;
    const places = [...this.known.values()].map(({ place }) => place);
    const part = sharedLabels(places.map((place) => place.part));
    const name = seriesId(of, Object.fromEntries(part), of);
    const known = {
      name,
      request: {},
      load: { executor: 'recorded' },
      ...(part.length === 0 ? {} : { part: { of, labels: Object.fromEntries(part) } }),
    };
    // What is not known of it is what nobody who reads records asks for.
    const scenario = known as unknown as Scenario;
    const inOrder = [...this.phases.values()].sort((a, b) => a.firstMs - b.firstMs);
    const phases = inOrder.map(({ label, firstMs, lastMs, meter }, index, all) => {
      // Of the first load the time before its first request counts too, as it does when it is measured; when a later one began is not in the records.
      const startMs = index === 0 ? 0 : firstMs;
      // A schedule lasts until the next load begins, also where its last arrival came earlier.
      const endMs = label['rate'] === undefined ? lastMs : (all[index + 1]?.firstMs ?? lastMs);
      const durationMs = endMs - startMs;
      return { phase: { label }, outcome: { ...meter.snapshot(durationMs), durationMs, stopReason: null, dropped: 0 } };
    });
    const classes = new Map(
      places.map((place) => {
        const labels = Object.fromEntries([...place.part.slice(part.length), ...place.cell]);
        return [seriesId(name, labels, name), labels];
      }),
    );
    const cells = [...classes].map(([id, labels]) => ({ id, labels, promptTokens: null, maxTokens: null }));
    const input: Omit<BuildInput, 'run'> & { run: object } = {
      run: {
        meter: this.meter,
        phases,
        started: '',
        durationSeconds: this.lastMs / 1000,
        client: { cpuSeconds: null, wallSeconds: this.lastMs / 1000, loopUtilization: 0, eventLoopP99Ms: null },
        stopReason: 'completed',
      },
      scenario,
      target: { name: '' },
      baseUrl: '',
      workload: { cells, uniquePrompts: null, promptSource: () => null },
      concurrency: null,
      findings: [],
      maxErrorRate: 0,
      environment: unknownMachine,
      cohort: '',
      tool: { name: '', version: '' },
      git: { sha: null, ref: null, base_sha: null },
      ci: null,
      config: { resolved: null, sha256: '' },
      notes: {},
      compat,
    };
    // What is not known of the run (its pacers, its client) is what buildResult only hands through.
    const document = buildResult(input as unknown as BuildInput);
    const itl = compat === null || compat.gaps !== 'none' ? 'a record does not hold the gaps between its tokens: no inter-token latency' : null;
    const note = ['from request records', document.note, itl].filter((text) => text).join('; ');
    // Whether the client kept up and what ran is not in the records: fit to look at, not to be a baseline.
    return { scenario, document: { ...document, note, admissible: false } };
  }

  private phaseOf(series: string): RecordedPhase {
    const known = this.known.get(series);
    if (known !== undefined) return known.phase;
    const place = placeOf(series);
    const key = seriesId('', place.level);
    const phase = this.phases.get(key) ?? { label: place.level, firstMs: Number.POSITIVE_INFINITY, lastMs: 0, meter: new Meter(this.times) };
    this.phases.set(key, phase);
    this.known.set(series, { place, phase });
    return phase;
  }
}

const unknownMachine: BuildInput['environment'] = { os: '', arch: '', cpu_model: '', cpu_cores: 0, memory_gb: 0, node: '', runner_image: null };

/** `chat/part=long/concurrency=5/prompt_tokens=100` -> the labels of its part, of its level and of its class. */
function placeOf(id: string): Place {
  const [part, level, cell]: [Label[], Labels, Label[]] = [[], {}, []];
  for (const text of id.split('/').slice(1)) {
    const equals = text.indexOf('=');
    const [name, written] = equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    const value = String(Number(written)) === written ? Number(written) : written;
    if (cell.length === 0 && levelLabels.has(name)) level[name] = value;
    else if (cell.length > 0 || Object.keys(level).length > 0 || classLabels.has(name)) cell.push([name, value]);
    else part.push([name, value]);
  }
  return { part, level, cell };
}

/** Those that all begin with. @param all one at least */
function sharedLabels([first = [], ...others]: readonly (readonly Label[])[]): readonly Label[] {
  const unlike = first.findIndex(([name, value], at) => others.some((labels) => labels[at]?.[0] !== name || labels[at]?.[1] !== value));
  return unlike < 0 ? first : first.slice(0, unlike);
}

/** Folds request records into a result again, under our own definitions or another tool's. Memory does not grow with the number of records. */
export class RecordFolder {
  private readonly compat: CompatDefinition | null;
  private readonly runs = new Map<string, RecordedRun>();

  constructor(compat: CompatDefinition | null = null) {
    this.compat = compat;
  }

  /** @param run which run of the log it belongs to: times of two runs both begin at zero */
  add(record: RequestRecord, run: number): void {
    const slash = record.series.indexOf('/');
    const of = slash < 0 ? record.series : record.series.slice(0, slash);
    const key = `${run} ${of}`;
    let known = this.runs.get(key);
    if (!known) {
      known = new RecordedRun(of, (this.compat ?? ownDefinition).times);
      this.runs.set(key, known);
    }
    known.add(record);
  }

  /** All runs in one document, united as those of a run are; null when there was no record. */
  result(): ResultDocument | null {
    const measured = [...this.runs.values()].map((run) => run.result(this.compat));
    const scenarios = Map.groupBy(measured, ({ scenario }) => scenarioName(scenario));
    const documents = [...scenarios.values()].map((parts) => uniteRounds(roundsOf(parts)));
    return documents.length === 0 ? null : uniteScenarios(documents);
  }
}

/** A round ends where a part that it already has comes again. */
function roundsOf(parts: readonly MeasuredPart[]): MeasuredPart[][] {
  const rounds: MeasuredPart[][] = [[]];
  for (const part of parts) {
    const last = rounds.at(-1) as MeasuredPart[];
    if (last.some(({ scenario }) => scenario.name === part.scenario.name)) rounds.push([part]);
    else last.push(part);
  }
  return rounds;
}
