import { ExitCode, UserError } from '../config/errors.ts';

/** Prints an error on stderr and returns the exit code that goes with it. What a person can act on comes without a stack; anything else is a bug of ours. */
export function printError(error: unknown): number {
  if (error instanceof UserError) {
    console.error(error.message);
    if (error.hint) console.error(error.hint);
    return error.exitCode;
  }
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  console.error('This is a bug in llm-bench. Please report it with the lines above.');
  return ExitCode.usage;
}
