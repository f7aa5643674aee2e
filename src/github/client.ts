import type { getOctokit } from '@actions/github';

export type Octokit = ReturnType<typeof getOctokit>;

/** One repository, reached with one token. */
export interface Repository {
  octokit: Octokit;
  owner: string;
  repo: string;
}

/**
 * Connects to a repository's API. The packages load here, not at import: together they cost several hundred milliseconds.
 * @param apiUrl the REST root, such as `https://api.github.com` (GITHUB_API_URL)
 */
export async function connect(options: { token: string; apiUrl: string; owner: string; repo: string }): Promise<Repository> {
  const { getOctokit } = await import('@actions/github');
  return { octokit: getOctokit(options.token, { baseUrl: options.apiUrl }), owner: options.owner, repo: options.repo };
}
