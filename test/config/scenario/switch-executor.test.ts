import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executorSchemas } from '../../../src/load/executors/registry.ts';
import { flag, project } from '../project.ts';

type Load = Record<string, unknown>;

/** The load that a scenario and flags come to. */
async function loadOf(load: string, flags: Load): Promise<Load> {
  await using folder = await project({ 'llm-bench.yaml': `scenario:\n  name: mine\n  request: {prompt_tokens: 5}\n  load: ${load}\n` });
  const config = await folder.load({ executors: executorSchemas, overrides: overridesOf(flags) });
  return config.scenarios[0]?.load ?? {};
}

async function faultsOf(load: string, flags: Load): Promise<string[]> {
  await using folder = await project({ 'llm-bench.yaml': `scenario:\n  name: mine\n  request: {prompt_tokens: 5}\n  load: ${load}\n` });
  return await folder.faults({ executors: executorSchemas, overrides: overridesOf(flags) });
}

function overridesOf(flags: Load) {
  return Object.entries(flags).map(([key, value]) => flag(key.replaceAll('_', '-'), `load.${key}`, value));
}

test('a flag of another executor switches to it, and what both know stays', async () => {
  const own = '{executor: closed, concurrency: 4, requests: 30}';
  assert.deepEqual(await loadOf(own, { rate: '5' }), { executor: 'constant_rate', rate: 5, requests: 30, max_in_flight: 10_000 });
  assert.deepEqual(await loadOf(own, { users: '8', spawn_rate: '2' }), {
    executor: 'ramping_users',
    users: 8,
    spawn_rate: 2,
    start_users: 1,
    requests: 30,
  });
  assert.deepEqual(await loadOf(own, { shape: '0.5', rate: '5' }), { executor: 'gamma', rate: 5, shape: 0.5, requests: 30, max_in_flight: 10_000 });
  assert.deepEqual(await loadOf('{executor: constant_rate, rate: 5, duration: 1m}', { executor: 'poisson' }), {
    executor: 'poisson',
    rate: 5,
    duration: 60,
    max_in_flight: 10_000,
  });
  assert.deepEqual(await loadOf('{executor: steps, levels: [1, 2], requests: 9}', { concurrency: '3' }), {
    executor: 'closed',
    concurrency: 3,
    requests: 9,
  });
});

test('an executor that takes the flag stays', async () => {
  assert.equal((await loadOf('{executor: poisson, rate: 5, requests: 9}', { rate: '7' }))['executor'], 'poisson');
  assert.deepEqual(await loadOf('{executor: soak, rate: 5, duration: 1m}', { users: '7' }), {
    executor: 'soak',
    users: 7,
    duration: 60,
    max_in_flight: 10_000,
  });
  assert.deepEqual(await loadOf('{executor: steps, levels: [1, 2], requests: 9}', { spawn_rate: '4' }), {
    executor: 'steps',
    levels: [1, 2],
    unit: 'users',
    requests: 9,
    spawn_rate: 4,
    max_in_flight: 10_000,
  });
});

test('users by a flag replace the stages of a file', async () => {
  assert.deepEqual(await loadOf('{executor: ramping_users, stages: [{users: 3, duration: 5}]}', { users: '2', duration: '1m' }), {
    executor: 'ramping_users',
    users: 2,
    start_users: 1,
    duration: 60,
  });
});

test('flags of two executors contradict each other', async () => {
  const own = '{executor: closed, concurrency: 4, requests: 30}';
  assert.deepEqual(await faultsOf(own, { rate: '5', users: '3' }), [
    'flag --users: is for executors ramping_users, soak, interactive, but flag --rate asks for constant_rate; give one or the other',
  ]);
  assert.match((await faultsOf(own, { rate: '5', concurrency: '3' })).join('\n'), /^flag --concurrency: is for executors closed, .*--max-in-flight/);
  assert.match((await faultsOf(own, { executor: 'closed', rate: '3' })).join('\n'), /^flag --rate: .*flag --executor asks for closed/);
  assert.match((await faultsOf(own, { max_in_flight: '3' })).join('\n'), /^flag --max-in-flight: .*the scenario's executor is closed/);
});

test('faults of the load are told with their place', async () => {
  assert.deepEqual(await faultsOf('{executor: constant_rat, rate: 5}', {}), [
    `llm-bench.yaml:4:20: unknown executor "constant_rat"; did you mean "constant_rate"? Known executors: ${Object.keys(executorSchemas).join(', ')}`,
  ]);
  assert.deepEqual(await faultsOf('{executor: constant_rate, rate: 0, requests: 5}', {}), [
    'llm-bench.yaml:4:41: load.rate: expected a number of more than 0, found 0',
  ]);
  assert.deepEqual(await faultsOf('{executor: poisson, rate: .nan, requests: 5}', {}), [
    'llm-bench.yaml:4:35: load.rate: expected a number, found NaN',
  ]);
  assert.deepEqual(await faultsOf('{executor: steps, levels: [], requests: 5}', {}), [
    'llm-bench.yaml:4:35: load.levels: expected a list of at least 1, found a list',
  ]);
  assert.deepEqual(await faultsOf('{executor: steps, levels: [4, -1], requests: 5}', {}), [
    'llm-bench.yaml:4:35: load.levels[1]: expected a number of more than 0, found -1',
  ]);
  assert.deepEqual(await faultsOf('{executor: closed, requests: 5}', { rate: '0' }), [
    'flag --rate: load.rate: expected a number of more than 0, found 0',
  ]);
});

test('a broken trace is told before anything is sent, and a window beside it', async () => {
  const row = '{"timestamp": 100, "input_length": 5, "output_length": 3}\n';
  const yaml = (window: string) =>
    `scenario:\n  name: replay\n  request: {api: chat}\n  load:\n    executor: trace\n    file: trace.jsonl\n    window: ${window}\n`;
  await using broken = await project({ 'llm-bench.yaml': yaml('{from: 0}'), 'trace.jsonl': `${row}{"timestamp": 1}\n` });
  const faults = await broken.faults({ executors: executorSchemas });
  assert.deepEqual(
    faults.map((fault) => fault.split(': expected')[0]),
    ['trace.jsonl:2:1: input_length', 'trace.jsonl:2:1: output_length'],
  );
  await using outside = await project({ 'llm-bench.yaml': yaml('{from: 1m}'), 'trace.jsonl': row });
  assert.match((await outside.faults({ executors: executorSchemas })).join('\n'), /^llm-bench\.yaml:7:\d+: .*holds a request, found none/);
  await using fine = await project({ 'llm-bench.yaml': yaml('{from: 0}'), 'trace.jsonl': row });
  const { scenarios } = await fine.load({ executors: executorSchemas });
  assert.deepEqual([scenarios[0]?.request.prompts, scenarios[0]?.load['file']], [undefined, 'trace.jsonl']);
});

test('a trace and prompts, classes and lengths, deadlines and answers in one piece contradict each other', async () => {
  const faults = async (scenario: string) => {
    await using folder = await project({
      'llm-bench.yaml': `scenario: {name: mine, ${scenario}}\n`,
      'trace.jsonl': '{"timestamp": 0, "input_length": 5, "output_length": 3}\n',
    });
    return (await folder.faults({ executors: executorSchemas })).join('\n');
  };
  const load = 'load: {requests: 5}';
  assert.match(await faults('request: {max_tokens: 5}, load: {executor: trace, file: trace.jsonl}'), /request\.max_tokens: the trace says/);
  const classes = 'classes: {prompt: [{name: a, tokens: 5}, {name: b, tokens: 9}]}';
  assert.match(await faults(`request: {${classes}, prompt_tokens: 5}, ${load}`), /request\.prompt_tokens: request\.classes\.prompt says/);
  assert.match(await faults(`request: {${classes}, max_tokens: [5, 6]}, ${load}`), /request\.max_tokens: expected one length beside/);
  assert.match(await faults(`request: {prompt_tokens: 5, stream: false}, idle_timeout: 3, ${load}`), /idle_timeout: is for streams/);
  assert.match(
    await faults('request: {prompt_tokens: 5, stream: false}, load: {executor: search, max: 5, requests: 5, min_goodput: 9, slo: {ttft: 1}}'),
    /load\.slo\.ttft: an answer in one piece/,
  );
});

test('classes of a file give way to a length by a flag', async () => {
  const classes = '{prompt: [{name: a, tokens: 5}], answer: [{name: x, max_tokens: 5}]}';
  await using folder = await project({ 'llm-bench.yaml': `scenario: {name: mine, request: {classes: ${classes}}, load: {requests: 5}}\n` });
  const { scenarios } = await folder.load({ executors: executorSchemas, overrides: [flag('max-tokens', 'request.max_tokens', '9')] });
  assert.deepEqual(scenarios[0]?.request.max_tokens, [9]);
  assert.deepEqual(scenarios[0]?.request.classes, { prompt: [{ name: 'a', weight: 1, tokens: 5 }] });
  assert.equal(scenarios[0]?.request.prompts, undefined);
});

test('retries: a preset, a policy, or none', async () => {
  const retryOf = async (retry: string, overrides: { key: string; value: unknown; origin: string }[] = []) => {
    await using folder = await project({
      'llm-bench.yaml': `scenario: {name: mine, request: {prompt_tokens: 5}, ${retry}first_token_timeout: 2s, load: {requests: 5}}\n`,
    });
    const [scenario] = (await folder.load({ executors: executorSchemas, overrides })).scenarios;
    assert.equal(scenario?.first_token_timeout, 2);
    return scenario?.retry;
  };
  assert.equal(await retryOf(''), undefined);
  assert.equal(await retryOf('retry: true, '), true);
  assert.deepEqual(await retryOf('retry: {max_attempts: 3}, '), { max_attempts: 3, base: 2 });
  assert.deepEqual(await retryOf('retry: {base: 500ms}, ', [flag('retries', 'retry', { max_attempts: 5 })]), { max_attempts: 5, base: 0.5 });
  assert.equal(await retryOf('retry: true, ', [flag('retries', 'retry', false)]), false);
});

test('an executor that needs more says what, what for and how to give it, and blames nothing that was given', async () => {
  const own = '{executor: closed, concurrency: 4, requests: 30}';
  const faults = await faultsOf(own, { executor: 'search', requests: '40' });
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? '', /load\.max: expected a number, found nothing; executor search needs it \(Highest load to try\): .*--load max=\.\.\./);
  assert.doesNotMatch(faults[0] ?? '', /num-requests|flag --requests/);
  assert.match((await faultsOf(own, { executor: 'poisson' })).join(), /load\.rate: .*executor poisson needs it.*--rate 5/);
  assert.equal((await faultsOf(own, { executor: 'spike' })).length, 4);
  // A value that is wrong is still blamed where it was given.
  assert.match((await faultsOf(own, { executor: 'search', max: 'many' })).join(), /load\.max: expected a number, found "many"$/);
});

test('stages end by themselves, not after the requests of the scenario that they replace', async () => {
  const own = '{executor: closed, concurrency: 4, requests: 30}';
  const stages = [{ users: 2, duration: 3 }];
  const load = await loadOf(own, { executor: 'ramping_users', stages });
  assert.deepEqual([load['stages'], load['requests']], [stages, undefined]);
  assert.equal((await loadOf(own, { executor: 'ramping_users', stages, requests: '9' }))['requests'], 9);
});

test('the most users at once is the highest load of a search that the flags ask for', async () => {
  const load = await loadOf('{executor: closed, concurrency: 4, requests: 30}', { executor: 'search', max_concurrency: 8 });
  assert.deepEqual([load['executor'], load['max'], load['requests']], ['search', 8, 30]);
  const ramped = await loadOf('{executor: closed, concurrency: 4, requests: 30}', { executor: 'ramping_users', max_concurrency: 8 });
  assert.deepEqual([ramped['executor'], ramped['users']], ['ramping_users', 8]);
});

test('a number of requests is the first rows of a trace, of the scenario or of a flag', async () => {
  const rows = [0, 1000, 2000].map((timestamp) => `{"timestamp": ${timestamp}, "input_length": 5, "output_length": 3, "hash_ids": [1]}\n`);
  await using folder = await project({
    'x.jsonl': rows.join(''),
    'llm-bench.yaml': 'scenario: {name: mine, load: {executor: trace, file: x.jsonl}}\n',
    'other.yaml': 'scenario: {name: mine, request: {max_tokens: 5}, load: {executor: closed, concurrency: 2, requests: 9}}\n',
  });
  const most = async (configFile: string, ...flags: [string, string, unknown][]) =>
    (await folder.load({ configFile, executors: executorSchemas, overrides: flags.map(([name, key, value]) => flag(name, key, value)) }))
      .scenarios[0]!.load;
  assert.equal((await most('llm-bench.yaml', ['num-requests', 'load.requests', '2']))['max_requests'], 2);
  const switched = await most(
    'other.yaml',
    ['executor', 'load.executor', 'trace'],
    ['trace', 'load.file', 'x.jsonl'],
    ['num-requests', 'load.requests', '2'],
  );
  assert.deepEqual([switched['executor'], switched['max_requests']], ['trace', 2]);
  // Without `--executor trace`, the file says it.
  const meant = await most('other.yaml', ['trace', 'load.file', 'x.jsonl'], ['num-requests', 'load.requests', '2']);
  assert.deepEqual([meant['executor'], meant['max_requests']], ['trace', 2]);
});

test('a trace ends with its last row and a soak with its time, not where the load before them did, unless a flag says so', async () => {
  await using folder = await project({
    'x.jsonl': '{"timestamp": 0, "input_length": 5, "output_length": 3}\n',
    'llm-bench.yaml': 'scenario: {name: mine, request: {max_tokens: 5}, load: {executor: closed, duration: 30s, requests: 9}}\n',
  });
  const load = async (...flags: [string, string, unknown][]) =>
    (await folder.load({ executors: executorSchemas, overrides: flags.map(([name, key, value]) => flag(name, key, value)) })).scenarios[0]!.load;
  const trace = await load(['trace', 'load.file', 'x.jsonl']);
  assert.deepEqual([trace.executor, trace['duration'], trace['max_requests']], ['trace', undefined, undefined]);
  const cut = await load(['trace', 'load.file', 'x.jsonl'], ['duration', 'load.duration', '2s']);
  assert.deepEqual([cut.executor, cut['duration']], ['trace', 2]);
  const soak = await load(['executor', 'load.executor', 'soak'], ['users', 'load.users', '2']);
  assert.deepEqual([soak.executor, soak['duration'], soak['requests']], ['soak', 30, undefined]);
  const counted = await load(['executor', 'load.executor', 'soak'], ['users', 'load.users', '2'], ['num-requests', 'load.requests', '4']);
  assert.deepEqual([counted['duration'], counted['requests']], [undefined, 4]);
});
