import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeadParser } from '../../src/protocol/http1-head.ts';
import { Http1Reader, Progress } from '../../src/protocol/http1-reader.ts';
import { behaviours } from './behaviours.ts';
import { seeded } from './random.ts';

interface Outcome {
  status: number;
  body: string;
  error: string | null;
  /** Where the message ended, of the bytes fed in all; -1 while it has not. */
  end: number;
}

/** Feeds the bytes cut as told, every piece at the same place of the same memory, as sockets do. */
function read(bytes: Buffer, cuts: readonly number[], method: string, closed: boolean): Outcome {
  const outcome: Outcome = { status: 0, body: '', error: null, end: -1 };
  const shared = Buffer.alloc(bytes.length + 1);
  const reader = new Http1Reader(
    {
      onHead(status) {
        assert.equal(outcome.status, 0, 'one head');
        outcome.status = status;
      },
      onBody(buffer, start, end) {
        assert.ok(end > start, 'no empty body parts');
        outcome.body += buffer.toString('latin1', start, end);
      },
    },
    new HeadParser(),
    16_384,
  );
  reader.begin(method);
  let from = 0;
  let progress: Progress = Progress.more;
  for (const to of [...cuts, bytes.length]) {
    if (to === from) continue;
    bytes.copy(shared, 1, from, to);
    progress = reader.feed(shared, 1, 1 + to - from);
    if (progress === Progress.complete) outcome.end = from + reader.rest - 1;
    from = to;
    if (progress !== Progress.more) break;
  }
  if (progress === Progress.more && closed) progress = reader.finish();
  if (progress === Progress.failed) outcome.error = reader.errorKind;
  return outcome;
}

describe('HTTP/1.1 reader', () => {
  for (const behaviour of behaviours) {
    test(`${behaviour.name}: the same wherever it is cut`, () => {
      const bytes = Buffer.from(behaviour.bytes, 'latin1');
      const method = behaviour.method ?? 'POST';
      const closed = behaviour.after === 'fin';
      const whole = read(bytes, [], method, closed);
      if (behaviour.after !== 'reset') {
        assert.equal(whole.error, behaviour.expect.error);
        assert.equal(whole.status, behaviour.expect.status ?? 0);
        assert.equal(whole.body, behaviour.expect.body ?? '');
      }
      const step = Math.max(1, Math.floor(bytes.length / 400));
      for (let cut = 0; cut <= bytes.length; cut += step) assert.deepEqual(read(bytes, [cut], method, closed), whole, `cut at ${cut}`);
      if (bytes.length > 5000) return;
      const everywhere = Array.from({ length: bytes.length }, (_, i) => i);
      assert.deepEqual(read(bytes, everywhere, method, closed), whole, 'byte by byte');
      const random = seeded(bytes.length);
      for (let i = 0; i < 100; i++) {
        const cuts = random.cuts(bytes.length, random.below(10));
        assert.deepEqual(read(bytes, cuts, method, closed), whole, `cut at ${cuts}`);
      }
    });
  }

  test('damaged answers never throw, and never yield more body than was sent', () => {
    const random = seeded(99);
    const seeds = behaviours.filter(({ bytes }) => bytes.length > 0 && bytes.length < 2000).map(({ bytes }) => Buffer.from(bytes, 'latin1'));
    for (let i = 0; i < 20_000; i++) {
      const bytes = Buffer.from(random.pick(seeds));
      for (let k = 0; k < 1 + random.below(3); k++) bytes[random.below(bytes.length)] = random.pick([0, 9, 10, 13, 32, 48, 49, 58, 59, 97, 255]);
      const cuts = random.cuts(bytes.length, random.below(4));
      const whole = read(bytes, [], 'POST', true);
      assert.deepEqual(read(bytes, cuts, 'POST', true), whole, `${JSON.stringify(bytes.toString('latin1'))} cut at ${cuts}`);
      assert.ok(whole.body.length <= bytes.length);
    }
  });

  test('endless chunk extensions and trailers are refused', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    const extension = Buffer.from(`${head}1;${'a'.repeat(20_000)}`);
    assert.equal(read(extension, [], 'GET', false).error, 'malformed');
    const trailer = Buffer.from(`${head}0\r\n${'X-A: b\r\n'.repeat(4000)}`);
    assert.equal(read(trailer, [], 'GET', false).error, 'too_large');
  });
});
