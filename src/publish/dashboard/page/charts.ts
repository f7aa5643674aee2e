import uPlot from 'uplot';
import type { Columns } from '../history.ts';
import type { LimitLine } from '../status.ts';

/** A chart of some keys over time. */
export interface ChartPlan {
  title: string;
  unit: string;
  keys: readonly { key: string; label: string; scale?: number }[];
  /** The metric whose limits are drawn. */
  limits?: string;
}

const colors = ['--one', '--two', '--three', '--four', '--bad', '--quiet'];
const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const height = 200;
export const shortNumber = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });

const lineStyles: Record<LimitLine['kind'], { color: string; dash: number[] }> = {
  max: { color: '--bad', dash: [] },
  min: { color: '--bad', dash: [] },
  warn: { color: '--warn', dash: [] },
  target: { color: '--warn', dash: [10, 4] },
  baseline: { color: '--quiet', dash: [6, 4] },
  regression: { color: '--bad', dash: [2, 4] },
};

/** One chart on the page; drawn anew in other colours when the reader's setting changes. */
export class Chart {
  readonly plan: ChartPlan;
  readonly figure = document.createElement('figure');
  private readonly place = document.createElement('div');
  private plot: uPlot | null = null;
  private lines: readonly LimitLine[] = [];

  constructor(plan: ChartPlan, parent: HTMLElement) {
    this.plan = plan;
    const caption = document.createElement('figcaption');
    caption.textContent = `${plan.title}${plan.unit === '' ? '' : ` (${plan.unit})`}`;
    this.place.className = 'plot';
    this.place.setAttribute('role', 'img');
    this.figure.append(caption, this.place);
    parent.append(this.figure);
    new ResizeObserver(() => {
      const width = this.width();
      if (this.plot !== null && width > 0 && width !== this.plot.width) this.plot.setSize({ width, height });
    }).observe(this.figure);
  }

  /** @param x seconds since 1970, or positions with `labels` */
  draw({ t, values }: Columns, lines: readonly LimitLine[] = []): void {
    this.lines = lines.map((line) => ({ ...line, value: line.value * (this.plan.keys[0]?.scale ?? 1) }));
    const data: uPlot.AlignedData = [
      t,
      ...this.plan.keys.map(({ key, scale = 1 }) => (values[key] ?? t.map(() => null)).map((value) => (value === null ? null : value * scale))),
    ];
    if (this.plot === null) this.plot = new uPlot(this.options(), data, this.place);
    else this.plot.setData(data);
    this.place.setAttribute('aria-label', this.spoken(data));
  }

  repaint(): void {
    this.plot?.destroy();
    this.plot = null;
  }

  remove(): void {
    this.repaint();
    this.figure.remove();
  }

  private width(): number {
    const { paddingLeft, paddingRight } = getComputedStyle(this.figure);
    return Math.floor(this.figure.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight));
  }

  private spoken(data: uPlot.AlignedData): string {
    const last = (at: number) => (data[at + 1] as (number | null)[] | undefined)?.findLast((value) => value != null) ?? null;
    const now = this.plan.keys.map(({ label }, at) => `${label} ${last(at) === null ? 'not known' : shortNumber.format(last(at) as number)}`);
    return `${this.plan.title}: ${now.join(', ')} ${this.plan.unit}`;
  }

  private options(): uPlot.Options {
    const axis = { stroke: css('--quiet'), grid: { stroke: css('--rule'), width: 1 }, ticks: { stroke: css('--rule'), width: 1 } };
    return {
      width: Math.max(100, this.width()),
      height,
      scales: {
        y: {
          range: (_, low, high) => {
            const top = Math.max(high ?? 0, ...this.near(high ?? 0));
            return [Math.min(0, low ?? 0), top * 1.08 || 1];
          },
        },
      },
      axes: [axis, { ...axis, size: 52, values: (_, splits) => splits.map((value) => shortNumber.format(value)) }],
      series: [
        { label: 'time' },
        ...this.plan.keys.map(({ label }, index) => ({
          label,
          stroke: css(colors[index % colors.length] as string),
          width: 2,
          spanGaps: false,
          value: (_: uPlot, value: number | null) => (value == null ? '–' : shortNumber.format(value)),
        })),
      ],
      hooks: { drawSeries: [(plot, index) => index === 1 && this.drawLines(plot)] },
    };
  }

  /** A limit far above everything would make the figures a flat line: it is drawn when they come near. */
  private near(high: number): number[] {
    return this.lines.map(({ value }) => value).filter((value) => value <= 2.5 * high);
  }

  private drawLines(plot: uPlot): void {
    const { ctx, bbox } = plot;
    ctx.save();
    for (const { kind, value } of this.lines) {
      const y = Math.round(plot.valToPos(value, 'y', true));
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      const { color, dash } = lineStyles[kind];
      ctx.strokeStyle = css(color);
      ctx.lineWidth = 1.5 * devicePixelRatio;
      ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.fillStyle = css(color);
      ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
      ctx.textAlign = 'right';
      ctx.fillText(kind, bbox.left + bbox.width - 4, y - 4 * devicePixelRatio);
    }
    ctx.restore();
  }
}
