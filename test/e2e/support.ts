import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ResultDocument } from '../../src/result/document.ts';
import { built } from './staged.ts';

/** Far longer than anything here takes on a slow machine: it only keeps what hangs from hanging the tests. */
const patienceMs = 180_000;

/** A folder of its own for one test, gone when the test ends. */
export async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-bench-e2e-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  done: Promise<Finished>;
  /** What it has printed up to now, both streams. */
  output(): string;
  /** Waits until it has printed this. @throws when it ends before */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
}

/**
 * Starts a program with exactly this environment but for PATH, which leads with this Node: actions and the command line run on what runs the tests.
 * It does not outlive the test.
 */
export function start(t: TestContext, program: string, args: string[], options: { cwd: string; env?: Record<string, string> }): Started {
  const path = `${dirname(process.execPath)}:${process.env['PATH']}`;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { PATH: path, HOME: options.cwd, TMPDIR: tmpdir(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  const done = once(child, 'close').then(([code, signal]) => {
    clearTimeout(timer);
    return { code, signal, stdout, stderr };
  });
  t.after(() => {
    child.kill('SIGKILL');
  });
  const output = () => stdout + stderr;
  return {
    child,
    done,
    output,
    async printed(pattern) {
      const ended = () => child.exitCode !== null || child.signalCode !== null;
      await until(`${pattern} in what ${program} prints`, () => pattern.test(output()) || ended(), output);
      const match = output().match(pattern);
      if (!match) throw new Error(`${program} ended before it printed ${pattern}\n${output()}`);
      return match;
    },
  };
}

/** `llm-bench ARGS` as built. */
export function cli(t: TestContext, args: string[], options: { cwd: string; env?: Record<string, string> }): Promise<Finished> {
  return start(t, process.execPath, [built('cli'), ...args], options).done;
}

export async function readResult(...path: string[]): Promise<ResultDocument> {
  return JSON.parse(await readFile(join(...path), 'utf8')) as ResultDocument;
}

/** What an assertion on an exit code says when it fails. */
export function told({ code, signal, stdout, stderr }: Finished): string {
  return `exit ${code ?? signal}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`;
}

/** Waits for a condition, generously. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, explain: () => string = () => ''): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain for: ${what}\n${explain()}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

/** A command's environment carries this, so that it and its children are found whatever they do. */
export const markOf = (mark: string): string => `LLM_BENCH_E2E=${mark}`;

/** Ids of the processes that run with a mark in their environment. */
export function marked(mark: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && environmentOf(pid).includes(markOf(mark)));
}

/** Empty for a process that is gone, a zombie, or another user's. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
