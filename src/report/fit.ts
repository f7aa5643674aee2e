/** A page that may have to lose some of itself to fit, in the order in which it may. */
export interface Page {
  /** What is always kept: marker, headline, context. Bounded by its writers. */
  head: string;
  /** Rows that changed, worst first: the last to go. */
  rows: readonly string[][];
  /** Rows within their limits: the first to go. */
  folded: readonly string[][];
  /** A fold that is kept whole or not at all; null for none. */
  trend: string | null;
  /** Lines of how it was measured. */
  how: readonly string[];
  /** Puts the page together from what is left of it. */
  assemble(kept: Kept): string;
}

export interface Kept {
  rows: readonly string[][];
  rowsLeftOut: number;
  folded: readonly string[][];
  foldedLeftOut: number;
  trend: string | null;
  how: readonly string[];
  howLeftOut: number;
}

/**
 * The page within `limit` UTF-16 units: whole rows of the fold go first, then the trend, then how it was measured, then rows of the table.
 * Whatever is left out is counted in the page itself. As a last resort (a head that alone is too long) the text is cut at a line's end.
 */
export function fitPage(page: Page, limit: number): string {
  const at = (rows: number, folded: number, trend: boolean, how: number): string =>
    page.assemble({
      rows: page.rows.slice(0, rows),
      rowsLeftOut: page.rows.length - rows,
      folded: page.folded.slice(0, folded),
      foldedLeftOut: page.folded.length - folded,
      trend: trend ? page.trend : null,
      how: page.how.slice(0, how),
      howLeftOut: page.how.length - how,
    });
  const [rows, folded, how] = [page.rows.length, page.folded.length, page.how.length];
  const whole = at(rows, folded, true, how);
  if (whole.length <= limit) return whole;
  const steps: { most: number; render: (count: number) => string }[] = [
    { most: folded, render: (count) => at(rows, count, true, how) },
    { most: 0, render: () => at(rows, 0, false, how) },
    { most: how, render: (count) => at(rows, 0, false, count) },
    { most: rows, render: (count) => at(count, 0, false, 0) },
  ];
  for (const { most, render } of steps) {
    const count = largest(most, (candidate) => render(candidate).length <= limit);
    if (count !== null) return render(count);
  }
  return cutMarkdown(at(0, 0, false, 0), limit, (text) => text.length);
}

/** The largest count up to `most` that fits, or null when not even none does. Longer never fits where shorter does not. */
function largest(most: number, fits: (count: number) => boolean): number | null {
  if (!fits(0)) return null;
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

const cutNote = '\n\n_Cut here to fit; the whole report is in the files of this run._\n';

/**
 * Markdown cut at the end of a line so that it measures at most `limit`, with fences and folds closed and a note that says so.
 * @param measure how long a text is: UTF-16 units for a comment, bytes for a job summary
 */
export function cutMarkdown(text: string, limit: number, measure: (text: string) => number): string {
  if (measure(text) <= limit) return text;
  const lines = text.split('\n');
  const upTo = (count: number): string => {
    const kept = lines.slice(0, count).join('\n');
    return kept + closersOf(kept) + cutNote;
  };
  const count = largest(lines.length, (candidate) => measure(upTo(candidate)) <= limit);
  return count === null ? '' : upTo(count);
}

/** What closes the fence and the folds that a beginning of a page leaves open. */
function closersOf(text: string): string {
  const fenced = (text.match(/^```/gm) ?? []).length % 2 === 1;
  const open = (text.match(/<details>/g) ?? []).length - (text.match(/<\/details>/g) ?? []).length;
  return (fenced ? '\n```' : '') + '\n\n</details>'.repeat(Math.max(0, open));
}
