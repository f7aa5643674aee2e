import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadInputs } from '../../src/action/inputs.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { project } from '../config/project.ts';

const none = () => false;

function env(inputs: Record<string, string>): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]));
}

test('nothing given: nothing overridden', () => {
  const expected = {
    overrides: [],
    configFile: null,
    workingDirectory: '.',
    baseRef: null,
    budgetSeconds: 300,
    commentKey: null,
    artifactName: null,
    githubToken: null,
  };
  assert.deepEqual(loadInputs({}, none), expected);
  assert.deepEqual(loadInputs(env({ scenario: '', mode: '  ', baseline: '', 'fail-on': '' }), none), expected);
});

test('all inputs', () => {
  const inputs = loadInputs(
    env({
      config: 'ci/bench.yaml',
      scenario: 'a, b\nc',
      target: 'gke-t4',
      command: 'serve ${PORT}',
      'base-url': 'http://h',
      model: 'm',
      mode: 'paired',
      baseline: 'none',
      'base-ref': 'develop',
      budget: '90s',
      thresholds: 't.yaml',
      'fail-on': 'inconclusive',
      comment: 'on-change',
      'comment-key': 'k',
      'artifact-name': 'n',
      'working-directory': 'sub',
      'github-token': 't',
    }),
    none,
  );
  assert.deepEqual(Object.fromEntries(inputs.overrides.map(({ key, value }) => [key, value])), {
    scenario: ['a', 'b', 'c'],
    target: 'gke-t4',
    'target.command': 'serve ${PORT}',
    'target.base_url': 'http://h',
    'target.model': 'm',
    mode: 'paired',
    baseline: 'none',
    thresholds: 't.yaml',
    fail_on: 'inconclusive',
    'report.comment': 'on-change',
  });
  assert.ok(inputs.overrides.some(({ origin }) => origin === 'input fail-on'));
  const { overrides: _, ...rest } = inputs;
  assert.deepEqual(rest, {
    configFile: 'ci/bench.yaml',
    workingDirectory: 'sub',
    baseRef: 'develop',
    budgetSeconds: 90,
    commentKey: 'k',
    artifactName: 'n',
    githubToken: 't',
  });
});

test('the forms of a baseline', () => {
  const baseline = (text: string, exists: (path: string) => boolean = none) => loadInputs(env({ baseline: text }), exists).overrides[0]!.value;
  assert.deepEqual(baseline('baselines/main.json'), { file: 'baselines/main.json' });
  assert.deepEqual(
    baseline('main-result', (path) => path.endsWith('main-result')),
    { file: 'main-result' },
  );
  assert.deepEqual(baseline('main-result'), { artifact: 'main-result' });
  assert.deepEqual(baseline('baselines/'), { folder: 'baselines/' });
  assert.deepEqual(baseline('folder: pool'), { folder: 'pool' });
  assert.deepEqual(baseline('file:x'), { file: 'x' });
  assert.deepEqual(baseline('branch:bench-data'), { git_branch: 'bench-data' });
  assert.deepEqual(baseline('artifact:nightly.json'), { artifact: 'nightly.json' });
});

test('bad values, all at once, named by their input', () => {
  assert.throws(
    () => loadInputs(env({ mode: 'pared', 'fail-on': 'always', comment: 'on_change', baseline: 'foldr:x' }), none),
    (error: Error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(error.message.split('\n'), [
        'input mode: expected one of auto, rules, screen, paired, found "pared"; did you mean "paired"?',
        'input fail-on: expected one of regressed, inconclusive, never, found "always"',
        'input comment: expected one of always, on-change, never, found "on_change"; did you mean "on-change"?',
        'input baseline: expected none, a path, an artifact\'s name, or one of file:..., folder:..., branch:..., artifact:..., found "foldr:x"; did you mean "folder"?',
      ]);
      return true;
    },
  );
});

test('what the inputs say wins over the file, and their faults name them', async () => {
  await using here = await project({ 'llm-bench.yaml': 'mode: rules\nbaseline: { folder: b }\n' });
  const { overrides } = loadInputs(env({ mode: 'screen', baseline: 'x.json', command: 'serve ${PORT}' }), none);
  const config = await here.load({ overrides });
  assert.deepEqual([config.mode, config.baseline, config.target.command], ['screen', { kind: 'file', files: ['x.json'] }, 'serve ${PORT}']);
  assert.equal(config.origins['mode'], 'input mode');
  const faults = await here.faults({ overrides: loadInputs(env({ 'base-url': 'localhost:1' }), none).overrides });
  assert.match(faults.join(), /^input base-url: expected an address such as/);
});
