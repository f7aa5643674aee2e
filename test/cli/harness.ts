import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ResultDocument } from '../../src/result/document.ts';

const cli = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));
/** Far longer than anything here takes on a slow machine: it only keeps a hung run from hanging the tests. */
const patienceMs = 120_000;
const mostAttempts = 6;

export interface Started {
  child: ChildProcessWithoutNullStreams;
  done: Promise<Finished>;
  /** What it has written so far. */
  stderr(): string;
}

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A directory of its own for one test, and the command line run in it. Gone when the test ends, with every process that still runs. */
export class Workspace implements AsyncDisposable {
  readonly path: string;
  /** Where the program keeps its locks and logs: another one for every test, so that tests do not see each other. */
  readonly temporary: string;
  private readonly children = new Set<ChildProcessWithoutNullStreams>();

  private constructor(root: string) {
    this.path = join(root, 'work');
    this.temporary = join(root, 'tmp');
  }

  static async open(): Promise<Workspace> {
    const workspace = new Workspace(await mkdtemp(join(tmpdir(), 'llm-bench-cli-')));
    await mkdir(workspace.path);
    await mkdir(workspace.temporary);
    return workspace;
  }

  file(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** Starts `llm-bench ARGS` and returns at once. */
  start(args: string[], env: Record<string, string> = {}): Started {
    return this.spawn([process.execPath, cli, ...withoutSelftest(args)], env);
  }

  /** As `start`, in another folder. */
  startIn(folder: string, args: string[]): Started {
    return this.spawn([process.execPath, cli, ...withoutSelftest(args)], {}, folder);
  }

  /** Runs `llm-bench ARGS` with a terminal for its output; stdout and stderr come together. */
  onTerminal(args: string[], env: Record<string, string> = {}): Promise<Finished> {
    const line = [process.execPath, cli, ...withoutSelftest(args)].map((part) => `'${part}'`).join(' ');
    return this.spawn(['/usr/bin/script', '-qec', line, '/dev/null'], env).done;
  }

  private spawn([program = '', ...args]: string[], env: Record<string, string>, cwd = this.path): Started {
    const child = spawn(program, args, {
      cwd,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.path,
        TMPDIR: this.temporary,
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
        ...env,
      },
    });
    this.children.add(child);
    child.stdin.end();
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
      this.children.delete(child);
      return { code, signal, stdout, stderr };
    });
    return { child, done, stderr: () => stderr };
  }

  /**
   * Runs `llm-bench ARGS` to its end. A machine so busy that it held the client up makes the measurement not valid (exit 3), and rightly so: then it is
   * measured again, a few times.
   * @param again called before each further time, for a test that counts
   */
  async run(args: string[], env: Record<string, string> = {}, again: () => void = () => {}): Promise<Finished> {
    for (let attempt = 1; ; attempt++) {
      const finished = await this.start(args, env).done;
      if (finished.code !== 3 || attempt === mostAttempts) return finished;
      again();
    }
  }

  async result(name = 'bench_results.json'): Promise<ResultDocument> {
    return JSON.parse(await readFile(this.file(name), 'utf8')) as ResultDocument;
  }

  /** Every file that the program wrote, in its directory or among its temporary files: path to content. */
  async written(): Promise<Map<string, string>> {
    const files = new Map<string, string>();
    for (const folder of [this.path, this.temporary]) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile()) files.set(path, await readFile(path, 'utf8'));
      }
    }
    return files;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.children) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    await rm(resolve(this.path, '..'), { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Certifying the client takes seconds that most tests are not about; `run` and `check` alone, as a newcomer types them, do it. */
function withoutSelftest(args: string[]): string[] {
  const [name = '', ...others] = args;
  return (name === 'run' || name === 'check') && others.length > 0 && !others.includes('--help') ? [name, '--no-selftest', ...others] : args;
}

/** What a test says when an exit code is not the expected one. */
export function told({ code, signal, stdout, stderr }: Finished): string {
  return `exit ${code ?? signal}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`;
}

export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface ChatServer extends AsyncDisposable {
  url: string;
  /** Every request but those for /health, the one that is sent ahead to learn what the server can included. */
  seen: Seen[];
  /** Forgets them, and counts from 1 again. */
  forget(): void;
}

export interface ChatServerOptions {
  tokens?: number;
  tokenMs?: number;
  /** Answers instead; false: answer as usual. `number` counts requests from 1. */
  answer?: (request: Seen, response: ServerResponse, number: number) => boolean;
}

/** An OpenAI-style server at any path, as simple as can be: so many tokens, so many ms apart. */
export async function chatServer(options: ChatServerOptions = {}): Promise<ChatServer> {
  const { tokens = 4, tokenMs = 5 } = options;
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      if (one.path.endsWith('/health')) {
        response.end('ok');
        return;
      }
      seen.push(one);
      if (options.answer?.(one, response, seen.length)) return;
      void answer(one, response, tokens, tokenMs);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    forget: () => void seen.splice(0),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer({ path, body }: Seen, response: ServerResponse, tokens: number, tokenMs: number): Promise<void> {
  const request = (body.startsWith('{') ? JSON.parse(body) : {}) as { stream?: boolean; model?: string };
  const chat = path.endsWith('/chat/completions');
  const usage = { prompt_tokens: 7, completion_tokens: tokens, total_tokens: 7 + tokens };
  const pause = () => new Promise((wake) => setTimeout(wake, tokenMs));
  const text = Array.from({ length: tokens }, (_, i) => `word${i} `);
  if (!request.stream) {
    for (const _ of text) await pause();
    const choice = chat ? { message: { role: 'assistant', content: text.join('') } } : { text: text.join('') };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ model: request.model, choices: [{ index: 0, ...choice, finish_reason: 'stop' }], usage }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const content of text) {
    await pause();
    response.write(
      `data: ${JSON.stringify({ model: request.model, choices: [{ index: 0, ...(chat ? { delta: { content } } : { text: content }) }] })}\n\n`,
    );
  }
  response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`);
  response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
}

/** Waits for a condition, generously. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain for: ${what}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
