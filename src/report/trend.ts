import { oneLine } from './escape.ts';
import { metricName } from './names.ts';

/** A metric over earlier runs of the base branch, oldest first, the current one last. */
export interface Trend {
  /** The series that it is of, where there are several. */
  series?: string | null;
  metric: string;
  unit: string;
  points: readonly { sha: string | null; value: number | null }[];
}

const mostPoints = 40;

/** A mermaid line chart of a trend, or null where fewer than two points were measured. Labels are commit hashes or places, never names from outside. */
export function trendChart(trend: Trend): string | null {
  const points = trend.points
    .filter((point): point is { sha: string | null; value: number } => point.value !== null && Number.isFinite(point.value))
    .slice(-mostPoints);
  if (points.length < 2) return null;
  const values = points.map((point) => point.value);
  const labels = points.map(
    (point, index) =>
      `"${index === points.length - 1 ? 'this run' : point.sha && /^[0-9a-f]{7,64}$/i.test(point.sha) ? point.sha.slice(0, 7) : index + 1}"`,
  );
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low || Math.abs(high) || 1) * 0.1;
  const safe = (text: string) => oneLine(text, 60).replace(/[^\p{L}\p{N} ./%()-]/gu, ' ');
  return [
    '```mermaid',
    'xychart-beta',
    `  title "${safe(`${metricName(trend.metric)}${trend.unit === '' ? '' : ` (${trend.unit})`}${trend.series ? ` of ${trend.series}` : ''}`)}"`,
    `  x-axis [${labels.join(', ')}]`,
    `  y-axis ${figure(low >= 0 ? Math.max(0, low - margin) : low - margin)} --> ${figure(high + margin)}`,
    `  line [${values.map(figure).join(', ')}]`,
    '```',
  ].join('\n');
}

/** Plain decimals: the chart's grammar knows no exponents. */
function figure(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 9 });
}
