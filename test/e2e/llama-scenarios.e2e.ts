import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDistribution, type ResultDocument } from '../../src/result/document.ts';
import { programOf, unless } from './components.ts';
import { cli, type Finished, readResult, scratch, start, told } from './support.ts';

const skip = unless('llama.cpp server', 'SmolLM2-135M');
const server = fileURLToPath(new URL('./fixtures/llama_server.py', import.meta.url));

/** A llama.cpp server with room for the longest prompts of the catalogue, twice at once. */
async function llama(t: TestContext): Promise<string> {
  const started = start(t, programOf('llama.cpp server'), [server, '0', '8192'], { cwd: await scratch(t) });
  const [, url = ''] = await started.printed(/listens on (http:\/\/[\w.:]+\d)/);
  return url;
}

/** A scenario of the catalogue, shortened: fewer requests by --scale, short answers. */
async function shortened(
  t: TestContext,
  url: string,
  scenario: string,
  ...more: string[]
): Promise<{ ran: Finished; document: ResultDocument; folder: string }> {
  const folder = await scratch(t);
  const args = ['run', '--scenario', scenario, '--base-url', url, '--model', 'smollm2', '--no-selftest', '-o', 'result.json', ...more];
  const ran = await cli(t, args, { cwd: folder });
  assert.equal(ran.code, 0, `${scenario}: ${told(ran)}`);
  const document = await readResult(folder, 'result.json');
  assert.equal(document.results.failed, 0, told(ran));
  return { ran, document, folder };
}

const within = (value: number | null | undefined, low: number, high: number, what: string) =>
  assert.ok(value != null && value >= low && value <= high, `${what}: ${value} is not within ${low} and ${high}`);

function metricOf({ series }: ResultDocument, name: string): number | null {
  const metric = series.find(({ detail, metrics }) => !detail && metrics[name] !== undefined)?.metrics[name];
  return metric === undefined ? null : isDistribution(metric) ? metric.p50 : metric.value;
}

suite('scenarios of the catalogue against a real engine', { skip, concurrency: 1 }, () => {
  test('probe: what the server is and can do', async (t) => {
    const url = await llama(t);
    const probed = await cli(t, ['probe', url, '--timeout', '60'], { cwd: await scratch(t) });
    assert.equal(probed.code, 0, told(probed));
    assert.match(probed.stdout, /llama\.cpp/i, told(probed));
    assert.doesNotMatch(probed.stdout, /✗|❌/, told(probed));
  });

  test('latency_benchmark: times to the first and for each further token, and MLPerf verdicts', async (t) => {
    const { document, ran } = await shortened(t, await llama(t), 'latency_benchmark', '--scale', '0.02', '--max-tokens', '8');
    const { ttft_ms, tpot_ms, latency_s, mlperf } = document.results;
    within(ttft_ms?.p50, 1, 60_000, 'TTFT, ms');
    within(tpot_ms?.p50, 0.5, 10_000, 'TPOT, ms');
    within(latency_s?.p50, (ttft_ms?.p50 ?? 0) / 1000, 120, 'latency, s');
    assert.deepEqual(Object.keys(mlperf ?? {}).slice(0, 2), ['standard', 'interactive'], JSON.stringify(mlperf));
    assert.match(ran.stdout, /MLPerf/);
  });

  test('conversation: the context grows with what the engine really answers', async (t) => {
    const { document, folder, ran } = await shortened(t, await llama(t), 'conversation', '--max-tokens', '12');
    const block = document.results['conversation'] as {
      completed: number;
      begun: number;
      conversations: { turns: { context_tokens: number | null; input_tokens: number | null }[] }[];
    };
    assert.equal(block.completed, block.begun, told(ran));
    for (const { turns } of block.conversations)
      for (const [index, turn] of turns.entries())
        if (index > 0)
          assert.ok(
            (turn.input_tokens ?? 0) > (turns[index - 1]?.input_tokens ?? 0),
            `turn ${index + 1}: ${JSON.stringify(turns.map((one) => one.input_tokens))}`,
          );
    assert.match((await readdir(join(folder, 'results'))).join(' '), /conversation_results_/);
    assert.match(ran.stdout, /Turns:/);
  });

  test('prefix_cache, with short prompts: what was sent before is answered sooner, and the engine says what it found in its cache', async (t) => {
    const { document, ran, folder } = await shortened(
      t,
      await llama(t),
      'prefix_cache',
      '--scale',
      '0.05',
      '--prompt-tokens',
      '100',
      '--max-tokens',
      '4',
      '--warmup',
      '0',
      '--timeout',
      '120',
    );
    const found = document.results['prefix_cache'] as {
      ttft_cold_warm_ratio: number | null;
      cached_percent: { cold: number | null; warm: number | null; shared_prefix: number | null };
      notes: string[];
    };
    within(found.cached_percent.cold, 0, 40, 'found in the cache of cold prompts, percent');
    within(found.cached_percent.warm, 80, 100, 'found in the cache of warm prompts, percent');
    // A prompt that is there already takes a hundredth of the work: even on a busy machine it is far below the others.
    within(found.ttft_cold_warm_ratio, 2, 10_000, 'TTFT, cold to warm');
    assert.match(found.notes.join(), /no answer names its replica/);
    assert.match(ran.stdout, /Prefix cache/);
    assert.match((await readdir(join(folder, 'results'))).join(' '), /pattern3_\d{8}_\d{6}/);
  });

  test('structured output: the schema goes along, and each answer is checked', async (t) => {
    const url = await llama(t);
    for (const scenario of ['structured_simple', 'structured_nested', 'structured_array']) {
      const { document, ran } = await shortened(t, url, scenario, '--scale', '0.02', '--max-tokens', '60');
      const [kept, none, broken] = ['schema_compliance_rate', 'invalid_json_rate', 'schema_violation_rate'].map((name) => metricOf(document, name));
      within((kept ?? Number.NaN) + (none ?? Number.NaN) + (broken ?? Number.NaN), 99.9, 100.1, `${scenario}: the rates together`);
      // A grammar made of the schema leaves nothing else to say; only an answer that is cut off is no JSON.
      assert.equal(broken, 0, told(ran));
      within(metricOf(document, 'request_bytes'), 100, 5000, `${scenario}: request, bytes`);
      assert.match(ran.stdout, /Structured answers:/);
    }
  });
});
