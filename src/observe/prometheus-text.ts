/** One line of a metrics page: a series and its value. */
export interface MetricSample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** Series by how a page writes them: `name{label="value"}`. */
export type KnownSeries = Map<string, Pick<MetricSample, 'name' | 'labels'>>;

const mostKnown = 50_000;
const longestPage = 16 * 1024 * 1024;
const nameStart = /^[A-Za-z_:][\w:]*$/;

/**
 * Reads the Prometheus text format 0.0.4, and what OpenMetrics adds to it (exemplars, `# EOF`, timestamps in seconds), which are passed over.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 * @param known series of earlier readings of the page, which are not taken apart again
 * @throws Error with the number of the first line that is neither a comment nor a series
 */
export function parsePrometheus(text: string, known: KnownSeries = new Map()): MetricSample[] {
  if (text.length > longestPage) throw new Error(`expected at most ${longestPage} characters of metrics, found ${text.length}`);
  const samples: MetricSample[] = [];
  let number = 0;
  for (const raw of text.split('\n')) {
    number++;
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    const series = known.get(line.slice(0, space));
    const value = series === undefined ? null : numberOf(line.slice(space + 1));
    samples.push(series === undefined || value === null ? parseLine(line, number, known) : { name: series.name, labels: series.labels, value });
  }
  return samples;
}

function parseLine(line: string, number: number, known: KnownSeries): MetricSample {
  const brace = line.indexOf('{');
  const space = line.search(/\s/);
  const named = brace !== -1 && (space === -1 || brace < space);
  const name = line.slice(0, named ? brace : space === -1 ? line.length : space);
  if (!nameStart.test(name)) throw broken(line, number);
  const labels: Record<string, string> = {};
  const end = named ? readLabels(line, brace + 1, labels, number) : space;
  const [value = '', ...more] = line.slice(end).trim().split(/\s+/);
  const parsed = numberOf(value);
  if (parsed === null) throw broken(line, number);
  // With a time or an exemplar behind the value, the line begins anew each time.
  if (more.length === 0) {
    if (known.size >= mostKnown) known.clear();
    known.set(line.slice(0, line.lastIndexOf(' ')), { name, labels });
  }
  return { name, labels, value: parsed };
}

/** @returns the position behind the closing brace */
function readLabels(line: string, from: number, labels: Record<string, string>, number: number): number {
  let at = from;
  for (;;) {
    while (line[at] === ' ' || line[at] === ',') at++;
    if (line[at] === '}') return at + 1;
    const equals = line.indexOf('=', at);
    const key = line.slice(at, equals).trim();
    if (equals === -1 || !/^[A-Za-z_]\w*$/.test(key)) throw broken(line, number);
    at = equals + 1;
    while (line[at] === ' ') at++;
    if (line[at] !== '"') throw broken(line, number);
    let value = '';
    for (at++; line[at] !== '"'; at++) {
      if (at >= line.length) throw broken(line, number);
      if (line[at] !== '\\') value += line[at];
      else {
        at++;
        value += line[at] === 'n' ? '\n' : (line[at] ?? '');
      }
    }
    at++;
    labels[key] = value;
  }
}

function numberOf(text: string): number | null {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'NaN') return Number.NaN;
  if (text === '') return null;
  const value = Number(text);
  return Number.isNaN(value) ? null : value;
}

function broken(line: string, number: number): Error {
  const shown = line.length > 60 ? `${line.slice(0, 57)}...` : line;
  return new Error(`line ${number}: expected a series such as name{label="value"} 1.5, found ${JSON.stringify(shown)}`);
}
