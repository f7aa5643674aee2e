import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renderComment } from '../../src/report/comment.ts';
import { codeBlock, htmlCode, markdownCode, markdownText } from '../../src/report/escape.ts';
import { cutMarkdown } from '../../src/report/fit.ts';
import { renderHtml } from '../../src/report/html/html.ts';
import { renderMarkdown } from '../../src/report/markdown.ts';
import { pageScript } from '../../src/report/page-assets.ts';
import { renderSummary, renderText } from '../../src/report/text.ts';
import type { MetricVerdict, SeriesVerdict } from '../../src/verdict/verdict.ts';
import { sampleResult, sampleRow, sampleVerdict } from './sample.ts';

/** Names that have broken tables, plus any string at all. */
const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom(
      '|',
      '`',
      '\n',
      '<',
      '>',
      '@',
      '#',
      '-',
      '\\',
      '*',
      '_',
      '[',
      ']',
      '(',
      ')',
      '!',
      '~',
      '&',
      ';',
      'a',
      '1',
      ' ',
      '\r',
      '\u2028',
      '\u202e',
      '\t',
      '"',
      "'",
    ),
  }),
  fc.constantFrom(
    '@org/team',
    '<script>alert(1)</script>',
    '</details>',
    '<details>',
    '```',
    '| a | b |',
    '-->',
    '\\|',
    '&#64;team',
    '&#124;',
    '![x](https://evil.example/p.png)',
    '#12',
    '\u001b[31mred',
  ),
);
const figure = fc.oneof(
  fc.constant(null),
  fc.double({ min: -1e12, max: 1e12, noNaN: true }),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-300),
);
const verdicts: SeriesVerdict[] = ['regressed', 'ok', 'improved', 'warn', 'inconclusive', 'new', 'missing'];
const row: fc.Arbitrary<MetricVerdict> = fc.record({
  series: name,
  metric: fc.oneof(name, fc.constantFrom('ttft_ms.p95', 'tokens_per_sec')),
  verdict: fc.constantFrom(...verdicts),
  baseline: figure,
  current: figure,
  unit: fc.oneof(name, fc.constantFrom('ms', 's', '%', 'tokens/s', '')),
  better: fc.constantFrom('lower' as const, 'higher' as const, 'neither' as const),
  change_percent: figure,
  interval_percent: fc.oneof(
    fc.constant(null),
    fc.tuple(fc.double({ noNaN: true, min: -100, max: 100 }), fc.double({ noNaN: true, min: -100, max: 100 })),
  ),
  noise_percent: figure,
  detectable_percent: figure,
  limit_percent: figure,
  limit: figure,
  rule: fc.oneof(fc.constant(null), name, fc.constantFrom('max 5', 'min 1', 'warn_change_percent 15 (better)', 'max_regression_percent 20')),
});

const input = fc.record({
  rows: fc.array(row, { maxLength: 12 }),
  overall: fc.constantFrom(...verdicts, 'invalid' as const),
  scenario: name,
  target: name,
  model: name,
  detail: name,
  note: name,
  sha: name,
  side: name,
  key: name,
  command: name,
  hasBaseline: fc.boolean(),
});

function rendered(parts: { rows: MetricVerdict[] } & Record<string, unknown>): Parameters<typeof renderComment>[0] {
  const text = (key: string) => String(parts[key]);
  const current = sampleResult({
    scenario: text('scenario'),
    target: text('target'),
    model: text('model'),
    note: text('note'),
    stop_reason: text('detail'),
    cohort: text('sha'),
    errors: [{ kind: 'wrong_model', count: 2, first_seen: 1, example: text('detail') }],
    validity: { valid: false, checks: [{ name: text('note'), ok: false, severity: 'fatal', detail: text('detail') }] },
  });
  const verdict = sampleVerdict(parts['overall'] as 'ok', parts.rows, { notes: [text('note')] });
  verdict.baseline = parts['hasBaseline'] ? { runs: 1, sha: text('sha'), cohort: text('sha'), distance: 0 } : null;
  return {
    key: text('key'),
    verdict,
    current,
    baseline: sampleResult({ tag: text('note'), timestamp: text('detail') }),
    names: { current: text('side'), baseline: text('side') },
    noBaseline: text('note'),
    repeat: text('command'),
    headSha: text('sha'),
  };
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** What is left of a page when code, where nothing is markup or a mention, is taken out of it. */
const withoutCode = (text: string): string =>
  text
    .replace(/^```.*?^```$/gms, '')
    .replace(/<pre>.*?<\/pre>/gs, '')
    .replace(/<code>.*?<\/code>/g, '')
    .replace(/`[^`\n]*`/g, '');

test('no name breaks the table, opens markup, or calls anybody', () => {
  fc.assert(
    fc.property(input, (parts) => {
      const text = renderComment(rendered(parts));
      assert.ok(text.length <= 65_536);
      const page = text.split('\n').slice(1).join('\n');
      for (const table of page.replace(/^```.*?^```$/gms, '').matchAll(/(?:^\|.*\n)+/gm)) {
        const bars = table[0]
          .trimEnd()
          .split('\n')
          .map((line) => count(line, /(?<!\\)\|/g));
        assert.equal(new Set(bars).size, 1, `rows of one table have equally many cells:\n${table[0]}`);
        assert.ok((bars[0] ?? 0) >= 5);
      }
      assert.equal(count(page, /<details>/g), count(page, /<\/details>/g));
      const open = withoutCode(page);
      assert.doesNotMatch(open.replaceAll(/<\/?(details|summary)>/g, ''), /<[a-z/!]/i, 'no tag of anybody else');
      assert.doesNotMatch(open, /@[\w-]/, 'no mention');
      assert.doesNotMatch(decoded(open), /@[\w-]/, 'no mention after entities are decoded either');
      assert.doesNotMatch(decoded(open).replaceAll('###', ''), /#\d/, 'no reference');
      assert.doesNotMatch(open, /!\[|\]\(/, 'no image, no link');
      assert.doesNotMatch(page, /(?!\n)[\p{Cc}\u202e\u2028]/u);
    }),
    { numRuns: 300 },
  );
});

/** As a reader of HTML sees the text; a zero-width space is kept as one. */
function decoded(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
}

test('every escape gives back the name when it is read as HTML, but for spaces and the zero-width ones', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
      const plain = text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu, ' ').trim();
      const inner = htmlCode(text).slice('<code>'.length, -'</code>'.length);
      assert.equal(decoded(inner).replace(/\s+/g, ' '), plain === '' ? '(empty)' : plain);
      assert.equal(decoded(markdownText(text)).replaceAll('\u200b', '').replace(/\s+/g, ' '), plain.replaceAll('\u200b', ''));
    }),
  );
});

test('the known attacks, one by one', () => {
  assert.equal(markdownCode('@team'), '<code>&#64;team</code>');
  assert.equal(markdownText('@team'), '&#64;&#8203;team');
  assert.equal(markdownCode('a`b|c'), '<code>a&#96;b&#124;c</code>');
  assert.equal(markdownText('<script>'), '&#60;script&#62;');
  assert.equal(markdownText('see https://evil.example'), 'see https:&#8203;//evil.example');
  assert.equal(markdownText('fixes #12'), 'fixes &#35;&#8203;12');
  assert.equal(markdownCode('two\nlines'), '`two lines`');
  assert.equal(markdownCode(''), '<code>(empty)</code>');
  assert.match(codeBlock("x '```'\n</details>", 'sh'), /^<pre><code>x &#39;&#96;&#96;&#96;&#39;\n&#60;\/details&#62;<\/code><\/pre>$/);
});

test('thousands of rows are cut row by row: the fold first, the table last, everything counted', () => {
  const many = (count: number, verdict: SeriesVerdict): MetricVerdict[] =>
    Array.from({ length: count }, (_, index) =>
      sampleRow({ series: `latency_benchmark/leg=${verdict}-${index}`, verdict, change_percent: verdict === 'ok' ? 1 : 50 }),
    );
  const render = (rows: MetricVerdict[]) =>
    renderComment({ key: 'k', verdict: sampleVerdict('regressed', rows), current: sampleResult(), baseline: null });
  const leftOut = (text: string): number[] =>
    [...text.matchAll(/_([\d,]+) more rows? left out/g)].map((match) => Number(match[1]?.replaceAll(',', '')));
  const shown = (text: string, verdict: string) => count(text, new RegExp(`^\\| \`leg=${verdict}-`, 'gm'));

  const folded = render([...many(3, 'regressed'), ...many(2000, 'ok')]);
  assert.ok(folded.length <= 65_536 && folded.length > 60_000);
  assert.equal(shown(folded, 'regressed'), 3);
  assert.deepEqual(leftOut(folded), [2000 - shown(folded, 'ok')]);
  assert.match(folded, /<summary>2,000 metrics within their limits<\/summary>/);
  assert.match(folded, /How this was measured/);

  const table = render([...many(3000, 'regressed'), ...many(50, 'ok')]);
  assert.ok(table.length <= 65_536 && table.length > 60_000);
  assert.equal(shown(table, 'ok'), 0);
  assert.deepEqual(leftOut(table), [3000 - shown(table, 'regressed'), 50]);
  for (const text of [folded, table]) assert.equal(count(text, /<details>/g), count(text, /<\/details>/g));
});

test('a comment of the longest names and many notes still fits', () => {
  const long = '<@|`'.repeat(5000);
  const verdict = sampleVerdict(
    'regressed',
    Array.from({ length: 40 }, () => sampleRow({ series: long, metric: long, unit: long, verdict: 'regressed' })),
    {
      notes: Array.from({ length: 400 }, () => long),
    },
  );
  const text = renderComment({
    key: 'k',
    verdict,
    current: sampleResult({ scenario: long, target: long, model: long }),
    baseline: null,
    noBaseline: long,
    repeat: long,
  });
  assert.ok(text.length <= 65_536);
  assert.match(text, /more lines? left out/);
  assert.equal(count(text, /<details>/g), count(text, /<\/details>/g));
});

test('markdown cut anywhere closes what it leaves open and stays within its bytes', () => {
  const page = renderMarkdown(sampleVerdict('ok', [sampleRow()]), sampleResult(), null);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Buffer.byteLength(page) + 10 }), (limit) => {
      const cut = cutMarkdown(page, limit, Buffer.byteLength);
      assert.ok(Buffer.byteLength(cut) <= limit || cut === page);
      assert.equal(count(cut, /<details>/g), count(cut, /<\/details>/g));
      assert.equal(count(cut, /^```/gm) % 2, 0);
      if (cut !== page && cut !== '') assert.match(cut, /Cut here to fit/);
    }),
  );
});

test('a terminal gets no control characters from names', () => {
  fc.assert(
    fc.property(input, (parts) => {
      const { verdict, current, baseline } = rendered(parts);
      const text = renderText(verdict, current, baseline, { color: false }) + renderSummary(current, { color: false, savedTo: String(parts.key) });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }),
    { numRuns: 100 },
  );
});

test('the HTML page holds no tag that a name brought, and asks for nothing from anywhere', () => {
  fc.assert(
    fc.property(input, (parts) => {
      const { verdict, current, baseline } = rendered(parts);
      const whole = renderHtml(current, verdict, baseline);
      // Our own two: the figures of the charts, and the script that draws them.
      assert.equal(count(whole, /<script\b/gi), 2);
      assert.equal(count(whole, /<\/script/gi), 2);
      const page = whole.replace(`<script>${pageScript}</script>`, '').replace(/<script type="application\/json" id="charts">[^<]*<\/script>/, '');
      assert.doesNotMatch(page, /<(script|img|iframe|link|object|a)\b/i);
      assert.doesNotMatch(page, /\bon\w+\s*=\s*["']/i);
      for (const tag of ['table', 'section', 'details', 'tr', 'td', 'pre', 'code']) {
        assert.equal(count(page, new RegExp(`<${tag}[ >]`, 'g')), count(page, new RegExp(`</${tag}>`, 'g')), tag);
      }
    }),
    { numRuns: 60 },
  );
});
