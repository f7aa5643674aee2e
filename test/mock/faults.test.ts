import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFaultPicker, faultProblems, parseFault } from '../../src/mock/faults.ts';
import { createRandom } from '../../src/mock/random.ts';

test('a fault is a name and perhaps an amount', () => {
  assert.deepEqual(parseFault('reset'), { name: 'reset', amount: null });
  assert.deepEqual(parseFault(' slow=2.5 '), { name: 'slow', amount: 2.5 });
  assert.deepEqual(parseFault('retry_after=1'), { name: '429', amount: 1 });
  assert.deepEqual(parseFault('huge_line@9', '@'), { name: 'huge_line', amount: 9 });
  assert.match(parseFault('boom') as string, /^expected one of .*reset.*, found "boom"$/);
  for (const wrong of ['slow=', 'slow=x', 'slow=0', 'reset=-1', 'reset=1=2', 'stall=Infinity', 'toString', '__proto__'])
    assert.equal(typeof parseFault(wrong), 'string', wrong);
});

test('any text is either a fault or a sentence', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^(reset|slow|429)=.*$/)), (text) => {
      const fault = parseFault(text);
      if (typeof fault === 'string') assert.match(fault, /^expected /);
      else assert.ok(fault.amount === null || (Number.isFinite(fault.amount) && fault.amount >= 0));
    }),
  );
});

test('every wrong rate is named, and a sum above 1', () => {
  assert.deepEqual(faultProblems({ '500': 0.5, 'slow@2': 0.5 }), []);
  const problems = faultProblems({ boom: 0.1, '500': 2, stall: null, reset: 0.6, '429': 0.6 });
  assert.equal(problems.length, 4);
  for (const part of [/found "boom"$/, /for 500, found 2$/, /for stall, found nothing$/, /add up to 1\.3,/])
    assert.ok(
      problems.some((problem) => part.test(problem)),
      String(part),
    );
});

test('over many draws each fault comes as often as its rate', () => {
  const pick = createFaultPicker({ '500': 0.1, 'stall@2': 0.05 }, createRandom(3));
  const counts = new Map<string, number>();
  for (let index = 0; index < 100_000; index++) {
    const name = pick()?.name ?? 'none';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  assert.ok(Math.abs(counts.get('500')! / 100_000 - 0.1) < 0.005);
  assert.ok(Math.abs(counts.get('stall')! / 100_000 - 0.05) < 0.005);
});
