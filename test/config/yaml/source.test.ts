import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseYaml } from '../../../src/config/yaml/source.ts';

test('places of values and keys', () => {
  const source = parseYaml('a.yaml', 'one:\n  two: [10, 20]\n  three:\nfour: x\n');
  assert.deepEqual(source.locate(['one', 'two', 1]), { file: 'a.yaml', line: 2, column: 13 });
  assert.deepEqual(source.locate(['one', 'two'], 'key'), { file: 'a.yaml', line: 2, column: 3 });
  assert.deepEqual(source.locate(['one', 'three']), { file: 'a.yaml', line: 3, column: 3 });
  assert.deepEqual(source.locate(['four', 'nothing', 'here']), { file: 'a.yaml', line: 4, column: 7 });
  assert.deepEqual(source.value, { one: { two: [10, 20], three: null }, four: 'x' });
});

test('values behind aliases and merge keys are found where they were written', () => {
  const source = parseYaml('a.yaml', 'base: &base\n  a: 1\nuse: *base\nmore:\n  <<: *base\n  b: 2\n');
  assert.deepEqual(source.value, { base: { a: 1 }, use: { a: 1 }, more: { a: 1, b: 2 } });
  assert.equal(source.locate(['use', 'a']).line, 2);
  assert.equal(source.locate(['more', 'a']).line, 2);
  assert.equal(source.locate(['more', 'b']).line, 6);
});

test('syntax errors, duplicate keys and a second document are issues with places', () => {
  assert.match(parseYaml('a.yaml', 'a: [1\nb: 2\n').issues[0]!.message, /not valid YAML/);
  const [duplicate] = parseYaml('a.yaml', 'a: 1\nb: 2\na: 3\n').issues;
  assert.deepEqual([duplicate!.line, duplicate!.column], [3, 1]);
  assert.match(duplicate!.message, /given twice/);
  assert.match(parseYaml('a.yaml', 'a: 1\n---\nb: 2\n').issues[0]!.message, /one YAML document/);
});

test('an alias bomb is refused', () => {
  const levels = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(', ')}]`);
  const source = parseYaml('bomb.yaml', ['l0: &l0 [x]', ...levels].join('\n'));
  assert.equal(source.value, undefined);
  assert.match(source.issues[0]!.message, /alias/i);
});

const key = fc.stringMatching(/^[a-z][a-z0-9_.*-]{0,8}$/);
const { tree } = fc.letrec<{ tree: unknown; leaf: unknown; map: Record<string, unknown>; list: unknown[] }>((tie) => ({
  leaf: fc.oneof(fc.integer(), fc.boolean(), fc.string({ minLength: 1, maxLength: 12 })),
  map: fc.dictionary(key, tie('tree'), { minKeys: 1, maxKeys: 4 }),
  list: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
  tree: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('map'), tie('list')),
}));

test('each key of any document is located where the text has it', () => {
  fc.assert(
    fc.property(fc.dictionary(key, tree, { minKeys: 1, maxKeys: 5 }), fc.boolean(), (value, flow) => {
      const text = stringify(value, flow ? { collectionStyle: 'flow', lineWidth: 0 } : { lineWidth: 0 });
      const source = parseYaml('x.yaml', text);
      assert.deepEqual(source.issues, []);
      const lines = text.split('\n');
      const visit = (here: unknown, path: (string | number)[]): void => {
        if (typeof here !== 'object' || here === null) return;
        for (const [name, inner] of Object.entries(here)) {
          const at = [...path, Array.isArray(here) ? Number(name) : name];
          const place = source.locate(at, 'key');
          const rest = lines[place.line! - 1]!.slice(place.column! - 1);
          if (!Array.isArray(here))
            assert.ok(rest.startsWith(name) || rest.startsWith(`"${name}`) || rest.startsWith(`? ${name}`), `${JSON.stringify(at)} at ${rest}`);
          visit(inner, at);
        }
      };
      visit(value, []);
    }),
    { numRuns: 60 },
  );
});

test('no text makes the reader throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', ':', ' ', '\n', '-', '[', ']', '{', '}', '"', '&', '*', '!', '|', '\t', '<<'), maxLength: 30 }),
      (text) => {
        const source = parseYaml('x.yaml', text);
        for (const issue of source.issues) assert.ok(issue.line! >= 1 && issue.column! >= 1);
        assert.ok(source.locate(['a', 0, 'b']).line! >= 1);
      },
    ),
    { numRuns: 300 },
  );
});
