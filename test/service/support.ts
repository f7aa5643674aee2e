import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TargetConfig, targetSchema } from '../../src/config/target/target.ts';
import type { RunningService } from '../../src/service/service.ts';
import { type StartOptions, startService } from '../../src/service/start.ts';

export const node = JSON.stringify(process.execPath);
export const serverScript = path.resolve(import.meta.dirname, '../fixtures/service/server.mjs');
/** The command that starts the fixture server. */
export const serve = `${node} ${JSON.stringify(serverScript)}`;

/** A target as the configuration would resolve it. */
export function target(config: Record<string, unknown>): TargetConfig {
  return { ...targetSchema.parse(config), name: 'svc' };
}

const clean = new WeakMap<TestContext, (() => unknown)[]>();

/** Does this at the end of the test, whatever happens: the last thing said first, so that a service is stopped before its directory goes. */
export function finallyDo(t: TestContext, action: () => unknown): void {
  const actions = clean.get(t) ?? [];
  if (actions.length === 0) {
    clean.set(t, actions);
    t.after(async () => {
      for (const next of actions.reverse()) await next();
    });
  }
  actions.push(action);
}

/** A directory that is gone after the test. */
export function scratch(t: TestContext): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'llm-bench-test-'));
  finallyDo(t, () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** Options of a start in a scratch directory, with a bare environment. */
export function place(t: TestContext, more: Partial<StartOptions> = {}): StartOptions & { root: string } {
  const root = scratch(t);
  mkdirSync(path.join(root, 'logs'));
  return { root, logDirectory: path.join(root, 'logs'), ...more, env: { PATH: process.env['PATH'], HOME: root, ...more.env } };
}

/** Starts a service that is stopped at the end of the test whatever happens. */
export async function started(t: TestContext, config: Record<string, unknown>, options: StartOptions): Promise<RunningService> {
  const service = await startService(target(config), options);
  finallyDo(t, () => service.stop());
  return service;
}

/** Waits for a condition; the deadline is generous because the machine may be busy. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + 30_000; performance.now() < end; await sleep(20)) if (await condition()) return;
  throw new Error(`waited 30 s in vain: ${what}`);
}

/** Whether the process runs (a zombie does not). */
export function runs(pid: number): boolean {
  try {
    if (process.platform !== 'linux') return process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** The process id that a child wrote to a file. */
export async function pidFrom(file: string): Promise<number> {
  let pid = 0;
  await until(() => {
    try {
      pid = Number(readFileSync(file, 'utf8').trim());
    } catch {
      pid = 0;
    }
    return pid > 0;
  }, `a process id in ${file}`);
  return pid;
}
