import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { printConfig } from '../../src/config/print.ts';
import { maskSecrets } from '../../src/config/yaml/mask.ts';
import { flag, project } from './project.ts';

test('the resolved whole as YAML, each value with its origin, secrets masked', async () => {
  await using here = await project({
    'llm-bench.yaml': `target:
  command: serve \${PORT}
  setup: [make]
  env: { MODEL: small, HF_TOKEN: hunter2, MONKEY: visible }
  headers: { X-API-Key: hunter2, X-Team: blue }
baseline: { file: [a.json, b.json] }
`,
  });
  const config = await here.load({
    overrides: [flag('concurrency', 'load.concurrency', '8'), flag('header', 'request.headers', { Authorization: 'Bearer hunter2' })],
  });
  const text = printConfig(config);
  assert.ok(!text.includes('hunter2'));
  for (const line of [
    '  command: serve ${PORT} # llm-bench.yaml:2:12',
    '    MODEL: small # llm-bench.yaml:4:17',
    '    MONKEY: visible # llm-bench.yaml:4:51',
    '      concurrency: 8 # flag --concurrency',
    'mode: auto # default',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} not in\n${text}`);
  }
  const back = parse(text);
  assert.deepEqual(back.scenarios[0].load, config.scenarios[0]!.load);
  assert.deepEqual(back.thresholds, config.thresholds);
  assert.deepEqual(back.baseline, { file: ['a.json', 'b.json'] });
  assert.deepEqual(back.target.headers, { 'X-API-Key': '***', 'X-Team': 'blue' });
  assert.equal(back.fail_on, 'regressed');
});

test('a password in an address is masked', () => {
  assert.deepEqual(maskSecrets({ target: { base_url: 'http://user:pw@host:1/x' } }), { target: { base_url: 'http://***@host:1/x' } });
  assert.deepEqual(maskSecrets({ base_url: 'http://user:p@w@host/x@y' }), { base_url: 'http://***@host/x@y' });
});

test('no baseline and a branch of results print as they are written', async () => {
  for (const [written, printed] of [
    ['none', 'none'],
    ['{ git_branch: b }', { git_branch: 'b' }],
    ['{ folder: f }', { folder: 'f' }],
  ] as const) {
    await using here = await project({ 'llm-bench.yaml': `baseline: ${written}\n` });
    assert.deepEqual(parse(printConfig(await here.load())).baseline, printed);
  }
});
