/** A series chosen by name and labels: `vllm:num_requests_running{model_name="a"}`. Equal (`=`) and unequal (`!=`) labels, `=~` and `!~` with a regular expression. */
export interface Selector {
  name: string;
  matchers: readonly { label: string; matches(value: string): boolean }[];
}

/** What is computed of the chosen series. */
export type Expression =
  /** `sum`, `avg`, `max` and `min` over the series that match; a bare selector is their sum. */
  | { kind: 'gauge'; fold: 'sum' | 'avg' | 'max' | 'min'; selector: Selector }
  /** `rate(...)`: increase per second of counters. */
  | { kind: 'rate'; selector: Selector }
  /** `increase(...)`: increase of counters. */
  | { kind: 'increase'; selector: Selector }
  /** `histogram_quantile(0.95, name)`: a quantile of the difference of a histogram. */
  | { kind: 'quantile'; quantile: number; selector: Selector }
  /** `a / b`, of which both are expressions above. */
  | { kind: 'ratio'; top: Expression; bottom: Expression };

const selectorForm = /^([A-Za-z_:][\w:]*)\s*(?:\{(.*)\})?$/s;

/**
 * Reads the part of PromQL that one page at a time can answer.
 * @returns the expression, or in one sentence what is wrong with the text
 */
export function parseExpression(text: string): Expression | string {
  const slash = outerSlash(text);
  if (slash !== -1) {
    const top = parseExpression(text.slice(0, slash));
    const bottom = parseExpression(text.slice(slash + 1));
    if (typeof top === 'string') return top;
    return typeof bottom === 'string' ? bottom : { kind: 'ratio', top, bottom };
  }
  const trimmed = text.trim();
  const called = /^(sum|avg|max|min|rate|increase|histogram_quantile)\s*\((.*)\)$/s.exec(trimmed);
  if (called === null) return withSelector(trimmed, (selector) => ({ kind: 'gauge', fold: 'sum', selector }));
  const [, name = '', inner = ''] = called;
  // Ranges are those of the run: `[5m]` is read and left out.
  const argument = inner.replace(/\[[^\]]*\]\s*$/, '').trim();
  if (name === 'histogram_quantile') return quantileOf(inner);
  if (name === 'rate' || name === 'increase') return withSelector(argument, (selector) => ({ kind: name, selector }));
  if (/^rate\s*\(/.test(argument)) {
    if (name !== 'sum') return `expected sum(rate(...)), found ${name}(rate(...))`;
    return parseExpression(argument);
  }
  return withSelector(argument, (selector) => ({ kind: 'gauge', fold: name as 'sum' | 'avg' | 'max' | 'min', selector }));
}

function quantileOf(inner: string): Expression | string {
  const comma = inner.indexOf(',');
  const quantile = Number(inner.slice(0, comma));
  if (comma === -1 || !(quantile > 0 && quantile < 1)) return 'expected histogram_quantile(Q, name) with Q between 0 and 1';
  const wrapped = inner.slice(comma + 1).trim();
  const rate = /^(?:sum\s*(?:by\s*\([^)]*\))?\s*\(\s*)?rate\s*\((.*?)\)\s*\)?$/s.exec(wrapped);
  const argument = (rate?.[1] ?? wrapped).replace(/\[[^\]]*\]\s*$/, '').trim();
  return withSelector(argument, (selector) => ({
    kind: 'quantile',
    quantile,
    selector: { ...selector, name: selector.name.replace(/_bucket$/, '') },
  }));
}

function withSelector(text: string, build: (selector: Selector) => Expression): Expression | string {
  const selector = parseSelector(text);
  return typeof selector === 'string' ? selector : build(selector);
}

function parseSelector(text: string): Selector | string {
  const found = selectorForm.exec(text);
  if (found === null)
    return `expected a selector such as name{label="value"}, rate(name), histogram_quantile(0.95, name) or a / b, found ${JSON.stringify(text)}`;
  const matchers: Selector['matchers'][number][] = [];
  let rest = (found[2] ?? '').trim();
  while (rest !== '') {
    const one = /^([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*,?\s*/.exec(rest);
    if (one === null) return `expected label="value" within the braces, found ${JSON.stringify(rest)}`;
    const [whole, label = '', operator, raw = ''] = one;
    const value = raw.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    const pattern = operator === '=~' || operator === '!~' ? patternOf(value) : null;
    if (typeof pattern === 'string') return pattern;
    const positive = operator === '=' || operator === '=~';
    matchers.push({ label, matches: (found) => (pattern === null ? found === value : pattern.test(found)) === positive });
    rest = rest.slice(whole.length);
  }
  return { name: found[1]!, matchers };
}

function patternOf(source: string): RegExp | string {
  try {
    return new RegExp(`^(?:${source})$`);
  } catch {
    return `expected a regular expression, found ${JSON.stringify(source)}`;
  }
}

/** The slash that divides two expressions: outside of quotes, braces and parentheses; -1 where there is none. */
function outerSlash(text: string): number {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === '\\') at++;
    else if (sign === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (sign === '(' || sign === '{' || sign === '[') depth++;
    else if (sign === ')' || sign === '}' || sign === ']') depth--;
    else if (sign === '/' && depth === 0) return at;
  }
  return -1;
}
