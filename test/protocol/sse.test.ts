import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createParser } from 'eventsource-parser';
import { SseScanner } from '../../src/protocol/sse.ts';
import { seeded } from './random.ts';

interface Event {
  type: string;
  data: string;
}

/** Latin-1 on both sides: bytes stay bytes. */
function scan(bytes: Buffer, cuts: readonly number[]): Event[] {
  const events: Event[] = [];
  const scanner = new SseScanner({
    onEvent: (buffer, start, end, type) => events.push({ type, data: buffer.toString('latin1', start, end) }),
    onTooLarge: () => assert.fail('too large'),
  });
  // As a transport does it: every read lies in the same memory.
  const shared = Buffer.alloc(bytes.length + 7, '#');
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const at = from % 7;
    bytes.copy(shared, at, from, to);
    scanner.push(shared, at, at + (to - from));
    shared.fill('#');
    from = to;
  }
  return events;
}

function reference(bytes: Buffer): Event[] {
  const events: Event[] = [];
  const parser = createParser({
    onEvent: (event) => events.push({ type: Buffer.from(event.event ?? '', 'latin1').toString('utf8'), data: event.data }),
  });
  // It waits to see whether a last CR is half a CRLF: a comment after it settles that.
  parser.feed(`${bytes.toString('latin1')}${bytes.at(-1) === 13 ? ':' : ''}`);
  return events;
}

const streams = new URL('../fixtures/streams/', import.meta.url);
const captured = readdirSync(streams)
  .filter((name) => name.endsWith('.sse'))
  .map((name) => ({ name, bytes: readFileSync(new URL(name, streams)) }));

describe('SSE scanner', () => {
  const cases: [string, string, Event[]][] = [
    ['one event', 'data: a\n\n', [{ type: '', data: 'a' }]],
    [
      'CRLF',
      'data: a\r\n\r\ndata: b\r\n\r\n',
      [
        { type: '', data: 'a' },
        { type: '', data: 'b' },
      ],
    ],
    [
      'CR',
      'data: a\r\rdata: b\r\r',
      [
        { type: '', data: 'a' },
        { type: '', data: 'b' },
      ],
    ],
    [
      'mixed line ends',
      'data: a\r\n\ndata: b\n\r\ndata: c\r\r\n',
      [
        { type: '', data: 'a' },
        { type: '', data: 'b' },
        { type: '', data: 'c' },
      ],
    ],
    ['data over several lines', 'data: a\ndata:b\ndata\ndata:  c\n\n', [{ type: '', data: 'a\nb\n\n c' }]],
    ['one space only is taken off', 'data:  a\n\n', [{ type: '', data: ' a' }]],
    [
      'empty data is an event',
      'data\n\ndata:\n\n',
      [
        { type: '', data: '' },
        { type: '', data: '' },
      ],
    ],
    ['comments and blank lines are no events', ': ping\n\n:\n\n\n\ndata: a\n:x\n\n', [{ type: '', data: 'a' }]],
    [
      'event names last for one event',
      'event: error\ndata: a\n\ndata: b\n\nevent: x\n\ndata: c\n\n',
      [
        { type: 'error', data: 'a' },
        { type: '', data: 'b' },
        { type: '', data: 'c' },
      ],
    ],
    [
      'the last event name counts',
      'event: x\nevent: y\ndata: a\n\nevent: x\nevent\ndata: b\n\n',
      [
        { type: 'y', data: 'a' },
        { type: '', data: 'b' },
      ],
    ],
    ['id and retry are passed over', 'id: 1\nretry: 10\ndata: a\nid\n\n', [{ type: '', data: 'a' }]],
    ['unknown fields are passed over', 'dat: x\ndatax: y\ndata : z\n data: w\nDATA: v\ndata: a\n\n', [{ type: '', data: 'a' }]],
    [
      'an error by its field, which llama.cpp has beside those of the standard',
      'data: a\n\nerror: {"code":500}\n\nerror\n\nerrors: x\n\ndata: b\n\n',
      [
        { type: '', data: 'a' },
        { type: 'error', data: '{"code":500}' },
        { type: '', data: 'b' },
      ],
    ],
    ['a byte order mark at the start', '\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n', [{ type: '', data: 'a' }]],
    ['an event without its blank line is dropped', 'data: a\n\ndata: b\n', [{ type: '', data: 'a' }]],
    ['a line without its end is dropped', 'data: a\n\ndata: b', [{ type: '', data: 'a' }]],
    [
      'characters of several bytes',
      Buffer.from('data: h\u00e9\u4e16\u{1f600}\n\n').toString('latin1'),
      [{ type: '', data: Buffer.from('h\u00e9\u4e16\u{1f600}').toString('latin1') }],
    ],
  ];
  for (const [name, text, expected] of cases) {
    test(`${name}, whole and cut at every byte`, () => {
      const bytes = Buffer.from(text, 'latin1');
      assert.deepEqual(scan(bytes, []), expected);
      for (let cut = 0; cut <= bytes.length; cut++) assert.deepEqual(scan(bytes, [cut]), expected, `cut at ${cut}`);
      assert.deepEqual(
        scan(
          bytes,
          Array.from({ length: bytes.length }, (_, i) => i),
        ),
        expected,
      );
    });
  }

  test('reads captured streams as eventsource-parser does, wherever they are cut', () => {
    assert.ok(captured.length >= 8, 'fixtures are missing');
    const random = seeded(20_261_123);
    for (const { name, bytes } of captured) {
      const expected = reference(bytes);
      assert.ok(expected.length > 0, name);
      // Windows of the stream keep a case short: there are 40,000 of them.
      const cases = Math.ceil(40_000 / captured.length);
      for (let i = 0; i < cases; i++) {
        const from = random.below(bytes.length);
        const window = bytes.subarray(from, Math.min(bytes.length, from + 1 + random.below(800)));
        const cuts = random.cuts(window.length, 1 + random.below(8));
        assert.deepEqual(scan(window, cuts), reference(window), `${name} from ${from}, length ${window.length}, cut at ${cuts}`);
      }
      for (let i = 0; i < 50; i++) {
        const cuts = random.cuts(bytes.length, 1 + random.below(200));
        assert.deepEqual(scan(bytes, cuts), expected, `${name} cut at ${cuts}`);
      }
    }
  });

  test('reads random streams as eventsource-parser does: 80,000 cases', () => {
    const random = seeded(7);
    const pieces = [
      'data: ',
      'data:',
      'data',
      'event: ',
      'event',
      'id: ',
      'retry: ',
      ':',
      ': ',
      ' ',
      '\n',
      '\n',
      '\r\n',
      '\r',
      '\n\n',
      '\r\n\r\n',
      '\r\r',
      'a',
      '{"b":1}',
      '\u00e9',
      'datax',
      '\t',
      '\xef\xbb\xbf',
      '\0',
    ];
    for (let i = 0; i < 80_000; i++) {
      let text = random.below(20) === 0 ? '\xef\xbb\xbf' : '';
      const length = 1 + random.below(24);
      for (let k = 0; k < length; k++) text += pieces[random.below(pieces.length)];
      const bytes = Buffer.from(text, 'latin1');
      const cuts = random.cuts(bytes.length, random.below(6));
      assert.deepEqual(scan(bytes, cuts), reference(bytes), `${JSON.stringify(text)} cut at ${cuts}`);
    }
  });

  test('a line that never ends is given up at the limit, and memory with it', () => {
    let tooLarge = 0;
    let events = 0;
    const scanner = new SseScanner({ onEvent: () => events++, onTooLarge: () => tooLarge++ }, 64 * 1024);
    const piece = Buffer.alloc(16 * 1024, 'x');
    scanner.push(Buffer.from('data: '), 0, 6);
    const before = process.memoryUsage().arrayBuffers;
    // 2 GiB of one line.
    for (let i = 0; i < 131_072; i++) scanner.push(piece, 0, piece.length);
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024);
    assert.equal(tooLarge, 1);
    scanner.push(Buffer.from('\n\ndata: a\n\n'), 0, 11);
    assert.equal(events, 0);
    scanner.reset();
    scanner.push(Buffer.from('data: a\n\n'), 0, 9);
    assert.equal(events, 1);
  });

  test('an event of many short lines is given up at the limit too', () => {
    let tooLarge = 0;
    const scanner = new SseScanner({ onEvent: () => assert.fail('no event'), onTooLarge: () => tooLarge++ }, 1024);
    const line = Buffer.from('data: 0123456789\n');
    for (let i = 0; i < 1000; i++) scanner.push(line, 0, line.length);
    scanner.push(Buffer.from('\n'), 0, 1);
    assert.equal(tooLarge, 1);
  });

  test('a line just within the limit in one read, and one just over it', () => {
    const sizes: number[] = [];
    let tooLarge = 0;
    const scanner = new SseScanner({ onEvent: (_, start, end) => sizes.push(end - start), onTooLarge: () => tooLarge++ }, 100);
    const fits = Buffer.from(`data: ${'x'.repeat(94)}\n\n`);
    scanner.push(fits, 0, fits.length);
    assert.deepEqual(sizes, [94]);
    const over = Buffer.from(`data: ${'x'.repeat(95)}\n\n`);
    scanner.push(over, 0, over.length);
    assert.equal(tooLarge, 1);
  });

  test('a handler may begin the next stream from within an event', () => {
    const heard: string[] = [];
    const scanner: SseScanner = new SseScanner({
      onEvent(buffer, start, end) {
        heard.push(buffer.toString('latin1', start, end));
        if (heard.length === 1) scanner.reset();
      },
      onTooLarge() {},
    });
    const bytes = Buffer.from('data: a\n\ndata: b\n\n');
    scanner.push(bytes, 0, bytes.length);
    scanner.push(bytes, 9, bytes.length);
    assert.deepEqual(heard, ['a', 'b']);
  });
});
