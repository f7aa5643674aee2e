import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import type { Override } from '../../src/config/overrides.ts';
import type { MeasureOptions } from '../../src/jobs/measure/measure.ts';
import { executorSchemas } from '../../src/load/executors/registry.ts';

const packageRoot = new URL('../../', import.meta.url);
const entry = { packageRoot, entryUrl: new URL('src/entry.ts', packageRoot), cliPath: new URL('src/cli/index.ts', packageRoot) };

/** Folders for tests that measure in this process; gone with `close`. */
export class Projects {
  private readonly root: Promise<string> = mkdtemp(join(tmpdir(), 'llm-bench-project-'));

  /** What a job is called with in a new folder that holds these files. */
  async open(files: Record<string, string>, overrides: Override[], changes: Partial<MeasureOptions> = {}): Promise<MeasureOptions> {
    const cwd = await mkdtemp(join(await this.root, 'project-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
    const env = changes.env ?? {};
    const config = await loadConfig({ cwd, builtinRoot: packageRoot.pathname, configFile: null, overrides, env, executors: executorSchemas });
    return {
      config,
      entry,
      env,
      signal: new AbortController().signal,
      progress: { line: () => {}, scenarioStarted: () => {}, snapshot: () => {}, scenarioEnded: () => {} },
      logDirectory: join(cwd, 'logs'),
      runs: 1,
      transport: 'auto',
      freshConnections: false,
      ...changes,
    };
  }

  async close(): Promise<void> {
    await rm(await this.root, { recursive: true, force: true });
  }
}

export const set = (key: string, value: unknown): Override => ({ key, value, origin: 'test' });
