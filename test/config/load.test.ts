import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { executorSchemas } from '../../src/load/executors/registry.ts';
import { builtinRoot, flag, project } from './project.ts';

test('nothing given: the embedded engine, its scenario, the shipped thresholds', async () => {
  await using empty = await project();
  const config = await empty.load();
  assert.equal(config.embedded, true);
  assert.equal(config.target.name, 'embedded');
  assert.equal(config.target.base_url, undefined);
  assert.deepEqual(
    config.scenarios.map(({ name, load, timeout, warmup, request }) => ({
      name,
      load,
      timeout,
      warmup,
      api: request.api,
      stream: request.stream,
      max: request.max_tokens,
    })),
    [{ name: 'embedded', load: { executor: 'closed', requests: 100, concurrency: 1 }, timeout: 30, warmup: 0, api: 'chat', stream: true, max: null }],
  );
  assert.equal(config.scenarios[0]!.request.prompts, join(builtinRoot, 'prompts.jsonl'));
  assert.equal(config.thresholds.series['*']!['latency_s.p95']!.max_regression_percent, 20);
  assert.deepEqual(config.baseline, { kind: 'artifact', artifact: 'llm-bench-baseline', branch: null });
  assert.deepEqual([config.mode, config.failOn, config.report], ['auto', 'regressed', { comment: 'always', html: false }]);
  assert.deepEqual(config.warnings, []);
  assert.equal(config.root, empty.dir);
});

test('a model alone is still the embedded engine; an address, a command or an image is not', async () => {
  await using empty = await project();
  const model = await empty.load({ overrides: [flag('model', 'target.model', 'm')] });
  assert.deepEqual([model.embedded, model.target.model], [true, 'm']);
  const address = await empty.load({ overrides: [flag('base-url', 'target.base_url', 'http://localhost:9')] });
  assert.deepEqual([address.embedded, address.target.name, address.scenarios[0]!.name], [false, 'service', 'default']);
  const command = await empty.load({ overrides: [flag('command', 'target.command', 'serve --port ${PORT}')] });
  assert.deepEqual([command.embedded, command.target.base_url, command.target.port], [false, 'http://127.0.0.1:${PORT}', 'auto']);
  assert.equal(command.origins['target.base_url'], 'default');
});

test('an inline target without anything to start or reach is localhost:8000', async () => {
  await using here = await project({ 'llm-bench.yaml': 'target: { model: m }\n' });
  const config = await here.load();
  assert.deepEqual([config.embedded, config.target.base_url, config.target.port], [false, 'http://localhost:8000', undefined]);
});

test('the whole grammar', async () => {
  await using here = await project({
    '.env': 'MY_KEY=abc\n',
    'llm-bench.yaml': `
target:
  name: my-service
  setup: [npm ci, { run: npm run build, timeout_seconds: 5m }]
  command: serve --port \${PORT}
  port: auto
  working_directory: .
  env: { MODEL: small, N: 3, ON: true }
  env_file: .env
  ready: { url: /health, timeout_seconds: 2m }
  base_url: http://127.0.0.1:\${PORT}
  model: my-model
  api_key_env: MY_KEY
  api_key_header: X-API-Key
scenario:
  - quick_validation
  - { name: mine, extends: latency_benchmark, load: { requests: 5 }, warmup: 0 }
thresholds:
  extends: default
  series: { "*": { ttft_ms.p95: { max_regression_percent: 15, warn_regression_percent: 8, max: 500 }, error_rate: { max: 2 } } }
baseline: { artifact: nightly, branch: develop }
mode: rules
report: { comment: on-change, html: true }
fail_on: inconclusive
`,
  });
  const config = await here.load();
  assert.deepEqual(config.target.setup, [{ run: 'npm ci' }, { run: 'npm run build', timeout_seconds: 300 }]);
  assert.deepEqual(config.target.env, { MODEL: 'small', N: '3', ON: 'true' });
  assert.equal(config.target.ready?.timeout_seconds, 120);
  assert.deepEqual(
    config.scenarios.map(({ name, load, warmup, request }) => [name, load['requests'], load['duration'], warmup, request.prompt_tokens]),
    [
      ['quick_validation', 10, 60, 2, [50, 100, 500]],
      ['mine', 5, undefined, 0, [10, 50, 100, 500, 1000, 2000]],
    ],
  );
  assert.deepEqual(config.thresholds.series['*']!['error_rate'], { max: 2 });
  assert.equal(config.thresholds.series['*']!['latency_s.p95']!.max_regression_percent, 20);
  assert.deepEqual(config.baseline, { kind: 'artifact', artifact: 'nightly', branch: 'develop' });
  assert.deepEqual([config.mode, config.failOn, config.report], ['rules', 'inconclusive', { comment: 'on-change', html: true }]);
  assert.deepEqual(config.warnings, []);
});

test('the file is found in .github too, and the one at the root wins with a word about the other', async () => {
  await using one = await project({ '.github/llm-bench.yml': 'mode: rules\n' });
  assert.equal((await one.load()).mode, 'rules');
  await using two = await project({ '.github/llm-bench.yaml': 'mode: rules\n', 'llm-bench.yaml': 'mode: screen\n' });
  const config = await two.load();
  assert.equal(config.mode, 'screen');
  assert.match(config.warnings[0]!.message, /\.github\/llm-bench\.yaml/);
});

test('--config names another file, and a missing one says where it looked', async () => {
  await using here = await project({ 'ci/bench.yaml': 'mode: paired\n' });
  assert.equal((await here.load({ configFile: 'ci/bench.yaml' })).mode, 'paired');
  const [fault] = await here.faults({ configFile: 'ci/bnch.yaml' });
  assert.ok(fault!.includes(join(here.dir, 'ci/bnch.yaml')), fault);
});

test('an empty file is as none', async () => {
  await using here = await project({ 'llm-bench.yaml': '# nothing yet\n' });
  assert.equal((await here.load()).embedded, true);
});

test('precedence: flag over file over scenario over default, with origins', async () => {
  await using here = await project({
    'llm-bench.yaml': 'target: { base_url: "http://h:1", model: from-file }\nscenario: { name: s, extends: own, load: { concurrency: 4 } }\n',
    'config/scenarios/own.yaml': 'load: { requests: 7, concurrency: 2 }\nwarmup: 3\n',
  });
  const config = await here.load({ overrides: [flag('model', 'target.model', 'from-flag'), flag('warmup', 'warmup', '1')] });
  assert.equal(config.target.model, 'from-flag');
  const [scenario] = config.scenarios;
  assert.deepEqual(scenario!.load, { executor: 'closed', requests: 7, concurrency: 4 });
  assert.equal(scenario!.warmup, 1);
  assert.deepEqual(
    [
      'target.model',
      'target.base_url',
      'scenarios.0.load.requests',
      'scenarios.0.load.concurrency',
      'scenarios.0.warmup',
      'scenarios.0.timeout',
      'mode',
    ].map((path) => config.origins[path]),
    ['flag --model', 'llm-bench.yaml:1:21', 'scenario own', 'llm-bench.yaml:2:57', 'flag --warmup', 'default', 'default'],
  );
});

test('a later override of the same key wins, and two that go together stay together', async () => {
  await using empty = await project();
  const config = await empty.load({
    overrides: [
      flag('model', 'target.model', 'a'),
      flag('model', 'target.model', 'b'),
      flag('n', 'load.requests', '5'),
      flag('duration', 'load.duration', '10s'),
    ],
  });
  assert.equal(config.target.model, 'b');
  assert.deepEqual(config.scenarios[0]!.load, { executor: 'closed', requests: 5, duration: 10, concurrency: 1 });
});

test('a length of time replaces a number of requests from below, and the other way round', async () => {
  await using empty = await project();
  const timed = await empty.load({ overrides: [flag('duration', 'load.duration', '10s')] });
  assert.deepEqual(timed.scenarios[0]!.load, { executor: 'closed', duration: 10, concurrency: 1 });
  const counted = await empty.load({
    overrides: [flag('scenario', 'scenario', 'health'), flag('base-url', 'target.base_url', 'http://h'), flag('n', 'load.requests', 7)],
  });
  assert.deepEqual(counted.scenarios[0]!.load, { executor: 'closed', requests: 7, concurrency: 10 });
});

test('another executor brings all its own options', async () => {
  await using here = await project({
    'llm-bench.yaml': 'scenario: { extends: quick_validation, load: { executor: constant, rate: 5, duration: 1m } }\n',
  });
  assert.deepEqual((await here.load()).scenarios[0]!.load, { executor: 'constant', rate: 5, duration: 60 });
});

test('several scenarios by name, by flag', async () => {
  await using empty = await project();
  const config = await empty.load({ overrides: [flag('scenario', 'scenario', 'quick_validation, latency_benchmark')] });
  assert.deepEqual(
    config.scenarios.map(({ name }) => name),
    ['quick_validation', 'latency_benchmark'],
  );
});

test('a user scenario of a shipped name shadows it and may extend it', async () => {
  await using here = await project({ 'config/scenarios/quick_validation.yaml': 'extends: quick_validation\nload: { concurrency: 3 }\n' });
  const config = await here.load({ overrides: [flag('scenario', 'scenario', 'quick_validation')] });
  assert.deepEqual(config.scenarios[0]!.load, { executor: 'closed', requests: 10, duration: 60, concurrency: 3 });
});

test('a scenario file may be named by its path', async () => {
  await using here = await project({ 'bench/night.yaml': 'load: { requests: 3 }\n', 'llm-bench.yaml': 'scenario: ./bench/night.yaml\n' });
  assert.deepEqual(
    (await here.load()).scenarios.map(({ name, load }) => [name, load['requests']]),
    [['night', 3]],
  );
  assert.match((await here.faults({ overrides: [flag('scenario', 'scenario', 'bench/day.yaml')] })).join(), /bench\/day\.yaml not found/);
});

test("the scenario's target is used where no other is named", async () => {
  await using here = await project({ 'config/scenarios/s.yaml': 'target: gke-t4\n' });
  assert.equal((await here.load({ overrides: [flag('scenario', 'scenario', 's')] })).target.name, 'gke-t4');
  const other = await here.load({ overrides: [flag('scenario', 'scenario', 's'), flag('target', 'target', 'ollama-local')] });
  assert.equal(other.target.base_url, 'http://localhost:11434');
});

test('plain HTTP scenarios have a path and no prompts', async () => {
  await using empty = await project();
  const config = await empty.load({
    overrides: [flag('scenario', 'scenario', 'raw_http,health,models'), flag('base-url', 'target.base_url', 'http://h')],
  });
  assert.deepEqual(
    config.scenarios.map(({ request }) => [request.api, request.stream, request.method, request.path, request.prompts]),
    [
      ['http', false, 'GET', '/', undefined],
      ['http', false, 'GET', '/api/v1/health', undefined],
      ['http', false, 'GET', '/api/v1/models', undefined],
    ],
  );
});

test("the user's prompts come before the shipped ones and stay as written", async () => {
  await using here = await project({ 'prompts.jsonl': '{"prompt": "own"}\n' });
  assert.equal((await here.load()).scenarios[0]!.request.prompts, 'prompts.jsonl');
});

test('a bad prompts file is told with its lines', async () => {
  await using here = await project({ 'p.jsonl': '{"prompt": "ok"}\n{"promt": "slip"}\nnot json\n' });
  const faults = await here.faults({ overrides: [flag('prompts', 'request.prompts', 'p.jsonl')] });
  assert.equal(faults.length, 2);
  assert.match(faults[0]!, /^p\.jsonl:2:1: unknown member "promt"; did you mean "prompt"\?/);
  assert.match(faults[1]!, /^p\.jsonl:3:\d+: expected a line of JSON/);
  assert.match(
    (await here.faults({ overrides: [flag('prompts', 'request.prompts', 'q.jsonl')] })).join(),
    /^flag --prompts: prompts file q\.jsonl not found/,
  );
});

test('prompts and prompt lengths replace each other', async () => {
  await using here = await project({ 'p.jsonl': '{"prompt": "ok"}\n' });
  const config = await here.load({ overrides: [flag('scenario', 'scenario', 'quick_validation'), flag('prompts', 'request.prompts', 'p.jsonl')] });
  assert.deepEqual([config.scenarios[0]!.request.prompts, config.scenarios[0]!.request.prompt_tokens], ['p.jsonl', undefined]);
});

test("a target's timeout holds over that of a shipped scenario, not over the user's own nor a flag", async () => {
  await using here = await project({
    'config/targets.yaml': 'slow: { base_url: "http://127.0.0.1:9", timeout: 600 }\n',
    'config/scenarios/mine.yaml': 'extends: latency_benchmark\ntimeout: 45\n',
  });
  const timeoutOf = async (scenario: string, ...more: ReturnType<typeof flag>[]) =>
    (await here.load({ overrides: [flag('target', 'target', 'slow'), flag('scenario', 'scenario', scenario), ...more] })).scenarios[0]?.timeout;
  assert.equal(await timeoutOf('latency_benchmark'), 600);
  assert.equal(await timeoutOf('quick_validation'), 600);
  assert.equal(await timeoutOf('mine'), 45);
  assert.equal(await timeoutOf('latency_benchmark', flag('timeout', 'timeout', '20')), 20);
});

test('every error of every file and flag at once, with its place', async () => {
  await using here = await project({
    'llm-bench.yaml': `target:
  base_url: localhost:8000
  modle: m
  timeout: soon
scenario: mine
thresholds:
  series:
    "*":
      ttft_ms.p59: { max: 5 }
      error_rate: { maximum: 5 }
mode: rule
reprot: { html: true }
baseline: { path: x }
`,
    'config/scenarios/mine.yaml': 'load:\n  executor: closd\nrequest:\n  max_tokens: 0\n',
    'config/targets.yaml': 'other:\n  expected_concurrency: -1\n',
  });
  const faults = await here.faults({ overrides: [flag('concurrency', 'load.concurrency', '0'), flag('timeout', 'timeout', '-1')] });
  const expected = [
    /^config\/scenarios\/mine\.yaml:2:13: unknown executor "closd"; did you mean "closed"\?/,
    /^config\/scenarios\/mine\.yaml:4:15: request\.max_tokens: expected a number of at least 1, found 0/,
    /^config\/targets\.yaml:2:25: other\.expected_concurrency: expected a number of at least 1, found -1/,
    /^flag --timeout: expected a duration such as 600, 30s or 10m, found -1/,
    /^llm-bench\.yaml:2:13: target\.base_url: expected an address such as http:/,
    /^llm-bench\.yaml:3:3: target: unknown key "modle"; did you mean "model"\? Known keys: name, /,
    /^llm-bench\.yaml:4:12: target\.timeout: expected a duration such as 600, 30s or 10m, found "soon"/,
    /^llm-bench\.yaml:9:7: thresholds\.series\."\*"\."ttft_ms\.p59": unknown statistic "p59", expected one of mean, /,
    /^llm-bench\.yaml:10:21: thresholds\.series\."\*"\.error_rate: unknown key "maximum"/,
    /^llm-bench\.yaml:11:7: mode: expected one of auto, rules, screen, paired, found "rule"; did you mean "rules"\?/,
    /^llm-bench\.yaml:12:1: unknown key "reprot"; did you mean "report"\?/,
    /^llm-bench\.yaml:13:11: baseline: expected none, \{artifact/,
  ];
  for (const pattern of expected)
    assert.ok(
      faults.some((fault) => pattern.test(fault)),
      `${pattern} not in\n${faults.join('\n')}`,
    );
  assert.equal(faults.length, expected.length, faults.join('\n'));
});

test("the executor's options are checked where they were written", async () => {
  await using here = await project({ 'llm-bench.yaml': 'scenario:\n  load:\n    requests: ten\n    concurency: 3\n' });
  const faults = await here.faults({ overrides: [flag('concurrency', 'load.concurrency', '0')] });
  assert.deepEqual(
    faults.map((fault) => fault.replace(/ Known keys.*/, '')),
    [
      'flag --concurrency: load.concurrency: expected a number of at least 1, found 0',
      'llm-bench.yaml:3:15: load.requests: expected a number, found "ten"',
      'llm-bench.yaml:4:17: load: unknown key "concurency"; did you mean "concurrency"?',
    ],
  );
  await using other = await project({ 'llm-bench.yaml': 'scenario: { load: { executor: constnt } }\n' });
  assert.deepEqual(await other.faults(), [
    'llm-bench.yaml:1:31: unknown executor "constnt"; did you mean "constant"? Known executors: closed, constant',
  ]);
  const [flagFault] = await other.faults({ overrides: [flag('concurrency', 'load.concurrency', 'many'), flag('scenario', 'scenario', 'default')] });
  assert.equal(flagFault, 'flag --concurrency: load.concurrency: expected a number, found "many"');
});

test('what is wrong within a setting of several forms is told there; sampling that would be a load is refused', async () => {
  const wrong = async (yaml: string) => {
    await using here = await project({ 'llm-bench.yaml': yaml });
    return (await here.faults()).map((fault) => fault.replace(/^llm-bench\.yaml:1:\d+: /, ''));
  };
  assert.match(
    String(await wrong('observe: { metrics: [{ url: /metrics, preset: vlm }] }')),
    /^observe\.metrics\[0\]\.preset: expected vllm or .*, found "vlm"/,
  );
  assert.match(String(await wrong('observe: { metrics: yes please }')), /^observe\.metrics: expected auto or false or .*a list, found "yes please"/);
  assert.match(String(await wrong('profile: { when: sometimes }')), /^profile\.when: expected one of always, suspicious, never, found "sometimes"/);
  assert.deepEqual(await wrong('observe: { interval: 1ms, energy_interval: 0, metrics: { interval: 10ms } }'), [
    'observe.interval: expected at least 10ms',
    'observe.energy_interval: expected at least 100ms',
    'observe.metrics.interval: expected at least 100ms',
  ]);
});

test('unknown names come with a near miss and the list', async () => {
  await using here = await project({ 'llm-bench.yaml': 'target: gke-t5\nscenario: [quick_validaton, { extends: latency_benchmrk }]\n' });
  const faults = await here.faults();
  assert.equal(faults.length, 3);
  assert.match(faults[0]!, /^llm-bench\.yaml:1:9: unknown target "gke-t5"; did you mean "gke-t4"\? Known targets: embedded, gke-t4, /);
  assert.match(faults[1]!, /^llm-bench\.yaml:2:12: unknown scenario "quick_validaton"; did you mean "quick_validation"\? Known scenarios: batch, /);
  assert.match(faults[2]!, /^llm-bench\.yaml:2:40: unknown scenario "latency_benchmrk"/);
});

test('YAML faults: syntax, duplicate keys, not a mapping', async () => {
  await using broken = await project({ 'llm-bench.yaml': 'mode: [rules\n' });
  assert.match((await broken.faults()).join(), /^llm-bench\.yaml:\d+:\d+: not valid YAML/);
  await using twice = await project({ 'llm-bench.yaml': 'mode: rules\nmode: auto\n' });
  assert.deepEqual(await twice.faults(), ['llm-bench.yaml:2:1: this key is given twice in the same mapping; keep one']);
  await using list = await project({ 'llm-bench.yaml': '- mode\n' });
  assert.match((await list.faults()).join(), /expected settings \(target, .*\), found a list/);
});

test('scenarios that extend each other in a circle are refused', async () => {
  await using here = await project({
    'config/scenarios/a.yaml': 'extends: b\n',
    'config/scenarios/b.yaml': 'extends: a\n',
    'llm-bench.yaml': 'scenario: a\n',
  });
  assert.match((await here.faults()).join(), /circle: a -> b -> a/);
});

test('two scenarios of one name are refused', async () => {
  await using here = await project({ 'llm-bench.yaml': 'scenario: [default, default]\n' });
  assert.match((await here.faults()).join(), /two scenarios are named default/);
});

test('settings that contradict each other', async () => {
  await using here = await project({
    'llm-bench.yaml': `target: { command: a, ports: [80] }
scenario:
  - { name: x, request: { api: http, prompt_tokens: 5 } }
  - { name: y, request: { path: /z } }
  - { name: z, request: { prompts: llm-bench.yaml, prompt_tokens: 5 } }
`,
  });
  const faults = await here.faults();
  assert.match(faults.join('\n'), /1:30: ports belongs to image/);
  assert.match(faults.join('\n'), /3:53: request\.prompt_tokens: a plain HTTP request/);
  assert.match(faults.join('\n'), /4:33: request\.path: is for plain HTTP requests alone/);
  assert.match(faults.join('\n'), /5:67: request\.prompt_tokens: expected either prompts/);
});

test("a target's max_tokens caps the scenarios, and a warning says so", async () => {
  await using here = await project({
    'llm-bench.yaml': 'target: { base_url: "http://h", max_tokens: 100, expected_concurrency: 2 }\nscenario: latency_benchmark\n',
  });
  const config = await here.load({ overrides: [flag('concurrency', 'load.concurrency', '5')] });
  assert.deepEqual([config.scenarios[0]!.request.max_tokens, config.scenarios[0]!.request.max_tokens_cap], [[50, 100], 100]);
  assert.equal(config.origins['scenarios.0.request.max_tokens'], 'llm-bench.yaml:1:45');
  assert.match(config.warnings.map(({ message }) => message).join('\n'), /asks for 200, 500 output tokens; cut down to 100/);
  assert.match(config.warnings.map(({ message }) => message).join('\n'), /runs 5 requests at once; target service expects at most 2/);
});

test("the user's targets are laid over the shipped ones, key by key", async () => {
  await using here = await project({ 'config/targets.yaml': 'gke-t4:\n  base_url: http://10.0.0.1:8000\nnew-one:\n  base_url: http://new\n' });
  const config = await here.load({ overrides: [flag('target', 'target', 'gke-t4')] });
  assert.deepEqual(
    [config.target.base_url, config.target.model, config.target.title],
    ['http://10.0.0.1:8000', 'google/gemma-2b-it', 'GKE NVIDIA T4 (vLLM)'],
  );
  assert.deepEqual(
    [config.origins['target.base_url'], config.origins['target.model'], config.origins['target.name']],
    ['config/targets.yaml:2:13', 'target gke-t4', 'flag --target'],
  );
  assert.equal((await here.load({ overrides: [flag('target', 'target', 'new-one')] })).target.base_url, 'http://new');
});

test('an address by flag leaves the configured command unstarted, with a warning', async () => {
  await using here = await project({ 'llm-bench.yaml': 'target: { name: s, command: "serve ${PORT}", ready: { log: up, url: /health } }\n' });
  const config = await here.load({ overrides: [flag('base-url', 'target.base_url', 'http://elsewhere')] });
  assert.deepEqual([config.target.command, config.target.port, config.target.ready], [undefined, undefined, { url: '/health' }]);
  assert.match(config.warnings[0]!.message, /not started/);
});

test('a container or a command at a fixed address takes its port from there', async () => {
  await using image = await project({ 'llm-bench.yaml': 'target: { image: "x:1", command: "--serve", ports: ["9000:80"] }\n' });
  assert.deepEqual([(await image.load()).target.base_url, (await image.load()).target.port], ['http://127.0.0.1:${PORT}', undefined]);
  await using fixed = await project({ 'llm-bench.yaml': 'target: { command: "serve ${PORT}", base_url: "http://localhost:9000" }\n' });
  assert.deepEqual([(await fixed.load()).target.base_url, (await fixed.load()).target.port], ['http://localhost:9000', undefined]);
});

test('a missing API key is a warning, a missing env_file an error; neither shows a value', async () => {
  await using here = await project({ 'llm-bench.yaml': 'target: { base_url: "http://h", api_key_env: MY_KEY }\n' });
  assert.match((await here.load()).warnings[0]!.message, /MY_KEY is not set/);
  assert.deepEqual((await here.load({ env: { MY_KEY: 'hunter2' } })).warnings, []);
  await writeFile(join(here.dir, 'llm-bench.yaml'), 'target: { base_url: "http://h", env_file: none.env, api_key_env: sk-hunter2 }\n');
  const faults = (await here.faults()).join('\n');
  assert.match(faults, /name of an environment variable/);
  assert.ok(!faults.includes('hunter2'));
  await writeFile(join(here.dir, 'llm-bench.yaml'), 'target: { base_url: "http://h", env_file: none.env }\n');
  assert.match((await here.faults()).join(), /llm-bench\.yaml:1:43: env_file none\.env cannot be read/);
});

test('baselines: each kind, and what an override does to it', async () => {
  for (const [text, expected] of [
    ['none', { kind: 'none' }],
    ['{ folder: baselines }', { kind: 'folder', folder: 'baselines' }],
    ['{ file: a.json }', { kind: 'file', files: ['a.json'] }],
    ['{ file: [a.json, b.json] }', { kind: 'file', files: ['a.json', 'b.json'] }],
    ['{ git_branch: bench }', { kind: 'git_branch', branch: 'bench' }],
    ['{ branch: develop }', { kind: 'artifact', artifact: 'llm-bench-baseline', branch: 'develop' }],
  ] as const) {
    await using here = await project({ 'llm-bench.yaml': `baseline: ${text}\n` });
    assert.deepEqual((await here.load()).baseline, expected);
  }
  await using here = await project({ 'llm-bench.yaml': 'baseline: { artifact: a, branch: b }\n' });
  const named = await here.load({ overrides: [flag('artifact-name', 'baseline.artifact', 'x')] });
  assert.deepEqual(named.baseline, { kind: 'artifact', artifact: 'x', branch: 'b' });
  assert.deepEqual([named.origins['baseline.artifact'], named.origins['baseline.branch']], ['flag --artifact-name', 'llm-bench.yaml:1:34']);
  assert.deepEqual((await here.load({ overrides: [flag('baseline', 'baseline', 'none')] })).baseline, { kind: 'none' });
  await using mixed = await project({ 'llm-bench.yaml': 'baseline: { artifact: a, folder: b }\n' });
  assert.match((await mixed.faults()).join(), /^llm-bench\.yaml:1:11: baseline/);
});

test('an override of no setting is a mistake of ours', async () => {
  await using empty = await project();
  await assert.rejects(empty.load({ overrides: [flag('x', 'target.modle', 'm')] }), TypeError);
});

test('a project that is the installation itself reads each file once', async () => {
  await using here = await project();
  await cp(join(builtinRoot, 'config'), join(here.dir, 'config'), { recursive: true });
  await cp(join(builtinRoot, 'prompts.jsonl'), join(here.dir, 'prompts.jsonl'));
  const config = await here.load({ builtinRoot: here.dir });
  assert.deepEqual([config.embedded, config.scenarios[0]!.request.prompts], [true, 'prompts.jsonl']);
});

test('every shipped scenario and target loads with the real executors', async () => {
  await using empty = await project();
  const { listCatalogue } = await import('../../src/config/catalogue.ts');
  const catalogue = await listCatalogue(empty.dir, builtinRoot);
  for (const { name, description } of catalogue.scenarios) {
    assert.notEqual(description, '', name);
    const config = await empty.load({
      executors: executorSchemas,
      overrides: [flag('scenario', 'scenario', name), flag('base-url', 'target.base_url', 'http://h')],
    });
    assert.deepEqual(config.warnings, [], name);
  }
  for (const { name } of catalogue.targets) {
    const config = await empty.load({
      executors: executorSchemas,
      env: { OPENAI_API_KEY: 'x' },
      overrides: [flag('target', 'target', name), flag('scenario', 'scenario', 'quick_validation')],
    });
    assert.deepEqual([config.target.name, config.warnings], [name, []]);
  }
});

test('a faulty scenario of a list does not hide what is wrong with its neighbours', async () => {
  await using folder = await project({
    'llm-bench.yaml': `scenario:
  - name: a
    request: { prompt_tokens: 5, max_tokens: -4 }
  - name: b
    request: { prompt_tokens: 5, shared_prefix_tokens: 9 }
  - nosuch
  - { name: c, load: { executor: nope } }
  - 7
`,
  });
  const faults = await folder.faults();
  assert.deepEqual(
    faults.map((fault) => fault.split(': ')[0]),
    ['llm-bench.yaml:3:46', 'llm-bench.yaml:5:56', 'llm-bench.yaml:6:5', 'llm-bench.yaml:7:34', 'llm-bench.yaml:8:5'],
    faults.join('\n'),
  );
});

test('a fault of a scenario does not hide those of its load, inline or in a file of its own', async () => {
  const scenario = ['extends: default', 'load: { requests: ten, concurrency: -3, foo: 1 }', 'warmup: many', 'timeout: 0'];
  await using inline = await project({ 'llm-bench.yaml': `scenario:\n  name: x\n${scenario.map((line) => `  ${line}\n`).join('')}` });
  await using file = await project({ 'config/scenarios/x.yaml': `${scenario.join('\n')}\n`, 'llm-bench.yaml': 'scenario: x\n' });
  for (const [folder, first] of [
    [inline, 4],
    [file, 2],
  ] as const) {
    const faults = (await folder.faults({ executors: executorSchemas })).join('\n');
    for (const [line, what] of [
      [first, 'load.requests'],
      [first, 'load.concurrency'],
      [first, '"foo"'],
      [first + 1, 'warmup'],
      [first + 2, 'timeout'],
    ])
      assert.match(faults, new RegExp(`:${line}:\\d+: .*${what}`), faults);
  }
});

test('a fault of a request does not hide those of the load, of its trace, and of the files that the request names', async () => {
  const found = async (request: string, load: string) => {
    await using here = await project({
      'llm-bench.yaml': `scenario:\n  name: x\n  request: ${request}\n  load: ${load}\n`,
      'rows.jsonl': '{"timestamp": 0, "input_length": "x", "output_length": 1}\n',
    });
    return (await here.faults({ executors: executorSchemas })).map((fault) => fault.replace(/: (expected|unknown).*/, ''));
  };
  assert.deepEqual(await found('{ prompt_tokens: -5, schema: none.json }', '{ executor: poisson, rate: 0, duration: 3x }'), [
    'llm-bench.yaml:3:29: scenario.request.prompt_tokens',
    'llm-bench.yaml:3:41: file none.json not found; expected a JSON file that holds a JSON Schema',
    'llm-bench.yaml:4:36: load.rate',
    'llm-bench.yaml:4:49: load.duration',
  ]);
  assert.deepEqual(await found('{ max_tokens: abc }', '{ executor: trace, file: rows.jsonl, sped: 2 }'), [
    'llm-bench.yaml:3:26: scenario.request.max_tokens',
    'llm-bench.yaml:4:52: load',
    'rows.jsonl:1:1: input_length',
  ]);
  assert.deepEqual(await found('{ prompts: rows.jsonl }', '{ executor: ramping_users, stages: 3 }'), [
    'llm-bench.yaml:4:44: load.stages',
    'rows.jsonl:1:1: prompt',
  ]);
});
