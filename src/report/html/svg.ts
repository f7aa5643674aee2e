import { escapeHtml } from '../escape.ts';
import { formatValue } from '../numbers.ts';
import type { ChartData } from './chart-data.ts';

/** One line of a chart; a null ends a stretch, so that what was not measured is a gap and not a slope. */
export interface Line {
  name: string;
  points: readonly { x: number; y: number | null }[];
}

export interface Chart {
  title: string;
  lines: readonly Line[];
  yUnit: string;
  /** Where to mark the x axis, and with what. */
  ticks: readonly { x: number; label: string }[];
  /** What x is, for the value under the pointer. */
  xName?: string;
  xUnit?: string;
  scale?: ChartData['scale'];
  shape?: ChartData['shape'];
}

const width = 640;
const height = 220;
const margin = { left: 56, right: 28, top: 12, bottom: 28 };

/** The figures of a chart on one x axis, for the page's script. */
export function chartData({ lines, ticks, yUnit, xName = '', xUnit = '', scale = 'value', shape = 'line' }: Chart): ChartData {
  const x = [...new Set(lines.flatMap(({ points }) => points.map((point) => point.x)))].sort((a, b) => a - b);
  const place = new Map(x.map((value, index) => [value, index]));
  return {
    x,
    xName,
    xUnit,
    yUnit,
    scale,
    shape,
    ticks: [...ticks],
    lines: lines.map(({ name, points }) => {
      const y = new Array<number | null>(x.length).fill(null);
      for (const point of points) y[place.get(point.x) as number] = point.y;
      return { name, y };
    }),
  };
}

/**
 * A line chart as inline SVG that scales with its container; colours come from the page's classes `line0`, `line1`. The y axis starts at zero.
 * @param place of the chart's figures in the page's data, where it has a script
 */
export function lineChart(chart: Chart, place: number | null = null): string {
  const values = chart.lines.flatMap((line) => line.points.flatMap((point) => (point.y === null ? [] : [point.y])));
  const xs = [...chart.lines.flatMap((line) => line.points.map((point) => point.x)), ...chart.ticks.map((tick) => tick.x)];
  if (values.length === 0) return '';
  const top = niceCeiling(values.reduce((most, value) => Math.max(most, value), 0));
  const [left, right] = xs.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  const px = (x: number) => round(margin.left + ((x - left) / (right - left || 1)) * (width - margin.left - margin.right));
  const py = (y: number) => round(height - margin.bottom - (y / top) * (height - margin.top - margin.bottom));
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = py(top * share);
    return `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}"/><text class="tick" x="${margin.left - 6}" y="${y + 4}" text-anchor="end">${escapeHtml(formatValue(top * share, '', { exact: true }))}</text>`;
  });
  const ticks = chart.ticks.map(
    (tick) => `<text class="tick" x="${px(tick.x)}" y="${height - 8}" text-anchor="middle">${escapeHtml(tick.label)}</text>`,
  );
  const lines = chart.lines.map(
    (line, index) => `<path class="line line${index}" d="${pathOf(line, px, py)}"><title>${escapeHtml(line.name)}</title></path>`,
  );
  const legend = chart.lines.map((line, index) => `<span class="key key${index}">${escapeHtml(line.name)}</span>`).join(' ');
  return `<figure${place === null ? '' : ` data-chart="${place}"`}><figcaption>${escapeHtml(chart.title)} (${escapeHtml(chart.yUnit)}) ${chart.lines.length > 1 ? legend : ''}</figcaption>
<div class="plot"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(chart.title)}">${[...grid, ...ticks, ...lines].join('')}</svg></div></figure>`;
}

/** A stretch of one point is drawn as a dot: a zero-length line with round caps. */
function pathOf(line: Line, px: (x: number) => number, py: (y: number) => number): string {
  let pen = false;
  let path = '';
  for (const { x, y } of line.points) {
    if (y === null) {
      pen = false;
      continue;
    }
    path += pen ? `L${px(x)} ${py(y)}` : `M${px(x)} ${py(y)}h0`;
    pen = true;
  }
  return path;
}

/** The next 1, 2, 2.5 or 5 times a power of ten, so that four grid lines have short labels. */
function niceCeiling(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5].find((step) => step * power >= value) ?? 10) * power;
}

const round = (value: number): number => Math.round(value * 10) / 10;
