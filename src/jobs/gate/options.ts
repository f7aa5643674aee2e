import { join } from 'node:path';
import type { BenchConfig } from '../../config/bench-config.ts';
import type { Repository } from '../../github/client.ts';
import type { EventContext } from '../../github/context.ts';
import type { MeasureOptions } from '../measure/options.ts';

/** What a result is judged by. */
export type JudgeConfig = Pick<BenchConfig, 'thresholds' | 'baseline' | 'mode' | 'failOn' | 'report' | 'root' | 'origins'> &
  Partial<Pick<BenchConfig, 'alerts'>>;

/** What it takes to judge a result in a workflow run and to tell the outcome, whoever measured it. */
export interface ConcludeOptions {
  config: JudgeConfig;
  context: EventContext;
  /** Null without a token: no automatic baseline, no comment. */
  repository: Repository | null;
  commentKey: string;
  /** What the result is uploaded as on the default branch, and looked for under. */
  artifactName: string;
  /** Folder that the result, the report and the verdict are written to. */
  outputDirectory: string;
  /** Where the job summary goes; null outside a workflow. */
  summaryFile: string | null;
  env: NodeJS.ProcessEnv;
  log: { info(text: string): void; warning(text: string): void };
}

/** Where profiles go: below the result, so that they are uploaded with it. */
export function profilesFolder({ outputDirectory }: Pick<ConcludeOptions, 'outputDirectory'>): string {
  return join(outputDirectory, 'profiles');
}

/** How the gate measures a service: once, on connections that are kept. */
export function measuring(options: GateOptions): MeasureOptions {
  return { ...options, runs: 1, transport: 'auto', freshConnections: false };
}

export interface GateOptions
  extends ConcludeOptions,
    Pick<MeasureOptions, 'config' | 'entry' | 'env' | 'signal' | 'progress' | 'logDirectory' | 'onState'> {
  config: BenchConfig;
  /** The commit or branch that base and head may be measured in turn against; null: only where `mode: paired` asks for it. */
  baseRef: string | null;
  /** The longest that base and head are measured in turn. */
  pairedBudgetSeconds: number;
}
