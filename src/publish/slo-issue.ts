import { setTimeout as sleep } from 'node:timers/promises';
import type { Repository } from '../github/client.ts';
import { explainFailure } from '../github/failure.ts';
import { cutMarkdown } from '../report/fit.ts';
import { commentMarker } from '../report/marker.ts';
import { isOwn, ownLogin } from './own-comments.ts';
import { patiently, type Wait } from './patience.ts';

export interface SloIssueOptions {
  repository: Repository;
  /** Tells the issues of different jobs and matrix legs apart. */
  key: string;
  title: string;
  /** Markdown, escaped. */
  body: string;
  /** What is said to those who follow an issue that is open already: at most once within the cool-down. */
  again: string;
  coolDownMs: number;
  nowMs: number;
  wait?: Wait;
}

/** Issues of ours are found among those of this label. */
const label = 'llm-bench';
const longestBody = 65_536;
const toldForm = /<!-- told (\S+) -->/;

/**
 * Opens the one issue of this key, or brings the open one up to date; who follows it hears of it again only after the cool-down. A failure is never an
 * error: the reason comes back as `warning`.
 */
export async function publishSloIssue(options: SloIssueOptions): Promise<{ url: string | null; warning: string | null }> {
  const { octokit, owner, repo } = options.repository;
  const wait: Wait = options.wait ?? ((milliseconds) => sleep(milliseconds));
  try {
    const open = await ownIssue(options, wait);
    if (open === null) {
      const made = await patiently(
        () => octokit.rest.issues.create({ owner, repo, title: options.title, body: bodyOf(options, options.nowMs), labels: [label] }),
        { wait, repeatable: false },
      );
      return { url: made.data.html_url, warning: null };
    }
    const toldMs = Date.parse(toldForm.exec(open.body)?.[1] ?? '');
    const quiet = options.nowMs - toldMs < options.coolDownMs;
    const parameters = { owner, repo, issue_number: open.number };
    await patiently(() => octokit.rest.issues.update({ ...parameters, body: bodyOf(options, quiet ? toldMs : options.nowMs) }), {
      wait,
      repeatable: true,
    });
    if (!quiet) await patiently(() => octokit.rest.issues.createComment({ ...parameters, body: options.again }), { wait, repeatable: false });
    return { url: open.url, warning: null };
  } catch (error) {
    return { url: null, warning: explainFailure(error, `open an issue in ${owner}/${repo}`, 'issues: write').message };
  }
}

/** The open issue that carries our marker and is of this token's own account: anybody's may quote the marker. */
async function ownIssue({ repository, key }: SloIssueOptions, wait: Wait): Promise<{ number: number; url: string; body: string } | null> {
  const { octokit, owner, repo } = repository;
  const parameters = { owner, repo, state: 'open' as const, labels: label, per_page: 100 };
  const issues = await patiently(() => octokit.paginate(octokit.rest.issues.listForRepo, parameters), { wait, repeatable: true });
  const marked = issues.filter(({ body, pull_request }) => pull_request === undefined && (body ?? '').split(/\r?\n/, 1)[0]?.trim() === markerOf(key));
  if (marked.length === 0) return null;
  const login = await ownLogin(repository);
  const [oldest] = marked.filter(({ user }) => user != null && isOwn(user, login)).sort((a, b) => a.number - b.number);
  return oldest === undefined ? null : { number: oldest.number, url: oldest.html_url, body: oldest.body ?? '' };
}

const markerOf = (key: string): string => commentMarker(`slo ${key}`);

function bodyOf({ key, body }: SloIssueOptions, toldMs: number): string {
  return cutMarkdown(`${markerOf(key)}\n<!-- told ${new Date(toldMs).toISOString()} -->\n${body}`, longestBody, (text) => text.length);
}
