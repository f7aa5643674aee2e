import { reportBody } from './body.ts';
import type { ReportInput } from './input.ts';
import { commentMarker } from './marker.ts';

export interface CommentInput extends ReportInput {
  /** Tells comments of different jobs and matrix legs apart. */
  key: string;
}

/** GitHub refuses comments of more than 65,536 characters; some are kept back for what a publisher may add. */
export const longestComment = 65_000;

/** The pull-request comment: a hidden marker, the verdict in one sentence, what changed, and everything else folded. */
export function renderComment(input: CommentInput): string {
  const names = input.names ?? { current: 'this PR', baseline: 'main' };
  return reportBody({ ...input, names }, `${commentMarker(input.key)}\n`, longestComment);
}
