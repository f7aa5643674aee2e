/// <reference lib="dom" />
/**
 * What runs in the reader's browser: draws the charts of the page again as ones that answer the pointer. The figures of a chart stand in the page as JSON;
 * without this script its drawing stays. Bundled into ../page-assets.ts by scripts/page.ts.
 */
import uPlot from 'uplot';
import type { ChartData } from '../html/chart-data.ts';

const colors = ['--one', '--two', '--three', '--four'];
const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const number = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });
const height = 240;

function options(chart: ChartData, width: number): uPlot.Options {
  const { ticks } = chart;
  const axis = { stroke: css('--quiet'), grid: { stroke: css('--rule'), width: 1 }, ticks: { stroke: css('--rule'), width: 1 } };
  const labelOf = (x: number) => {
    const near = ticks.find((tick) => Math.abs(tick.x - x) < 1e-9);
    return near?.label ?? number.format(x);
  };
  const xText = (x: number) =>
    chart.scale === 'percentile' ? `${number.format(100 * (1 - 10 ** -x))} %` : `${number.format(x)}${chart.xUnit === '' ? '' : ` ${chart.xUnit}`}`;
  return {
    width,
    height,
    scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 1) * 1.05 || 1] } },
    axes: [
      chart.scale === 'percentile'
        ? {
            ...axis,
            splits: (_, __, low, high) => ticks.map(({ x }) => x).filter((x) => x >= low && x <= high),
            values: (_, splits) => splits.map(labelOf),
          }
        : chart.scale === 'load'
          ? { ...axis, incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 10000] }
          : axis,
      { ...axis, size: 60, values: (_, splits) => splits.map((value) => number.format(value)) },
    ],
    series: [
      { label: chart.xName, value: (_, x) => (x == null ? '–' : xText(x)) },
      ...chart.lines.map((line, index) => ({
        label: line.name,
        stroke: css(colors[index % colors.length] as string),
        width: 2,
        spanGaps: false,
        points: { show: chart.scale === 'load' },
        value: (_: uPlot, y: number | null) => (y == null ? '–' : `${number.format(y)} ${chart.yUnit}`),
        ...(chart.shape === 'steps'
          ? {
              paths: (uPlot.paths.stepped as NonNullable<typeof uPlot.paths.stepped>)({ align: 1 }),
              fill: `${css(colors[index % colors.length] as string)}33`,
            }
          : {}),
      })),
    ],
  };
}

function draw(): void {
  const data = JSON.parse(document.getElementById('charts')?.textContent ?? '[]') as ChartData[];
  for (const figure of document.querySelectorAll<HTMLElement>('figure[data-chart]')) {
    const chart = data[Number(figure.dataset['chart'])];
    const place = figure.querySelector<HTMLElement>('.plot');
    if (chart === undefined || place === null) continue;
    const width = Math.floor(figure.clientWidth);
    place.replaceChildren();
    const plot = new uPlot(options(chart, width), [chart.x, ...chart.lines.map(({ y }) => y)] as uPlot.AlignedData, place);
    figure.classList.add('live');
    new ResizeObserver(() => {
      const now = Math.floor(figure.clientWidth);
      if (now > 0 && now !== plot.width) plot.setSize({ width: now, height });
    }).observe(figure);
  }
}

draw();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
