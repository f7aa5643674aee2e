/**
 * The hidden first line that a comment is found again by. The key (job and matrix leg) is percent-encoded, so that no name can end the HTML comment
 * and different keys never give one marker.
 */
export function commentMarker(key: string): string {
  return `<!-- llm-bench:${encodeURIComponent(key.toWellFormed()).replaceAll('--', '-%2D')} -->`;
}
