import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A real git repository; nobody's own configuration reaches it. */
export class TestRepository {
  readonly path: string;
  #commits = 0;

  constructor(path: string) {
    this.path = path;
  }

  async git(...args: string[]): Promise<string> {
    const env = { PATH: process.env.PATH, HOME: dirname(this.path), GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
    return (await run('git', ['-C', this.path, ...args], { env, maxBuffer: 64 * 1024 * 1024 })).stdout.trim();
  }

  /** Commits a file on the current branch; returns the commit. */
  async commit(name = 'file.txt', content = `content ${++this.#commits}`): Promise<string> {
    await mkdir(dirname(join(this.path, name)), { recursive: true });
    await writeFile(join(this.path, name), content);
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--allow-empty', '-m', `change ${name}`);
    return this.head();
  }

  head(): Promise<string> {
    return this.git('rev-parse', 'HEAD');
  }
}

/** Repositories of one test, in a folder of their own. */
export class Repositories implements AsyncDisposable {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async open(): Promise<Repositories> {
    return new Repositories(await realpath(await mkdtemp(join(tmpdir(), 'llm-bench-git-'))));
  }

  /** A repository with a branch `main` and no commit yet. */
  async create(name: string): Promise<TestRepository> {
    const path = join(this.root, name);
    await mkdir(path);
    const repository = new TestRepository(path);
    await repository.git('init', '--quiet', '--initial-branch=main');
    return this.#configure(repository);
  }

  /** A bare one, as a server keeps it, with everything of another. */
  async bare(name: string, of: TestRepository): Promise<TestRepository> {
    const path = join(this.root, name);
    await of.git('clone', '--quiet', '--bare', of.path, path);
    return new TestRepository(path);
  }

  /** A clone by file://, so that depth counts. */
  async clone(name: string, of: TestRepository, ...options: string[]): Promise<TestRepository> {
    const path = join(this.root, name);
    await of.git('clone', '--quiet', ...options, `file://${of.path}`, path);
    return this.#configure(new TestRepository(path));
  }

  /** As actions/checkout does: one commit of a ref, no branch, nothing else. */
  async checkout(name: string, of: TestRepository, ref: string, depth = 1): Promise<TestRepository> {
    const repository = await this.create(name);
    await repository.git('remote', 'add', 'origin', `file://${of.path}`);
    await repository.git('fetch', '--quiet', '--no-tags', `--depth=${depth}`, 'origin', `+${ref}:refs/remotes/pull/merge`);
    await repository.git('checkout', '--quiet', '--detach', 'refs/remotes/pull/merge');
    return repository;
  }

  async #configure(repository: TestRepository): Promise<TestRepository> {
    await repository.git('config', 'user.name', 'Tester');
    await repository.git('config', 'user.email', 'tester@example.invalid');
    return repository;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}
