/** More tokens than this no request has: a count beyond it is a server's mistake. */
export const mostTokens = 1e9;

/** A count of tokens as a server told it; null where it is none, or none that can be. */
export function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= mostTokens ? value : null;
}
