import { seriesId } from '../load/series-id.ts';
import type { CompatDefinition } from '../measure/compat.ts';
import { type Definition, ownDefinition } from '../measure/definitions.ts';
import { Meter } from '../measure/meter.ts';
import type { RequestRecord } from '../measure/record.ts';
import { buildResult } from './build.ts';
import type { BuildInput } from './build-input.ts';
import type { ResultDocument } from './document.ts';
import { mergeResults } from './merge.ts';

type Labels = Record<string, string | number>;

/** Labels of a class of requests within a series; every other label of an id sets a series apart. */
const classLabels: ReadonlySet<string> = new Set(['prompt_tokens', 'max_tokens', 'prompt', 'answer']);

/** A stretch of a run under one load, with the time that it spans. */
interface RecordedPhase {
  label: Labels;
  firstMs: number;
  lastMs: number;
  meter: Meter;
}

/** One run of one scenario, as its records come in. */
class RecordedRun {
  readonly scenario: string;
  readonly meter: Meter;
  private readonly times: Definition['times'];
  /** Series by what sets them apart, with the time that each spans. */
  private readonly phases = new Map<string, RecordedPhase>();
  private readonly cells = new Map<string, Labels>();
  private lastMs = 0;
  private readonly known = new Map<string, string>();

  constructor(scenario: string, times: Definition['times']) {
    this.scenario = scenario;
    this.times = times;
    this.meter = new Meter(times);
  }

  add(record: RequestRecord): void {
    this.meter.record(record);
    this.lastMs = Math.max(this.lastMs, record.endMs);
    const phase = this.phases.get(this.phaseOf(record.series)) as RecordedPhase;
    phase.meter.record(record);
    phase.firstMs = Math.min(phase.firstMs, record.intendedMs);
    phase.lastMs = Math.max(phase.lastMs, record.endMs);
  }

  result(compat: CompatDefinition | null): ResultDocument {
    const phases = [...this.phases.values()].map(({ label, firstMs, lastMs, meter }) => {
      // Of one load the time before its first request counts too, as it does when it is measured.
      const durationMs = this.phases.size === 1 ? this.lastMs : lastMs - firstMs;
      return { phase: { label }, outcome: { ...meter.snapshot(durationMs), durationMs, stopReason: 'completed', dropped: 0 } };
    });
    const cells = [...this.cells].map(([id, labels]) => ({ id, labels, promptTokens: null, maxTokens: null }));
    const input: Omit<BuildInput, 'run' | 'scenario'> & { run: object; scenario: object } = {
      run: {
        meter: this.meter,
        phases,
        started: '',
        durationSeconds: this.lastMs / 1000,
        client: { cpuSeconds: null, wallSeconds: this.lastMs / 1000, loopUtilization: 0, eventLoopP99Ms: null },
        stopReason: 'completed',
      },
      scenario: { name: this.scenario, request: {}, load: { executor: 'recorded' } },
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

  private phaseOf(series: string): string {
    const known = this.known.get(series);
    if (known !== undefined) return known;
    const { phase, cell } = splitSeries(series);
    const key = seriesId('', phase);
    if (!this.phases.has(key)) this.phases.set(key, { label: phase, firstMs: Number.POSITIVE_INFINITY, lastMs: 0, meter: new Meter(this.times) });
    const cellId = seriesId(this.scenario, cell);
    if (!this.cells.has(cellId)) this.cells.set(cellId, cell);
    this.known.set(series, key);
    return key;
  }
}

const unknownMachine: BuildInput['environment'] = { os: '', arch: '', cpu_model: '', cpu_cores: 0, memory_gb: 0, node: '', runner_image: null };

/** `chat/concurrency=5/prompt_tokens=100` -> its scenario, the labels of its series and those of its class. */
function splitSeries(id: string): { scenario: string; phase: Labels; cell: Labels } {
  const [scenario = '', ...parts] = id.split('/');
  const phase: Labels = {};
  const cell: Labels = {};
  for (const part of parts) {
    const equals = part.indexOf('=');
    const [name, text] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
    const value = text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    (classLabels.has(name) ? cell : phase)[name] = value;
  }
  return { scenario, phase, cell };
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
    const scenario = slash === -1 ? record.series : record.series.slice(0, slash);
    const key = `${run} ${scenario}`;
    let known = this.runs.get(key);
    if (!known) {
      known = new RecordedRun(scenario, (this.compat ?? ownDefinition).times);
      this.runs.set(key, known);
    }
    known.add(record);
  }

  /** All runs in one document; null when there was no record. */
  result(): ResultDocument | null {
    const documents = [...this.runs.values()].map((run) => run.result(this.compat));
    return documents.length === 0 ? null : mergeResults(documents);
  }
}
