import { fileURLToPath } from 'node:url';
import type { BenchConfig } from '../config/bench-config.ts';
import type { EntryContext } from '../config/entry-context.ts';
import { loadConfig, type Override } from '../config/load.ts';
import { executorSchemas } from '../load/executors/registry.ts';

/** Flags that say where the configuration of a command is. */
export interface ConfigFlags {
  config?: string | undefined;
  scenarios?: string | null | undefined;
  allModels?: boolean | undefined;
}

/** The configuration of the folder that a command is run in, with its flags laid over it. @throws ConfigError (2) with every fault at once */
export function configHere(
  { config, scenarios, allModels }: ConfigFlags,
  overrides: readonly Override[],
  { packageRoot }: EntryContext,
): Promise<BenchConfig> {
  return loadConfig({
    cwd: process.cwd(),
    builtinRoot: fileURLToPath(packageRoot),
    configFile: config,
    scenariosFile: scenarios,
    overrides,
    allModels: allModels === true,
    env: process.env,
    executors: executorSchemas,
  });
}
