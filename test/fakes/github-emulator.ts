import { createEmulator } from 'emulate';

export interface PullRequest {
  number: number;
  headSha: string;
  baseSha: string;
}

export interface GitHubEmulator extends AsyncDisposable {
  /** REST root, `http://127.0.0.1:PORT`; other fakes may stand in front of it. */
  url: string;
  owner: string;
  repo: string;
  /** `owner` may do everything, `bot` is `github-actions[bot]`, `person` somebody who may comment where the repository is public. */
  tokens: { owner: string; bot: string; person: string };
  /** One call of the API as JSON; the answer of a status other than 2xx throws. */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown, token?: string): Promise<T>;
  /** Commits a file to a branch, made from main where it is new. Returns the commit. */
  commit(branch: string, path: string, content: string): Promise<string>;
  /** Opens a pull request from a branch with a commit of its own into main. */
  openPull(branch: string): Promise<PullRequest>;
  close(): Promise<void>;
}

export interface EmulatorOptions {
  owner?: string;
  repo?: string;
  /** Private: only the owner's token may write, the others are answered with 403 as a read-only token is. */
  private?: boolean;
  port?: number;
}

/**
 * The GitHub API emulator (npm `emulate`) with one repository, on a free port. It checks no token and knows neither the limit of 65,536 characters nor
 * artifacts and workflow runs: those come from actions-api.ts, which forwards everything else to this.
 */
export async function startGitHubEmulator(options: EmulatorOptions = {}): Promise<GitHubEmulator> {
  const { owner = 'octo', repo = 'service' } = options;
  const tokens = { owner: 'owner-token', bot: 'bot-token', person: 'person-token' };
  const bot = 'github-actions[bot]';
  const scopes = ['repo'];
  const emulator = await createEmulator({
    service: 'github',
    port: options.port ?? 0,
    seed: {
      tokens: { [tokens.owner]: { login: owner, scopes }, [tokens.bot]: { login: bot, scopes }, [tokens.person]: { login: 'reviewer', scopes } },
      github: {
        users: [{ login: owner }, { login: bot }, { login: 'reviewer' }],
        repos: [{ owner, name: repo, private: options.private ?? false, auto_init: true, default_branch: 'main' }],
      },
    },
  });
  const url = `http://127.0.0.1:${new URL(emulator.url).port}`;
  const root = `/repos/${owner}/${repo}`;

  async function call<T>(method: string, path: string, body?: unknown, token = tokens.owner): Promise<T> {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  }

  const shaOf = async (branch: string): Promise<string> => {
    const { object } = await call<{ object: { sha: string } }>('GET', `${root}/git/ref/heads/${branch}`);
    return object.sha;
  };

  async function commit(branch: string, path: string, content: string): Promise<string> {
    const branches = await call<{ name: string }[]>('GET', `${root}/branches?per_page=100`);
    if (!branches.some(({ name }) => name === branch)) {
      await call('POST', `${root}/git/refs`, { ref: `refs/heads/${branch}`, sha: await shaOf('main') });
    }
    const body = { message: `Change ${path}`, content: Buffer.from(content).toString('base64'), branch };
    const answer = await call<{ commit: { sha: string } }>('PUT', `${root}/contents/${path}`, body);
    return answer.commit.sha;
  }

  async function openPull(branch: string): Promise<PullRequest> {
    await commit(branch, `${branch}.txt`, branch);
    type Pull = { number: number; head: { sha: string }; base: { sha: string } };
    const pull = await call<Pull>('POST', `${root}/pulls`, { title: `Change ${branch}`, head: branch, base: 'main' });
    return { number: pull.number, headSha: pull.head.sha, baseSha: pull.base.sha };
  }

  const close = () => emulator.close();
  return { url, owner, repo, tokens, call, commit, openPull, close, [Symbol.asyncDispose]: close };
}
