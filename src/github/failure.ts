/** Why a call of the API failed, in a reader's words. */
export interface ApiFailure {
  /** HTTP status; null where no answer came. */
  status: number | null;
  /** One or two sentences: what was being done, what came back, what to change. */
  message: string;
  /** True where the next call would fail as well (no permission, no network), so that going on is pointless. */
  general: boolean;
}

/**
 * @param doing what was tried, to follow "could not": `list the artifacts of octo/repo`
 * @param permission what the job needs for it, such as `actions: read`
 */
export function explainFailure(error: unknown, doing: string, permission: string): ApiFailure {
  const status = statusOf(error);
  const said = shorten(messageOf(error));
  const could = `could not ${doing}`;
  if (status === null) return { status, general: true, message: `${could}: no answer from the API (${said})` };
  if (status === 401) return { status, general: true, message: `${could}: the token was refused (401 ${said}). Pass a valid github-token.` };
  if (isRateLimited(error, status)) {
    return { status, general: true, message: `${could}: the API's rate limit is used up (${status} ${said}). Try again later.` };
  }
  if (status === 403 || status === 404) {
    const hidden = status === 404 ? ', or it does not exist: without permission the API answers 404 as well' : '';
    const advice = `Add \`${permission}\` to the job's permissions.`;
    return {
      status,
      general: status === 403,
      message: `${could}: the token lacks the permission \`${permission}\` (${status} ${said})${hidden}. ${advice}`,
    };
  }
  if (status === 410) return { status, general: false, message: `${could}: it has expired (410 ${said})` };
  if (status >= 500) return { status, general: false, message: `${could}: the API failed (${status} ${said})` };
  return { status, general: false, message: `${could}: the API answered ${status} ${said}` };
}

/** Octokit gives every error the status 500, those of the network too; only those with a response were answered. */
export function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error) || typeof error.status !== 'number') return null;
  return 'response' in error && error.response ? error.status : null;
}

/** True for what a second try may mend: no answer, a server's failure. */
export function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  return status === null || status >= 500;
}

function isRateLimited(error: unknown, status: number): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  const headers = (error as { response?: { headers?: Record<string, unknown> } }).response?.headers ?? {};
  return headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined || /rate limit/i.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The first line without the documentation link that the API appends. */
function shorten(text: string): string {
  const line = (text.split('\n')[0] ?? '').replace(/ - https?:\/\/\S+$/, '').trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
