import type { Better, Statistic } from '../document.ts';

/** One figure of one run, as another tool gave it. NaN and infinities may stand here; they are told and left out when the document is made. */
export interface Measure {
  series: string;
  labels?: Record<string, string | number>;
  /** A metric of one value (`ns/op`), or the one whose statistics follow (`ttft_ms`). */
  metric: string;
  unit: string;
  better: Better;
  value: number | null | Partial<Record<Statistic, number | null>>;
  /** Samples behind a distribution. */
  count?: number;
  note?: string;
  /** Where it stood in the file: `:12` for a line, ` benchmarks[3]` for a member. */
  where?: string;
}

/** Figures that belong together: the unit of evidence. */
export interface RunReading {
  /** ISO 8601. */
  started?: string | null;
  durationSeconds?: number | null;
  requests?: number | null;
  failed?: number | null;
  concurrency?: number | null;
  measures: Measure[];
}

/** What a file of another tool says. */
export interface Reading {
  runs: RunReading[];
  /** How many of the runs were started apart (files, rows of a table), rather than repeated in one process: one where not stated. */
  sessions?: number;
  toolVersion?: string | null;
  model?: string | null;
  target?: string | null;
  sha?: string | null;
  cpuModel?: string | null;
  /** What was left out and why, a sentence each. */
  notes?: string[];
}

/** A file to be read, parsed as far as its text allows. */
export interface Source {
  /** What errors call it; a path tells criterion's benchmarks apart. */
  name: string;
  text: string;
  /** The text as JSON; undefined where it is none. */
  json: unknown;
  /** One JSON value a line; null where the text is not that. */
  jsonLines: readonly unknown[] | null;
}

export interface ReadOptions {
  /** Which way is good, for formats whose units do not tell; null: by the unit. */
  direction: Better | null;
}

/** A format: how it is recognised and read. Both are pure. */
export interface ImportFormat {
  /** As `--from` names it. */
  name: string;
  /** What the file is, for errors and `--help`. */
  title: string;
  matches(source: Source): boolean;
  /** @throws UserError (exit 2) naming the file and place of what cannot be read */
  read(source: Source, options: ReadOptions): Reading;
}
