import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { BenchConfig } from '../../src/config/bench-config.ts';
import { positiveDurationSchema } from '../../src/config/duration.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { type LoadConfigOptions, loadConfig } from '../../src/config/load.ts';

export const builtinRoot = fileURLToPath(new URL('../../', import.meta.url));

/** The executors of these tests: the shape of `closed`, and one with other options. */
export const executors = {
  closed: z.strictObject({
    requests: z.int().min(1).optional(),
    duration: positiveDurationSchema.optional(),
    concurrency: z.int().min(1),
    think_time: positiveDurationSchema.optional(),
  }),
  constant: z.strictObject({ rate: z.number().positive(), duration: positiveDurationSchema }),
};

export interface Project {
  dir: string;
  load(options?: Partial<LoadConfigOptions>): Promise<BenchConfig>;
  /** The messages of the ConfigError that loading must end in. */
  faults(options?: Partial<LoadConfigOptions>): Promise<string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A folder with the given files, gone again at the end of the test. */
export async function project(files: Record<string, string> = {}): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-bench-config-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  const load = (options: Partial<LoadConfigOptions> = {}) => loadConfig({ cwd: dir, builtinRoot, overrides: [], env: {}, executors, ...options });
  return {
    dir,
    load,
    async faults(options) {
      try {
        await load(options);
      } catch (error) {
        if (error instanceof ConfigError) return error.message.split('\n');
        throw error;
      }
      throw new Error('expected a ConfigError, but the configuration was accepted');
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

export function flag(name: string, key: string, value: unknown) {
  return { key, value, origin: `flag --${name}` };
}
