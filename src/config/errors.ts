/** Exit codes of every command; the numbers are a public contract (docs/architecture.md). */
export const ExitCode = {
  /** ok, warn or inconclusive */
  ok: 0,
  /** regressed, or a limit broken */
  regressed: 1,
  /** bad usage or configuration */
  usage: 2,
  /** the measurement is not valid: the client, not the server, was the bottleneck */
  invalid: 3,
  /** the service did not start, crashed, or the target is unreachable */
  service: 4,
  /** inconclusive where `fail-on: inconclusive` was asked for */
  inconclusive: 5,
  /** Ctrl-C or SIGTERM; partial results were written */
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * An error that a person can act on: printed as `message` (and `hint` below it), without a stack.
 * Anything else that reaches an entry is a bug of ours and is printed with its stack.
 */
export class UserError extends Error {
  override name = 'UserError';
  readonly exitCode: ExitCode;
  /** What to do next; null when the message already says it. */
  readonly hint: string | null;

  constructor(message: string, options: { exitCode?: ExitCode; hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? ExitCode.usage;
    this.hint = options.hint ?? null;
  }
}

/** One thing wrong in a configuration, flag or input, with the place it was found. */
export interface ConfigIssue {
  /** File path, or the flag or input that carried the value (`--rate`, `input mode`). */
  file: string;
  /** 1-based; null where the source has no lines (a flag). */
  line: number | null;
  column: number | null;
  /** What was expected, what was found, the allowed values, a near miss. One sentence or two. */
  message: string;
}

/** Every configuration error at once; `message` lists them one per line as `file:line:column: message`. */
export class ConfigError extends UserError {
  override name = 'ConfigError';
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super(issues.map(formatIssue).join('\n'), { exitCode: ExitCode.usage });
    this.issues = issues;
  }
}

function formatIssue(issue: ConfigIssue): string {
  const place = issue.line === null ? issue.file : `${issue.file}:${issue.line}:${issue.column ?? 1}`;
  return `${place}: ${issue.message}`;
}
