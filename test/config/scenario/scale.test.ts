import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { scaledLoad } from '../../../src/config/scenario/scale.ts';
import { executorSchemas } from '../../../src/load/executors/registry.ts';
import { flag, project } from '../project.ts';

test('times and counts shrink, levels and rates stay, and something is left of each level', () => {
  assert.deepEqual(scaledLoad({ executor: 'steps', levels: [1, 50], duration: 120, spawn_rate: 5 }, 0.01), {
    executor: 'steps',
    levels: [1, 50],
    duration: 1.2,
    spawn_rate: 500,
  });
  assert.equal(scaledLoad({ executor: 'steps', levels: [1, 5, 10, 20, 50], total_requests: 500 }, 0.01)['total_requests'], 10);
  assert.equal(scaledLoad({ executor: 'closed', requests: 100 }, 0.001)['requests'], 2);
  assert.equal(scaledLoad({ executor: 'closed', requests: 1 }, 0.5)['requests'], 1);
  assert.equal(scaledLoad({ executor: 'soak', rate: 20, duration: 3600 }, 0.001)['duration'], 3.6);
  assert.deepEqual(
    scaledLoad(
      {
        executor: 'ramping_users',
        stages: [
          { users: 5, duration: 100 },
          { users: 9, duration: 0 },
        ],
      },
      0.1,
    )['stages'],
    [
      { users: 5, duration: 10 },
      { users: 9, duration: 0 },
    ],
  );
});

test('a burst stays shorter than its period', () => {
  const { width, period } = scaledLoad({ executor: 'spike', width: 20, period: 60, duration: 300 }, 0.001) as unknown as Record<string, number>;
  assert.ok(width! < period!, `${width} of ${period}`);
});

const loadOf = async (yaml: string, ...flags: [string, string, unknown][]) => {
  await using folder = await project({
    'llm-bench.yaml': `scenario:\n  name: mine\n  request: { prompt_tokens: [10, 20], max_tokens: [1, 2, 3] }\n  load: ${yaml}\n`,
  });
  return (await folder.load({ executors: executorSchemas, overrides: flags.map(([name, key, value]) => flag(name, key, value)) })).scenarios[0]!;
};

test('--scale shortens load and warm-up, --requests-per-cell counts by the grid', async () => {
  const scaled = await loadOf('{ requests: 100 }', ['warmup', 'warmup', 20], ['scale', 'scale', '0.1']);
  assert.deepEqual([scaled.load['requests'], scaled.warmup, scaled.scale], [10, 2, 0.1]);
  assert.equal((await loadOf('{ requests: 100 }', ['requests-per-cell', 'requests_per_cell', 4])).load['requests'], 24);
});

test('--scale replays the first rows of a trace that nothing else ends', async () => {
  await using folder = await project({
    'x.jsonl': Array.from({ length: 50 }, (_, at) => `{"timestamp": ${at * 1000}, "input_length": 5, "output_length": 3}\n`).join(''),
  });
  const most = async (load: string) => {
    const overrides = [flag('scale', 'scale', '0.1')];
    const scenario = `scenario: { name: mine, load: { executor: trace, file: x.jsonl${load} } }\n`;
    await writeFile(join(folder.dir, 'llm-bench.yaml'), scenario);
    return (await folder.load({ executors: executorSchemas, overrides })).scenarios[0]!.load;
  };
  assert.equal((await most(''))['max_requests'], 5);
  assert.equal((await most(', window: { from: 30s }'))['max_requests'], 2);
  assert.equal((await most(', max_requests: 30'))['max_requests'], 3);
  const windowed = await most(', window: { from: 10s, duration: 30s }');
  assert.deepEqual([windowed['window'], windowed['max_requests']], [{ from: 10, duration: 3 }, undefined]);
  assert.deepEqual([(await most(', duration: 30s'))['duration']], [3]);
});

test('--max-concurrency speaks the terms of each executor', async () => {
  const most = (yaml: string) => loadOf(yaml, ['max-concurrency', 'load.max_concurrency', '20']).then(({ load }) => load);
  assert.equal((await most('{ requests: 5, concurrency: 50 }'))['concurrency'], 20);
  assert.equal((await most('{ executor: soak, users: 50, duration: 10 }'))['users'], 20);
  assert.equal((await most('{ executor: soak, rate: 50, duration: 10 }'))['max_in_flight'], 20);
  assert.deepEqual((await most('{ executor: steps, levels: [1, 10, 50, 100], duration: 1 }'))['levels'], [1, 10, 20]);
  assert.equal((await most('{ executor: search, max: 200, duration: 1 }'))['max'], 20);
  const spike = await most('{ executor: spike, base: 15, height: 50, width: 1, period: 5, duration: 10 }');
  assert.deepEqual([spike['base'], spike['height']], [10, 20]);
  const ramp = await most(
    '{ executor: ramping_users, stages: [{ users: 50, duration: 10 }, { users: 25, duration: 10 }, { users: 0, duration: 5 }] }',
  );
  assert.deepEqual(
    (ramp['stages'] as { users: number }[]).map(({ users }) => users),
    [20, 10, 0],
  );
});

test('--max-concurrency holds for the load that the flags switch to', async () => {
  const most = async (flags: [string, unknown][], yaml = '{ executor: closed, concurrency: 8, requests: 5 }') =>
    (
      await loadOf(
        yaml,
        ['max-concurrency', 'load.max_concurrency', '4'],
        ...flags.map(([key, value]): [string, string, unknown] => [key, `load.${key}`, value]),
      )
    ).load;
  assert.deepEqual(await most([['rate', '50']]), { executor: 'constant_rate', rate: 50, requests: 5, max_in_flight: 4 });
  for (const executor of ['poisson', 'gamma']) {
    const { max_in_flight, concurrency } = await most([
      ['executor', executor],
      ['rate', '50'],
    ]);
    assert.deepEqual([max_in_flight, concurrency], [4, undefined]);
  }
  assert.equal((await most([['users', '50']]))['users'], 4);
  const interactive = await most([['executor', 'interactive']]);
  assert.deepEqual([interactive['max_users'], interactive['users']], [4, 1]);
  const levels = [1, 5, 10];
  assert.deepEqual(
    (
      await most([
        ['executor', 'steps'],
        ['levels', levels],
      ])
    )['levels'],
    [1, 4],
  );
});

test('--max-concurrency bounds what a flag says of users, and raises it nowhere', async () => {
  const bounded = (yaml: string, key: string, value: unknown) =>
    loadOf(yaml, ['max-concurrency', 'load.max_concurrency', '4'], [key, `load.${key}`, value]).then(({ load }) => load);
  const closed = '{ executor: closed, concurrency: 8, requests: 5 }';
  assert.equal((await bounded(closed, 'concurrency', '2'))['concurrency'], 2);
  assert.equal((await bounded(closed, 'concurrency', '9'))['concurrency'], 4);
  const rate = '{ executor: poisson, rate: 8, requests: 5 }';
  assert.equal((await bounded(rate, 'max_in_flight', '3'))['max_in_flight'], 3);
  assert.equal((await bounded(rate, 'max_in_flight', '30'))['max_in_flight'], 4);
  assert.deepEqual((await bounded('{ executor: steps, levels: [1, 8], requests: 5 }', 'levels', [1, 3]))['levels'], [1, 3]);
});

test('a number of users that is none is told by the flag that gave it', async () => {
  await using folder = await project({ 'llm-bench.yaml': 'scenario: { name: mine, request: { prompt_tokens: 5 } }\n' });
  for (const value of ['0', '1.5', 'many']) {
    const [fault] = await folder.faults({ executors: executorSchemas, overrides: [flag('max-concurrency', 'load.max_concurrency', value)] });
    assert.match(fault ?? '', /^flag --max-concurrency: load\.max_concurrency: expected a whole number of at least 1, found/);
  }
});

test('--duration of a load that the flags switch to is its own', async () => {
  const { load } = await loadOf(
    '{ executor: ramping_users, stages: [{ users: 5, duration: 2m }] }',
    ['rate', 'load.rate', '5'],
    ['duration', 'load.duration', '30s'],
  );
  assert.deepEqual(load, { executor: 'constant_rate', rate: 5, duration: 30, max_in_flight: 10_000 });
});

test('--duration stretches the stages of a ramp alike', async () => {
  const { load } = await loadOf('{ executor: ramping_users, stages: [{ users: 50, duration: 2m }, { users: 50, duration: 60s }] }', [
    'duration',
    'load.duration',
    '30s',
  ]);
  assert.deepEqual(load['stages'], [
    { users: 50, duration: 20 },
    { users: 50, duration: 10 },
  ]);
});

test('--prompt-tokens gives prompts other lengths, and what they share keeps its share', async () => {
  await using folder = await project({
    'llm-bench.yaml': 'scenario:\n  name: mine\n  request: { prompt_tokens: 1000, shared_prefix_tokens: 800, shared_prefixes: 6 }\n',
  });
  const requestOf = async (...flags: [string, string, unknown][]) =>
    (await folder.load({ executors: executorSchemas, overrides: flags.map(([name, key, value]) => flag(name, key, value)) })).scenarios[0]!.request;
  const request = await requestOf(['prompt-tokens', 'request.prompt_tokens', '100']);
  assert.deepEqual([request.prompt_tokens, request.shared_prefix_tokens], [[100], 80]);
  assert.deepEqual((await requestOf(['prompt-tokens', 'request.prompt_tokens', '50,500'])).shared_prefix_tokens, 40);
  assert.equal((await requestOf(['seed', 'seed', 1])).shared_prefix_tokens, 800);
});
