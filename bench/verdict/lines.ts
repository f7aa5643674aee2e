/** One line of the table. */
export interface Line {
  case: string;
  wanted: string;
  found: string;
  /** Null where nothing is asked for. */
  met: boolean | null;
}

/** A share of trials in percent, with its Monte Carlo standard error. */
export function share(hits: number, trials: number): string {
  const rate = hits / trials;
  return `${(100 * rate).toFixed(rate < 0.1 ? 2 : 1)}% ± ${(100 * Math.sqrt(Math.max(rate * (1 - rate), 1 / trials / 4) / trials)).toFixed(2)}`;
}

export function print(title: string, lines: readonly Line[]): void {
  const mark = ({ met }: Line) => (met === null ? '' : met ? 'yes' : '**NO**');
  const rows = [
    ['case', 'wanted', 'found', 'met'],
    ['---', '---', '---', '---'],
    ...lines.map((line) => [line.case, line.wanted, line.found, mark(line)]),
  ];
  process.stdout.write(`\n### ${title}\n\n${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`);
}
