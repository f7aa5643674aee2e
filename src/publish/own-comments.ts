import type { Repository } from '../github/client.ts';
import { patiently, type Wait } from './patience.ts';

export interface FoundComment {
  id: number;
  body: string;
  url: string;
}

/**
 * Our comments of one marker on a pull request, oldest first, from all pages. Ours is what starts with the marker and was written by this token's
 * own account: the marker is no secret, and anybody's comment may quote it.
 */
export async function ownComments(repository: Repository, pullNumber: number, marker: string, wait: Wait): Promise<FoundComment[]> {
  const { octokit, owner, repo } = repository;
  const parameters = { owner, repo, issue_number: pullNumber, per_page: 100 };
  const comments = await patiently(() => octokit.paginate(octokit.rest.issues.listComments, parameters), { wait, repeatable: true });
  const marked = comments.filter((comment) => (comment.body ?? '').split(/\r?\n/, 1)[0]?.trim() === marker);
  if (marked.length === 0) return [];
  const login = await ownLogin(repository);
  return marked
    .filter(({ user }) => user != null && isOwn(user, login))
    .sort((a, b) => a.id - b.id)
    .map(({ id, body, html_url }) => ({ id, body: body ?? '', url: html_url }));
}

/**
 * The account behind the token, null where it will not say. An app's token (GITHUB_TOKEN is one) may not ask the REST route but may ask
 * GraphQL; a server without GraphQL may answer the route.
 */
export async function ownLogin({ octokit }: Repository): Promise<string | null> {
  try {
    const { viewer } = await octokit.graphql<{ viewer?: { login?: string } }>('query { viewer { login } }');
    if (viewer?.login) return viewer.login;
  } catch {
    // The next way is asked instead; a lasting failure shows when the comment is written.
  }
  try {
    return (await octokit.rest.users.getAuthenticated()).data.login;
  } catch {
    return null;
  }
}

/** GraphQL names a bot without the ending that REST gives it. Where the token does not say who it is, it is an app's: any bot may be us. */
export function isOwn(user: { login: string; type?: string }, login: string | null): boolean {
  const bot = user.type === 'Bot' || user.login.endsWith('[bot]');
  if (login === null) return bot;
  return user.login === login || (bot && withoutEnding(user.login) === withoutEnding(login));
}

const withoutEnding = (login: string): string => login.replace(/\[bot\]$/, '');
