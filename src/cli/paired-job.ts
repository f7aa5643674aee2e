import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntryContext } from '../config/entry-context.ts';
import { plainShape } from '../jobs/measure/shape.ts';
import type { BenchFlags } from './bench-options.ts';
import { listenForInterrupt } from './interrupt.ts';
import { createProgress } from './progress.ts';

/** Flags of the commands that measure two services in turn. */
export interface PairedFlags extends BenchFlags {
  budget: number;
  alternate?: boolean;
  format: 'text' | 'markdown' | 'json';
}

/** What the flags say of how two services are measured in turn and told of, whatever they are. */
async function pairedOptions(flags: PairedFlags, context: EntryContext, interrupt: ReturnType<typeof listenForInterrupt>) {
  const log = (line: string) => void (flags.quiet ? null : process.stderr.write(`${line}\n`));
  return {
    measuring: {
      entry: context,
      env: process.env,
      signal: interrupt.signal,
      onState: interrupt.onState,
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
    err: (line: string) => void process.stderr.write(`${line}\n`),
    out: (text: string) => void process.stdout.write(text),
  };
}

/** Runs a job that measures two services in turn, and hands on Ctrl-C while it does; returns its exit code. */
export async function runPaired(
  flags: PairedFlags,
  context: EntryContext,
  job: (shared: Awaited<ReturnType<typeof pairedOptions>>) => Promise<number>,
): Promise<number> {
  const interrupt = listenForInterrupt((text) => void process.stderr.write(`${text}\n`));
  try {
    return await job(await pairedOptions(flags, context, interrupt));
  } finally {
    interrupt.close();
  }
}
