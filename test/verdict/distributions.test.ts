import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { incompleteBeta, logGamma, normalQuantile, normalUpperTail, tQuantile, tUpperTail } from '../../src/verdict/distributions.ts';

const near = (found: number, wanted: number, relative = 1e-9) =>
  assert.ok(Math.abs(found - wanted) <= relative * Math.max(1e-300, Math.abs(wanted)), `found ${found}, wanted ${wanted}`);

describe('distributions', () => {
  it('agree with published tables', () => {
    near(normalQuantile(0.01), 2.3263478740408408);
    near(normalQuantile(0.975), -1.959963984540054);
    near(normalUpperTail(5), 2.866515718791933e-7);
    near(normalUpperTail(1), 0.15865525393145707);
    near(normalUpperTail(-1), 0.8413447460685429);
    near(tQuantile(0.01, 19), 2.539483190622288);
    near(tQuantile(0.005, 4), 4.604094871415897);
    near(tQuantile(0.1, 3), 1.6377443536962102);
    near(tUpperTail(1, 1), 0.25);
    near(incompleteBeta(0.5, 2, 3), 0.6875);
    near(logGamma(0.5), Math.log(Math.sqrt(Math.PI)));
    near(logGamma(11), Math.log(3_628_800));
  });

  it('a quantile is the inverse of its tail, for any degrees of freedom', () => {
    const tail = fc.double({ min: 1e-9, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(tail, fc.double({ min: 1, max: 1e4, noNaN: true }), (p, df) => {
        near(tUpperTail(tQuantile(p, df), df), p, 1e-6);
        near(normalUpperTail(normalQuantile(p)), p, 1e-6);
      }),
    );
  });

  it('t tends to the normal distribution', () => near(tUpperTail(2, 1e6), normalUpperTail(2), 1e-4));
});
