import { execFile } from 'node:child_process';

/** Runs git in a folder; resolves with its output, trimmed. @throws GitFailure when git fails, takes too long or is not there */
export type Git = (...args: string[]) => Promise<string>;

export interface GitOptions {
  /** Variables beside the process's own. */
  env?: Record<string, string>;
  /** Written to its standard input. */
  input?: string;
  /** Killed after that long: a remote that does not answer must not hold up a job. Default one minute. */
  timeoutMs?: number;
  /** Of its output. Default 64 MiB. */
  maxBytes?: number;
}

/** git's own words on why it failed, without credentials. */
export class GitFailure extends Error {
  override name = 'GitFailure';
  /** Null where it was killed or did not start. */
  readonly exitCode: number | null;

  constructor(message: string, exitCode: number | null, cause: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

const defaultTimeoutMs = 60_000;
const defaultMaxBytes = 64 * 1024 * 1024;

/** What a hook of another repository leaves in the environment; the folder alone says which repository is meant. */
const foreign = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_OBJECT_DIRECTORY', 'GIT_COMMON_DIR', 'GIT_PREFIX'];

/** Git in a folder: answers what it prints. @throws GitFailure where it ends otherwise than with 0, takes too long or prints too much */
export function gitIn(cwd: string, options: GitOptions = {}): Git {
  const { timeoutMs = defaultTimeoutMs, maxBytes = defaultMaxBytes } = options;
  const inherited = Object.entries(process.env).filter(([name]) => !foreign.includes(name));
  // Never a question to nobody, and messages in the one language that they are matched in.
  const env = { ...Object.fromEntries(inherited), GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', ...options.env };
  return (...args) =>
    new Promise((resolve, reject) => {
      const child = execFile('git', ['-C', cwd, ...args], { maxBuffer: maxBytes, env, timeout: timeoutMs }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trim());
        else reject(failureOf(error, stderr, timeoutMs));
      });
      // A git that ends before it has read everything closes the pipe; its exit says why.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(options.input ?? '');
    });
}

function failureOf(error: Error & { code?: unknown; killed?: boolean }, stderr: string, timeoutMs: number): GitFailure {
  const exitCode = typeof error.code === 'number' ? error.code : null;
  if (error.code === 'ENOENT') return new GitFailure('git is not there', null, error);
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return new GitFailure('git answered more than is read', null, error);
  if (error.killed) return new GitFailure(`git did not answer within ${timeoutMs / 1000} s`, null, error);
  const said = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('hint:'))
    .join('; ');
  return new GitFailure(withoutCredentials(said === '' ? `git exited with ${exitCode ?? 'a signal'}` : said).slice(0, 500), exitCode, null);
}

/** `https://user:token@host` -> `https://host`. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/(\w+:\/\/)[^@/\s'"]*@/g, '$1');
}

/** As `git`, but null where it fails. */
export async function attempt(git: Git, ...args: string[]): Promise<string | null> {
  try {
    return await git(...args);
  } catch {
    return null;
  }
}

/** The option that fetches one commit alone into a clone that is shallow already; in a full one it would cut off its history. */
export async function shallowly(git: Git): Promise<string[]> {
  return (await attempt(git, 'rev-parse', '--is-shallow-repository')) === 'true' ? ['--depth=1'] : [];
}
