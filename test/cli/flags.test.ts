import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { chatServer, told, Workspace } from './harness.ts';

/** Starts nothing that is not to be started: the file would be there. */
const starts = ['--command', 'touch started; exec sleep 150'];

test('bad values of flags are told all at once, before anything is started', async () => {
  await using workspace = await Workspace.open();
  const finished = await workspace.run(['run', ...starts, '-n', '0', '-c', 'many', '--duration', '5 parsecs', '--timeout', '-3s', '--api', 'chatt']);
  assert.equal(finished.code, 2, told(finished));
  for (const flag of ['--num-requests', '--concurrency', '--duration', '--timeout', '--api'])
    assert.ok(finished.stderr.includes(flag), told(finished));
  assert.match(finished.stderr, /chat, completions|chat.*completions.*http/s);
  assert.equal(finished.stdout, '');
  assert.ok(!existsSync(workspace.file('started')));
});

test('whoever reads the output may stop, as head does: no error, and the exit code is the same', async () => {
  await using workspace = await Workspace.open();
  const started = workspace.start(['mock', '--help']);
  started.child.stdout.destroy();
  const finished = await started.done;
  assert.deepEqual([finished.code, finished.stderr], [0, '']);
});

test('an unknown flag, a flag without its value and an unknown command are usage errors', async () => {
  await using workspace = await Workspace.open();
  for (const [args, expected] of [
    [['run', '--concurency', '4'], /--concurrency/],
    [['run', ...starts, '-n'], /-n, --num-requests/],
    [['rnu'], /run/],
    [['run', ...starts, '--runs', '0'], /--runs/],
    [['run', ...starts, '--transport', 'pigeon'], /auto, socket, undici/],
    [['run', ...starts, '--header', 'no-colon'], /NAME:VALUE/],
    [['run', ...starts, '--body', 'nowhere.json', '--api', 'http'], /nowhere\.json/],
    [['run', ...starts, '--scenario', 'quick_validatoin'], /quick_validation/],
    [['run', ...starts, '--config', 'nowhere.yaml'], /nowhere\.yaml/],
    [['run', ...starts, '--prompts', 'nowhere.jsonl'], /nowhere\.jsonl/],
    [['run', ...starts, '--thresholds', 'nowhere.yaml'], /nowhere\.yaml/],
    [['selftest', '--rate', '5', '-c', '3'], /--rate .*cannot be used with .*--concurrency/],
  ] as const) {
    const finished = await workspace.run([...args]);
    assert.equal(finished.code, 2, `${args.join(' ')}: ${told(finished)}`);
    assert.match(finished.stderr, expected, args.join(' '));
    assert.doesNotMatch(finished.stderr, /\n {4}at /, 'no stack');
  }
  assert.ok(!existsSync(workspace.file('started')));
});

test('every fault of the configuration at once, each with its place, before anything is started', async () => {
  await using workspace = await Workspace.open();
  await writeFile(
    workspace.file('llm-bench.yaml'),
    [
      'target:',
      '  command: touch started; exec sleep 150',
      '  modle: m',
      'scenario:',
      '  name: mine',
      '  warmup: -1',
      '  load: { requests: 0 }',
      'mode: guess',
      '',
    ].join('\n'),
  );
  const finished = await workspace.run(['run']);
  assert.equal(finished.code, 2, told(finished));
  for (const place of [/llm-bench\.yaml:3:3: .*modle.*model/, /llm-bench\.yaml:6:\d+: /, /llm-bench\.yaml:8:7: .*rules/])
    assert.match(finished.stderr, place);
  assert.ok(!existsSync(workspace.file('started')));
});

test('YAML that is none is told with its place', async () => {
  await using workspace = await Workspace.open();
  await writeFile(workspace.file('llm-bench.yaml'), 'target:\n  command: [unclosed\n');
  const finished = await workspace.run(['run']);
  assert.equal(finished.code, 2, told(finished));
  assert.match(finished.stderr, /llm-bench\.yaml:\d+:\d+: /);
});

test('an API key that is named and not set is told before anything is started', async () => {
  await using workspace = await Workspace.open();
  await writeFile(workspace.file('llm-bench.yaml'), 'target: { command: touch started; exec sleep 150, api_key_env: MY_KEY }\n');
  const finished = await workspace.run(['run']);
  assert.equal(finished.code, 2, told(finished));
  assert.match(finished.stderr, /MY_KEY/);
  assert.ok(!existsSync(workspace.file('started')));
});

test('--print-config shows the whole configuration and where each value comes from, and starts nothing', async () => {
  await using workspace = await Workspace.open();
  await writeFile(
    workspace.file('llm-bench.yaml'),
    'target: { name: mine, command: touch started, model: m, env: { HF_TOKEN: hf_secret_1234 } }\nscenario: quick_validation\n',
  );
  const finished = await workspace.run(['run', '--print-config', '-c', '3', '--header', 'Authorization: Bearer sk-secret-5678']);
  assert.equal(finished.code, 0, told(finished));
  const config = parse(finished.stdout);
  assert.deepEqual([config.target.name, config.target.model, config.scenarios[0].load.concurrency, config.scenarios[0].warmup], ['mine', 'm', 3, 2]);
  assert.match(finished.stdout, /concurrency: 3 # flag --concurrency/);
  assert.match(finished.stdout, /model: m # llm-bench\.yaml:1:\d+/);
  assert.match(finished.stdout, /warmup: 2 # scenario quick_validation/);
  assert.match(finished.stdout, /seed: 0 # default/);
  assert.doesNotMatch(finished.stdout + finished.stderr, /hf_secret_1234|sk-secret-5678/);
  assert.ok(!existsSync(workspace.file('started')));
  assert.ok(!existsSync(workspace.file('bench_results.json')));
});

test('--list names every scenario and target, those of this project too, and starts nothing', async () => {
  await using workspace = await Workspace.open();
  await mkdir(workspace.file('config', 'scenarios'), { recursive: true });
  await writeFile(workspace.file('config', 'scenarios', 'night_shift.yaml'), 'description: What runs at night.\nextends: default\n');
  const finished = await workspace.run(['run', '--list', ...starts]);
  assert.equal(finished.code, 0, told(finished));
  for (const line of [/^Scenarios:$/m, /^Targets:$/m, /^ {2}default /m, /^ {2}quick_validation /m, /^ {2}night_shift +What runs at night\.$/m])
    assert.match(finished.stdout, line);
  assert.ok(!existsSync(workspace.file('started')));
});

test('every command says what it takes', async () => {
  await using workspace = await Workspace.open();
  const whole = await workspace.run(['--help']);
  assert.equal(whole.code, 0, told(whole));
  for (const name of ['run', 'check', 'compare', 'report', 'merge', 'mock', 'init']) {
    assert.match(whole.stdout, new RegExp(`^ {2}${name}\\b`, 'm'));
    const help = await workspace.run([name, '--help']);
    assert.equal(help.code, 0, told(help));
    assert.match(help.stdout, new RegExp(`^Usage: llm-bench ${name}`));
    assert.equal(help.stderr, '');
  }
  const version = await workspace.run(['--version']);
  assert.deepEqual([version.code, version.stdout.trim().split('.').length], [0, 3]);
});

test('without a command, the help is shown and it is a usage error', async () => {
  await using workspace = await Workspace.open();
  const finished = await workspace.run([]);
  assert.equal(finished.code, 2, told(finished));
  assert.match(finished.stdout + finished.stderr, /Usage: llm-bench/);
});

// A terminal is lent by `script` of util-linux; elsewhere there is none to try.
test('colours on a terminal, none with NO_COLOR', { skip: !existsSync('/usr/bin/script') || process.platform !== 'linux' }, async () => {
  await using workspace = await Workspace.open();
  await using server = await chatServer();
  const args = ['run', '--url', server.url, '-n', '3'];
  const plain = await workspace.onTerminal(args, { NO_COLOR: '1', TERM: 'xterm' });
  const coloured = await workspace.onTerminal(args, { TERM: 'xterm' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
  const colour = /\u001b\[[0-9;]*m/;
  assert.match(coloured.stdout, colour);
  assert.doesNotMatch(plain.stdout, colour);
  assert.match(plain.stdout, /Total requests:\s+3/);
});
