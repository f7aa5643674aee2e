import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as z from 'zod';
import { ApiError } from '../../src/mock/api-error.ts';
import { instanceOf } from '../../src/mock/schema-instance.ts';

// Schemas that can be satisfied, of the words that are supported.
const { schema: schemas } = fc.letrec((tie) => ({
  schema: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('object'), tie('array'), tie('union')),
  leaf: fc.oneof(
    fc.record({ type: fc.constant('string') }),
    fc.tuple(fc.nat(8), fc.nat(8)).map(([minLength, more]) => ({ type: 'string', minLength, maxLength: minLength + more })),
    fc.constantFrom('date-time', 'date', 'email', 'uuid', 'ipv4').map((format) => ({ type: 'string', format })),
    fc.tuple(fc.integer({ min: -50, max: 50 }), fc.nat(20)).map(([minimum, more]) => ({ type: 'integer', minimum, maximum: minimum + more })),
    fc
      .tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 9 }))
      .map(([exclusiveMinimum, multipleOf]) => ({ type: 'integer', exclusiveMinimum, multipleOf })),
    fc.tuple(fc.double({ min: -9, max: 9, noNaN: true }), fc.double({ min: 0.01, max: 3, noNaN: true })).map(([low, more]) => ({
      type: 'number',
      exclusiveMinimum: low,
      exclusiveMaximum: low + more,
    })),
    fc.constantFrom({ type: 'boolean' }, { type: 'null' }, { const: 7 }, { enum: ['a', 'b'] }),
  ),
  object: fc.tuple(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('schema'), { maxKeys: 4 }), fc.boolean()).map(([properties, all]) => ({
    type: 'object',
    properties,
    required: Object.keys(properties).slice(all ? 0 : 1),
    additionalProperties: false,
  })),
  array: fc.tuple(tie('schema'), fc.nat(4)).map(([items, minItems]) => ({ type: 'array', items, minItems })),
  union: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
}));

test('what is made satisfies the schema', () => {
  fc.assert(
    fc.property(schemas, (schema) => {
      const value = JSON.parse(JSON.stringify(instanceOf(schema)));
      const checked = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value);
      assert.ok(checked.success, `${JSON.stringify(value)} for ${JSON.stringify(schema)}`);
    }),
    { numRuns: 300 },
  );
});

test('references, lists of types, allOf and unique items', () => {
  const tree = {
    $ref: '#/$defs/node',
    $defs: { node: { type: 'object', properties: { name: { type: 'string' }, next: { $ref: '#/$defs/node' } }, required: ['name'] } },
  };
  assert.deepEqual(instanceOf(tree), { name: 'text' });
  assert.equal(instanceOf({ type: ['integer', 'null'] }), 0);
  assert.deepEqual(
    instanceOf({
      allOf: [
        { type: 'object', properties: { a: { const: 1 } }, required: ['a'] },
        { properties: { b: { const: 2 } }, required: ['b'] },
      ],
    }),
    { a: 1, b: 2 },
  );
  assert.deepEqual(instanceOf({ type: 'array', items: { type: 'integer' }, minItems: 3, uniqueItems: true }), [0, 1, 2]);
  assert.deepEqual(instanceOf({ type: 'array', prefixItems: [{ const: 'x' }], items: { const: 'y' }, minItems: 2 }), ['x', 'y']);
  assert.deepEqual(instanceOf({ type: 'object', required: ['free'] }), { free: null });
});

test('what cannot be satisfied is refused with a reason', () => {
  const endless = { $ref: '#/$defs/node', $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } }, required: ['next'] } } };
  const cases: [unknown, RegExp][] = [
    [endless, /requires itself/],
    [{ $ref: '#/nowhere' }, /leads nowhere/],
    [{ $ref: 'other.json' }, /leads nowhere/],
    [{ enum: [] }, /enum is empty/],
    [{ type: 'string', pattern: '^a$' }, /pattern is not supported/],
    [{ type: 'integer', minimum: 3, maximum: 2 }, /no number lies between 3 and 2/],
    [{ type: 'thing' }, /type "thing" is not known/],
    ['text', /has to be an object/],
  ];
  for (const [schema, message] of cases) {
    assert.throws(
      () => instanceOf(schema),
      (error: unknown) => error instanceof ApiError && error.status === 400 && message.test(error.message),
      String(message),
    );
  }
});
