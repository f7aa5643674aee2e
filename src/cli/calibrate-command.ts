import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { EntryContext } from '../config/entry-context.ts';
import { loadConfig } from '../config/load.ts';
import { calibrateService } from '../jobs/calibrate.ts';
import { plainShape } from '../jobs/shape.ts';
import { executorSchemas } from '../load/executors/registry.ts';
import { type BenchFlags, overridesOf } from './bench-options.ts';
import { createProgress } from './progress.ts';

interface CalibrateFlags extends BenchFlags {
  budget: number;
  alternate?: boolean;
  format: 'text' | 'markdown' | 'json';
}

/** Turns the flags of `calibrate` into the job; returns its exit code. */
export async function calibrateCommand(command: Command, context: EntryContext): Promise<number> {
  const flags = command.opts<CalibrateFlags>();
  const head = await loadConfig({
    cwd: process.cwd(),
    builtinRoot: fileURLToPath(context.packageRoot),
    configFile: flags.config,
    overrides: await overridesOf(command),
    env: process.env,
    executors: executorSchemas,
  });
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort('interrupted');
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const log = (line: string) => void (flags.quiet ? null : process.stderr.write(`${line}\n`));
  try {
    return await calibrateService({
      head,
      measuring: {
        entry: context,
        env: process.env,
        signal: interrupt.signal,
        progress: { ...(await createProgress(process.stderr, true)), line: log },
        runs: 1,
        transport: flags.transport,
        freshConnections: flags.freshConnections === true,
        selftest: flags.selftest,
        shape: { ...plainShape, workers: flags.workers ?? null },
      },
      logDirectory: join(tmpdir(), `llm-bench-${process.pid}`),
      budgetSeconds: flags.budget,
      alternate: flags.alternate === true,
      wholeRounds: flags['numRequests'] !== undefined || flags['duration'] !== undefined || flags['runTime'] !== undefined,
      format: flags.format,
      color: process.stdout.isTTY === true && !process.env['NO_COLOR'],
      log,
      out: (text) => void process.stdout.write(text),
    });
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
