import { type Listening, listen, sendJson } from './http.ts';

/** An entry of a pull request's timeline as the platform has it. */
export interface TimelineEntry {
  event: 'labeled' | 'unlabeled' | 'head_ref_force_pushed' | 'committed' | 'commented';
  label?: { name: string };
  actor?: { login: string } | null;
  created_at?: string;
}

export interface FakePull {
  number: number;
  headSha: string;
  headRef: string;
  /** Null: the source repository was deleted. */
  headRepositoryId: number | null;
  labels: string[];
  timeline: TimelineEntry[];
  mergeCommitSha: string | null;
}

export interface ReviewApi extends Listening {
  pulls: Map<number, FakePull>;
  /** Login to permission; others are not known. */
  permissions: Map<string, string>;
  requests: string[];
  /** Answered to everything while set. */
  failWith: number | null;
}

/**
 * Our own small stand-in for the routes on pull requests, their timelines and people's permissions, which the emulator either lacks or does not answer
 * for pull requests: GET pulls/:n, issues/:n/timeline (pages), collaborators/:login/permission, commits/:sha/pulls.
 */
export async function startReviewApi(): Promise<ReviewApi> {
  const pulls = new Map<number, FakePull>();
  const permissions = new Map<string, string>();
  const requests: string[] = [];
  const listening = await listen(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    requests.push(`${request.method} ${decodeURIComponent(url.pathname)}`);
    if (api.failWith !== null) return sendJson(response, api.failWith, { message: 'Resource not accessible by integration' });
    const [, kind, id, part] =
      decodeURIComponent(url.pathname).match(/^\/repos\/octo\/service\/(pulls|issues|collaborators|commits)\/([^/]+)(?:\/(\w+))?$/) ?? [];
    if (kind === 'collaborators' && part === 'permission') {
      const permission = permissions.get(id as string);
      return permission === undefined
        ? sendJson(response, 404, { message: 'Not Found' })
        : sendJson(response, 200, { permission, user: { login: id } });
    }
    if (kind === 'commits' && part === 'pulls')
      return sendJson(response, 200, [...pulls.values()].filter(({ mergeCommitSha }) => mergeCommitSha === id).map(body));
    const pull = pulls.get(Number(id));
    if (pull && kind === 'pulls' && part === undefined) return sendJson(response, 200, body(pull));
    if (pull && kind === 'issues' && part === 'timeline') {
      const size = Number(url.searchParams.get('per_page') ?? 30);
      const page = Number(url.searchParams.get('page') ?? 1);
      return sendJson(response, 200, pull.timeline.slice((page - 1) * size, page * size));
    }
    sendJson(response, 404, { message: 'Not Found' });
  });
  const api: ReviewApi = { ...listening, pulls, permissions, requests, failWith: null };
  return api;
}

function body(pull: FakePull): Record<string, unknown> {
  return {
    number: pull.number,
    labels: pull.labels.map((name) => ({ name })),
    head: { sha: pull.headSha, ref: pull.headRef, repo: pull.headRepositoryId === null ? null : { id: pull.headRepositoryId } },
    merged_at: pull.mergeCommitSha === null ? null : '2026-02-01T00:00:00Z',
    merge_commit_sha: pull.mergeCommitSha,
  };
}
