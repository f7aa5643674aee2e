import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { EntryContext } from '../config/entry-context.ts';
import { loadConfig } from '../config/load.ts';
import type { Override } from '../config/overrides.ts';
import { compareSides, comparisonFolder, type SideToMeasure } from '../jobs/compare-sides.ts';
import { executorSchemas } from '../load/executors/registry.ts';
import { type BenchFlags, overridesOf } from './bench-options.ts';
import { listenForInterrupt } from './interrupt.ts';
import { createProgress } from './progress.ts';
import { shapeOf } from './run-shape.ts';

/** A side's name and the settings that make it. */
export interface NamedSide {
  name: string;
  overrides: Override[];
}

/** What `compare-targets` and `compare-models` share: the flags of a run for every side. */
export async function sidesCommand(
  command: Command,
  context: EntryContext,
  sidesOf: (config: LoadedConfig) => NamedSide[] | Promise<NamedSide[]>,
): Promise<number> {
  const flags = command.opts<BenchFlags & { outputDir: string }>();
  const common = await overridesOf(command);
  const builtinRoot = fileURLToPath(context.packageRoot);
  const load = (overrides: readonly Override[]) =>
    loadConfig({
      cwd: process.cwd(),
      builtinRoot,
      configFile: flags.config,
      overrides: [...common, ...overrides],
      env: process.env,
      executors: executorSchemas,
    });
  const interrupt = listenForInterrupt((text) => void process.stderr.write(`${text}\n`));
  try {
    const named = await sidesOf(load);
    const progress = await createProgress(process.stderr, flags.quiet === true);
    const sides: SideToMeasure[] = [];
    // Every side's mistakes are told before the first one is measured.
    for (const [index, { name, overrides }] of named.entries()) {
      const config = await load(overrides);
      sides.push({
        name,
        options: {
          config,
          entry: context,
          env: process.env,
          signal: interrupt.signal,
          onState: interrupt.onState,
          progress,
          logDirectory: join(tmpdir(), `llm-bench-${process.pid}`, String(index)),
          runs: 1,
          transport: flags.transport,
          freshConnections: flags.freshConnections === true,
          selftest: flags.selftest,
          shape: shapeOf(flags),
        },
      });
    }
    return await compareSides({
      sides,
      folder: comparisonFolder(flags.outputDir, new Date()),
      signal: interrupt.signal,
      out: (text) => void process.stdout.write(text),
      err: (text) => void process.stderr.write(`${text}\n`),
    });
  } finally {
    interrupt.close();
  }
}

type LoadedConfig = (overrides: readonly Override[]) => ReturnType<typeof loadConfig>;
