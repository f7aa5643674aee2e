/** One series of a family: its labels and what it came to. */
export interface ExposedValue {
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface ExposedHistogram {
  labels: Readonly<Record<string, string>>;
  /** Upper bounds in ascending order, without the infinite one. */
  bounds: readonly number[];
  /** Values by bucket, not added up; one more than there are bounds. */
  counts: readonly number[];
  sum: number;
  count: number;
}

/** A metric with all its series, before it is worded for those who read it: Prometheus, OpenMetrics or OTLP. */
export type Family = {
  /** Ends with its unit where it has one; without `_total`, which some wordings put behind a counter. */
  name: string;
  help: string;
  /** Of OpenMetrics and OTLP; left out: none. */
  unit?: 'seconds' | 'bytes' | 'ratio';
} & ({ type: 'counter' | 'gauge'; values: readonly ExposedValue[] } | { type: 'histogram'; histograms: readonly ExposedHistogram[] });

/**
 * The Prometheus text format 0.0.4. Families without a series are left out.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function renderPrometheus(families: readonly Family[]): string {
  return families
    .filter(hasSeries)
    .map((family) => {
      const name = family.type === 'counter' ? `${family.name}_total` : family.name;
      return [`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.type}`, ...seriesOf(family), ''].join('\n');
    })
    .join('');
}

/**
 * The OpenMetrics text format 1.0.
 * Source: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
export function renderOpenMetrics(families: readonly Family[]): string {
  const texts = families.filter(hasSeries).map((family) => {
    const { name, type, unit, help } = family;
    const unitLine = unit !== undefined && name.endsWith(`_${unit}`) ? [`# UNIT ${name} ${unit}`] : [];
    return [`# TYPE ${name} ${type}`, ...unitLine, `# HELP ${name} ${escapeHelp(help).replaceAll('"', '\\"')}`, ...seriesOf(family), ''].join('\n');
  });
  return `${texts.join('')}# EOF\n`;
}

function hasSeries(family: Family): boolean {
  return (family.type === 'histogram' ? family.histograms : family.values).length > 0;
}

function seriesOf(family: Family): string[] {
  const { name } = family;
  if (family.type !== 'histogram')
    return family.values.map(({ labels, value }) => line(family.type === 'counter' ? `${name}_total` : name, labels, value));
  return family.histograms.flatMap(({ labels, bounds, counts, sum, count }) => {
    let below = 0;
    const buckets = counts.map((inBucket, at) => {
      below += inBucket;
      return line(`${name}_bucket`, { ...labels, le: numberText(bounds[at] ?? Number.POSITIVE_INFINITY) }, below);
    });
    return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count)];
  });
}

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

/** A carriage return is no line end of the format, but of much that reads it by lines. */
function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\r', ' ');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', ' ');
}

/** A name that every reader takes: letters, digits and underscores, no digit first. */
export function exposedName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[0-9]/.test(name) ? `_${name}` : name;
}
