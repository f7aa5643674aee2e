import type { Repository } from '../github/client.ts';
import type { EventContext } from '../github/context.ts';
import type { MeasureOptions } from './measure-options.ts';

export interface GateOptions extends Pick<MeasureOptions, 'config' | 'entry' | 'env' | 'signal' | 'progress' | 'logDirectory' | 'onState'> {
  context: EventContext;
  /** Null without a token: no automatic baseline, no comment. */
  repository: Repository | null;
  commentKey: string;
  /** The commit or branch that base and head may be measured in turn against; null: only where `mode: paired` asks for it. */
  baseRef: string | null;
  /** What the result is uploaded as on the default branch, and looked for under. */
  artifactName: string;
  /** Folder that the result, the report and the verdict are written to. */
  outputDirectory: string;
  /** Where the job summary goes; null outside a workflow. */
  summaryFile: string | null;
  log: { info(text: string): void; warning(text: string): void };
}
