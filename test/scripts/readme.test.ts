import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { withTables } from '../../scripts/readme.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFile(new URL(path, root), 'utf8');
const empty = '# T\n<!-- inputs:begin -->\nstale row\n<!-- inputs:end -->\nbetween\n<!-- outputs:begin -->\n<!-- outputs:end -->\nend\n';

suite('tables of the README', () => {
  test('the committed README says what action.yml says', async () => {
    const readme = await read('README.md');
    assert.equal(withTables(readme, await read('action.yml')), readme, 'run: node scripts/readme.ts');
  });

  test('every input and output has a row; what stands around the tables stays', async () => {
    const action = await read('action.yml');
    const text = withTables(empty, action);
    const manifest = parse(action) as { inputs: object; outputs: object };
    for (const name of [...Object.keys(manifest.inputs), ...Object.keys(manifest.outputs)])
      assert.match(text, new RegExp(`^\\| \`${name}\` +\\|`, 'm'));
    assert.ok(text.startsWith('# T\n<!-- inputs:begin -->\n|') && text.endsWith('<!-- outputs:end -->\nend\n'));
    assert.ok(text.includes('<!-- inputs:end -->\nbetween\n<!-- outputs:begin -->') && !text.includes('stale row'));
  });

  test('writing twice is writing once', async () => {
    const action = await read('action.yml');
    const once = withTables(empty, action);
    assert.equal(withTables(once, action), once);
  });

  test('a pipe and a line break in a description do not break the table', () => {
    const text = withTables(empty, 'inputs:\n  a: { description: "x | y\\nz", default: "p|q" }\noutputs: {}\n');
    assert.match(text, /^\| `a` +\| x \\\| y z +\| `p\\\|q` +\|$/m);
  });

  test('a missing, doubled or reversed marker is an error', () => {
    const action = 'inputs: {}\noutputs: {}\n';
    for (const broken of [
      'nothing',
      empty.replace('<!-- inputs:end -->', ''),
      `${empty}<!-- outputs:begin -->`,
      empty.replace('inputs:begin', 'inputs:x').replace('inputs:end', 'inputs:begin').replace('inputs:x', 'inputs:end'),
    ])
      assert.throws(() => withTables(broken, action), /expected <!-- (in|out)puts:begin --> once/);
  });
});
