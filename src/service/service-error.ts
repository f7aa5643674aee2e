import { ExitCode, UserError } from '../config/errors.ts';
import type { ServiceCrash } from './service.ts';

/** How many lines of a service's log an error carries. */
export const loggedLines = 50;
/** Longer lines are cut in a message; the log file keeps them. */
const longestShownLine = 2000;

/** The service did not start, did not become ready, crashed, or cannot be reached: exit code 4, with the end of its log in the message. */
export class ServiceError extends UserError {
  override name = 'ServiceError';
  /** The last lines of the log, secrets masked, oldest first. */
  readonly logLines: readonly string[];

  /** @param what the first line: who failed, how, after how long. `logFile` is null where there is no file. */
  constructor(what: string, options: { logLines?: readonly string[]; logFile?: string | null; hint?: string; cause?: unknown } = {}) {
    const logLines = (options.logLines ?? []).slice(-loggedLines);
    super(`${what}${formatLog(logLines, options.logFile ?? null)}`, {
      exitCode: ExitCode.service,
      ...(options.hint === undefined ? {} : { hint: options.hint }),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.logLines = logLines;
  }
}

/** `exit status 3`, or `SIGKILL (often the kernel's answer to memory running out)`. */
export function describeCrash(crash: ServiceCrash): string {
  const signal = crash.signal ?? (crash.exitCode === 137 ? 'SIGKILL' : crash.exitCode === 143 ? 'SIGTERM' : null);
  const status = crash.exitCode === null ? null : `exit status ${crash.exitCode}`;
  const memory = signal === 'SIGKILL' ? ' (SIGKILL, often the answer to memory running out)' : signal === null ? '' : ` (${signal})`;
  return status === null
    ? `ended by ${signal ?? 'an unknown cause'}${signal === 'SIGKILL' ? ' (often the answer to memory running out)' : ''}`
    : `${status}${memory}`;
}

/** The error for a service that ended by itself while it was being measured; `logLines` as `lastLogLines` gave them. */
export function crashError(name: string, crash: ServiceCrash, logLines: readonly string[]): ServiceError {
  return new ServiceError(`service ${name} crashed during the run: ${describeCrash(crash)}.`, { logLines });
}

// Every line of the log is indented by a bar, so that none can pose as a line of ours or as a command to the workflow runner.
function formatLog(lines: readonly string[], file: string | null): string {
  const where = file === null ? '' : ` (${file})`;
  if (lines.length === 0) return file === null ? '' : `\nIt wrote nothing to its log${where}.`;
  const shown = lines.map((line) => `  | ${line.length > longestShownLine ? `${line.slice(0, longestShownLine)} ... (cut)` : line}`);
  return `\n${lines.length === 1 ? 'The only line of its log' : `The last ${lines.length} lines of its log`}${where}:\n${shown.join('\n')}`;
}
