import { type Chart, chartData, lineChart } from './svg.ts';

/** A part of the page under its heading; nothing where there is no content. */
export const section = (title: string, content: string): string => (content === '' ? '' : `<section><h2>${title}</h2>\n${content}\n</section>`);

/** A list; nothing where there are no items. Items are HTML. */
export const list = (items: readonly string[]): string => (items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`);

export interface TableRow {
  cells: readonly string[];
  className?: string;
}

/** A table whose cells are HTML already; the first `left` columns to the left. It scrolls sideways on its own where the page is narrow. */
export function table(heading: readonly string[], rows: readonly TableRow[], left = 1): string {
  const side = (column: number) => (column < left ? '' : ' class="n"');
  const head = heading.map((cell, column) => `<th${side(column)} scope="col">${cell}</th>`).join('');
  const body = rows
    .map(
      (row) =>
        `<tr${row.className ? ` class="${row.className}"` : ''}>${row.cells.map((cell, column) => `<td${side(column)}>${cell}</td>`).join('')}</tr>`,
    )
    .join('\n');
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

/** The charts of a page: each drawn for readers without script, its figures gathered for the script. */
export class Figures {
  private readonly charts: Chart[] = [];

  /** The charts side by side; empty where none has anything to show. */
  draw(charts: readonly Chart[]): string {
    const figures = charts.flatMap((chart) => {
      const drawn = lineChart(chart, this.charts.length);
      if (drawn === '') return [];
      this.charts.push(chart);
      return [drawn];
    });
    return figures.length === 0 ? '' : `<div class="charts">${figures.join('\n')}</div>`;
  }

  /** The element that holds the figures; nothing in it can end it. */
  data(): string {
    return `<script type="application/json" id="charts">${JSON.stringify(this.charts.map(chartData)).replaceAll('<', '\\u003c')}</script>`;
  }
}
