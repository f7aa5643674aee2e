/** The command line with nothing on it but `mock`, for the tests of that command. */
import { Command } from 'commander';
import { registerMock } from '../../src/cli/commands/mock.ts';
import { UserError } from '../../src/config/errors.ts';

const program = new Command('llm-bench');
registerMock(program);
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
