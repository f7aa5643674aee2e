import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Colours text for a terminal, or leaves it as it is; the caller has looked at NO_COLOR and at what the stream is. */
export function painter(color: boolean): (style: Style, text: string) => string {
  return (style, text) => (color ? styleText(style, text, { validateStream: false }) : text);
}

export type Paint = ReturnType<typeof painter>;

/**
 * Cells in columns two spaces apart, the heading first. Width is counted in code points.
 * @param align `r` per column for right; anything else is left
 */
export function alignColumns(heading: readonly string[], rows: readonly (readonly string[])[], align: readonly string[]): string[] {
  const length = (text: string) => [...text].length;
  const widths = heading.map((title, column) => Math.max(length(title), ...rows.map((row) => length(row[column] ?? ''))));
  const aligned = (row: readonly string[]) =>
    widths
      .map((width, column) => {
        const text = row[column] ?? '';
        const gap = ' '.repeat(width - length(text));
        return align[column] === 'r' ? gap + text : text + gap;
      })
      .join('  ')
      .trimEnd();
  return [heading, ...rows].map(aligned);
}
