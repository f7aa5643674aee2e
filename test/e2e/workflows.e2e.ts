import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { programOf, unless } from './components.ts';
import { actionFolder } from './staged.ts';
import { cli, type Finished, scratch, start, told } from './support.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** A repository of its own with what is shipped, dist/ included: actionlint looks from `uses: ./` into action.yml, and from there into dist/. */
async function shipped(t: TestContext): Promise<string> {
  const folder = await scratch(t);
  await cp(actionFolder, folder, { recursive: true });
  await promisify(execFile)('git', ['init', '-q'], { cwd: folder });
  return folder;
}

/** Everything that is a workflow: our own, and those of the examples, whatever they are called there. */
function workflows(folder: string): string[] {
  return globSync(['.github/workflows/*.{yml,yaml}', 'examples/**/*.{yml,yaml}'], { cwd: folder })
    .map((file) => join(folder, file))
    .filter((file) => /^jobs:/m.test(readFileSync(file, 'utf8')))
    .sort();
}

/** In a folder of its own: in a repository it would look for that one's configuration. */
async function actionlint(t: TestContext, files: string[]): Promise<Finished> {
  return start(t, programOf('actionlint'), ['-no-color', '-shellcheck=', '-pyflakes=', '-config-file', fixture('actionlint.yml'), ...files], {
    cwd: await scratch(t),
  }).done;
}

async function zizmor(t: TestContext, files: string[]): Promise<Finished> {
  const args = ['--offline', '--no-progress', '--color', 'never', '--strict-collection', '--config', fixture('zizmor.yml'), ...files];
  return start(t, programOf('zizmor'), args, { cwd: await scratch(t) }).done;
}

async function initialised(t: TestContext): Promise<string> {
  const folder = await scratch(t);
  const init = await cli(t, ['init', '--dir', folder], { cwd: folder });
  assert.equal(init.code, 0, told(init));
  return join(folder, '.github', 'workflows', 'llm-bench.yml');
}

for (const [name, lint] of [
  ['actionlint', actionlint],
  ['zizmor', zizmor],
] as const) {
  const skip = unless(name);

  test(`${name} has nothing to say of the workflow that init writes`, { skip }, async (t) => {
    const linted = await lint(t, [await initialised(t)]);
    assert.equal(linted.code, 0, told(linted));
  });

  test(`${name} has nothing to say of the workflows of this repository and its examples`, { skip }, async (t) => {
    const files = workflows(await shipped(t));
    assert.ok(files.length > 2, `only ${files.join(', ')}`);
    const linted = await lint(t, files);
    assert.equal(linted.code, 0, told(linted));
  });

  test(`${name} finds what is wrong with a workflow`, { skip }, async (t) => {
    const folder = join(await scratch(t), '.github', 'workflows');
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'bad.yml');
    // An unknown context for the one, and a title of a stranger in a shell for both.
    const script = 'run: echo $' + '{{ github.event.issue.title }} $' + '{{ nothing.here }}';
    await writeFile(file, `on: issues\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - ${script}\n`);
    const linted = await lint(t, [file]);
    assert.notEqual(linted.code, 0, told(linted));
    assert.match(linted.stdout, /github\.event\.issue\.title/, told(linted));
  });
}

test('zizmor has nothing to say of the action itself', { skip: unless('zizmor') }, async (t) => {
  const folder = await shipped(t);
  const linted = await zizmor(
    t,
    globSync(['action.yml', '*/action.yml'], { cwd: folder }).map((file) => join(folder, file)),
  );
  assert.equal(linted.code, 0, told(linted));
});

test('actionlint accepts the inputs and outputs of action.yml where a workflow uses it', { skip: unless('actionlint') }, async (t) => {
  // Only for an action of the same repository does it read action.yml, and hold the workflow's inputs and outputs against it.
  const folder = await shipped(t);
  const step = (inputs: string, output: string) =>
    `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - id: bench\n        uses: ./\n        with: { ${inputs} }\n      - run: echo $` +
    `{{ steps.bench.outputs.${output} }}\n`;
  const run = async (text: string) => {
    const file = join(folder, '.github', 'workflows', 'check.yml');
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text);
    return start(t, programOf('actionlint'), ['-no-color', '-shellcheck=', '-pyflakes=', file], { cwd: folder }).done;
  };
  const good = await run(step('command: ./serve, fail-on: never, comment-key: mine, base-ref: main, artifact-name: mine', 'regressed-metrics'));
  assert.equal(good.code, 0, told(good));
  const bad = await run(step('comand: ./serve', 'verdit'));
  assert.equal(bad.code, 1, told(bad));
  assert.match(bad.stdout, /input "comand" is not defined/);
  assert.match(bad.stdout, /property "verdit" is not defined/);
});
