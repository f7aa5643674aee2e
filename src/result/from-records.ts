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

/** Labels of a class of requests within a series; every other label of an id sets a series apart. */
const classLabels: ReadonlySet<string> = new Set(['prompt_tokens', 'max_tokens', 'prompt_class', 'answer_class']);
/** Labels of a level of one load; those that are left are what tells a part of a scenario from its other parts. */
const levelLabels: ReadonlySet<string> = new Set(['concurrency', 'rate']);

/** A stretch of a run under one load, with the time that it spans. */
interface RecordedPhase {
  label: Labels;
  firstMs: number;
  lastMs: number;
  meter: Meter;
}

/** Where a record belongs. */
interface Place {
  /** The scenario as it was chosen, and the part of it, if any. */
  of: string;
  part: Labels;
  /** What its series are called by: the scenario's name and its part's labels. */
  name: string;
  level: Labels;
  cell: Labels;
}

/** One run of one scenario, or of one part of it, as its records come in. */
class RecordedRun {
  readonly scenario: Scenario;
  readonly meter: Meter;
  private readonly times: Definition['times'];
  /** Series by what sets them apart, with the time that each spans. */
  private readonly phases = new Map<string, RecordedPhase>();
  private readonly cells = new Map<string, Labels>();
  private lastMs = 0;
  private readonly known = new Map<string, RecordedPhase>();

  constructor({ of, part, name }: Place, times: Definition['times']) {
    const known = { name, request: {}, load: { executor: 'recorded' }, ...(name === of ? {} : { part: { of, labels: part } }) };
    // What is not known of it is what nobody who reads records asks for.
    this.scenario = known as unknown as Scenario;
    this.times = times;
    this.meter = new Meter(times);
  }

  add(record: RequestRecord, place: Place): void {
    this.meter.record(record);
    this.lastMs = Math.max(this.lastMs, record.endMs);
    const phase = this.phaseOf(record.series, place);
    phase.meter.record(record);
    phase.firstMs = Math.min(phase.firstMs, record.intendedMs);
    phase.lastMs = Math.max(phase.lastMs, record.endMs);
  }

  result(compat: CompatDefinition | null): ResultDocument {
    const phases = [...this.phases.values()].map(({ label, firstMs, lastMs, meter }, index, all) => {
      // Of the first load the time before its first request counts too, as it does when it is measured; when a later one began is not in the records.
      const startMs = index === 0 ? 0 : firstMs;
      // A schedule lasts until the next load begins, also where its last arrival came earlier.
      const endMs = label['rate'] === undefined ? lastMs : (all[index + 1]?.firstMs ?? lastMs);
      const durationMs = endMs - startMs;
      return { phase: { label }, outcome: { ...meter.snapshot(durationMs), durationMs, stopReason: null, dropped: 0 } };
    });
    const cells = [...this.cells].map(([id, labels]) => ({ id, labels, promptTokens: null, maxTokens: null }));
    const input: Omit<BuildInput, 'run'> & { run: object } = {
      run: {
        meter: this.meter,
        phases,
        started: '',
        durationSeconds: this.lastMs / 1000,
        client: { cpuSeconds: null, wallSeconds: this.lastMs / 1000, loopUtilization: 0, eventLoopP99Ms: null },
        stopReason: 'completed',
      },
      scenario: this.scenario,
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
    return { ...document, note, admissible: false };
  }

  private phaseOf(series: string, { level, cell }: Place): RecordedPhase {
    const known = this.known.get(series);
    if (known !== undefined) return known;
    const key = seriesId('', level);
    const phase = this.phases.get(key) ?? { label: level, firstMs: Number.POSITIVE_INFINITY, lastMs: 0, meter: new Meter(this.times) };
    this.phases.set(key, phase);
    const { name } = this.scenario;
    this.cells.set(seriesId(name, cell, name), cell);
    this.known.set(series, phase);
    return phase;
  }
}

const unknownMachine: BuildInput['environment'] = { os: '', arch: '', cpu_model: '', cpu_cores: 0, memory_gb: 0, node: '', runner_image: null };

/** `chat/part=long/concurrency=5/prompt_tokens=100` -> its scenario, the labels of its part, of its level and of its class. */
function placeOf(id: string): Place {
  const [of = '', ...parts] = id.split('/');
  const [part, level, cell]: [Labels, Labels, Labels] = [{}, {}, {}];
  for (const text of parts) {
    const equals = text.indexOf('=');
    const [name, written] = equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    const value = written !== '' && Number.isFinite(Number(written)) ? Number(written) : written;
    (classLabels.has(name) ? cell : levelLabels.has(name) ? level : part)[name] = value;
  }
  return { of, part, name: seriesId(of, part, of), level, cell };
}

/** Folds request records into a result again, under our own definitions or another tool's. Memory does not grow with the number of records. */
export class RecordFolder {
  private readonly compat: CompatDefinition | null;
  private readonly runs = new Map<string, RecordedRun>();
  private readonly places = new Map<string, Place>();

  constructor(compat: CompatDefinition | null = null) {
    this.compat = compat;
  }

  /** @param run which run of the log it belongs to: times of two runs both begin at zero */
  add(record: RequestRecord, run: number): void {
    let place = this.places.get(record.series);
    if (!place) {
      place = placeOf(record.series);
      this.places.set(record.series, place);
    }
    const key = `${run} ${place.name}`;
    let known = this.runs.get(key);
    if (!known) {
      known = new RecordedRun(place, (this.compat ?? ownDefinition).times);
      this.runs.set(key, known);
    }
    known.add(record, place);
  }

  /** All runs in one document, united as those of a run are; null when there was no record. */
  result(): ResultDocument | null {
    const scenarios = Map.groupBy(this.runs.values(), ({ scenario }) => scenarioName(scenario));
    const documents = [...scenarios.values()].map((runs) =>
      uniteRounds(roundsOf(runs.map((run) => ({ scenario: run.scenario, document: run.result(this.compat) })))),
    );
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
