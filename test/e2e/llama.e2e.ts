import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ResultDocument } from '../../src/result/document.ts';
import { programOf, unless } from './components.ts';
import { newMark } from './runner.ts';
import { cli, type Finished, marked, markOf, readResult, scratch, told } from './support.ts';

const skip = unless('llama.cpp server', 'SmolLM2-135M');
const server = fileURLToPath(new URL('./fixtures/llama_server.py', import.meta.url));

interface Project {
  folder: string;
  mark: string;
  run(...args: string[]): Promise<Finished>;
  result(name: string): Promise<ResultDocument>;
}

/** A repository whose service is a llama.cpp server with a small model, as a user would configure it. */
async function project(t: TestContext): Promise<Project> {
  const folder = await scratch(t);
  const mark = newMark();
  const command = `exec env ${markOf(mark)} ${programOf('llama.cpp server')} ${server} \${PORT}`;
  await writeFile(
    join(folder, 'llm-bench.yaml'),
    `target:
  name: llama
  command: ${command}
  ready: { url: /health, timeout_seconds: 60 }
  model: smollm2
scenario: { name: small, request: { api: chat, prompts: prompts.jsonl, max_tokens: 16, temperature: 0 }, load: { executor: closed, requests: 6, concurrency: 1 }, warmup: 1 }
`,
  );
  const prompts = ['Name three colours.', 'What is a cloud made of?', 'Count from one to ten.'];
  await writeFile(join(folder, 'prompts.jsonl'), prompts.map((prompt) => `${JSON.stringify({ prompt })}\n`).join(''));
  return {
    folder,
    mark,
    run: (...args) => cli(t, args, { cwd: folder }),
    result: (name) => readResult(folder, name),
  };
}

/** What holds of every measurement of a real engine: every request answered, counted by the server's own usage, at possible speeds. */
function assertPlausible({ results, series, errors, validity }: ResultDocument, ran: Finished, requests: number): void {
  assert.deepEqual([results.successful, results.failed, errors.length], [requests, 0, 0], told(ran));
  const metrics = series[0]?.metrics ?? {};
  const output = metrics['output_tokens'];
  assert.ok(output && 'mean' in output && output.mean !== null && output.mean > 1 && output.mean <= 16, JSON.stringify(output));
  const input = metrics['input_tokens'];
  assert.ok(input && 'mean' in input && input.mean !== null && input.mean > 5, JSON.stringify(input));
  const latency = results.latency_s;
  assert.ok(latency?.p50 != null && latency.p50 > 0.01 && latency.p50 < 60, JSON.stringify(latency));
  assert.ok((results.throughput?.tokens_per_sec ?? 0) > 0.5, JSON.stringify(results.throughput));
  assert.ok(
    validity.checks.every((check) => check.ok || check.severity === 'advice'),
    JSON.stringify(validity),
  );
}

function assertStreamed({ results }: ResultDocument): void {
  const { ttft_ms: ttft, tpot_ms: tpot, latency_s: latency } = results;
  assert.ok(ttft?.p50 != null && latency?.p50 != null && ttft.p50 > 1 && ttft.p50 < latency.p50 * 1000, JSON.stringify([ttft, latency]));
  assert.ok(tpot?.p50 != null && tpot.p50 > 0.5 && tpot.p50 < latency.p50 * 1000, JSON.stringify(tpot));
}

test('a real engine, streamed, not streamed and by completions', { skip }, async (t) => {
  const { run, result, mark } = await project(t);

  const streamed = await run('run', '-o', 'streamed.json');
  assert.equal(streamed.code, 0, told(streamed));
  assertPlausible(await result('streamed.json'), streamed, 6);
  assertStreamed(await result('streamed.json'));
  assert.deepEqual(marked(mark), [], 'the service is stopped');

  const whole = await run('run', '--no-stream', '-o', 'whole.json');
  assert.equal(whole.code, 0, told(whole));
  assertPlausible(await result('whole.json'), whole, 6);
  assert.equal((await result('whole.json')).results.tpot_ms?.p50 ?? null, null, 'without a stream there is no time per token');
  assert.deepEqual(marked(mark), [], 'the service is stopped');

  const completions = await run('run', '--api', 'completions', '-o', 'completions.json');
  assert.equal(completions.code, 0, told(completions));
  assertPlausible(await result('completions.json'), completions, 6);
  assertStreamed(await result('completions.json'));
  assert.deepEqual(marked(mark), [], 'the service is stopped');
});

test('a real engine checked against its own baseline, with limits as wide as the machine is noisy, and with one that it cannot keep', {
  skip,
}, async (t) => {
  const { run, result, folder } = await project(t);
  const baseline = await run('run', '-o', 'baseline.json');
  assert.equal(baseline.code, 0, told(baseline));

  const wide = '{ max_regression_percent: 900, warn_regression_percent: 600 }';
  await writeFile(
    join(folder, 'wide.yaml'),
    `extends: none\nseries: { "*": { latency_s.p95: ${wide}, ttft_ms.p95: ${wide}, error_rate: { max: 1 } } }\n`,
  );
  const checked = await run('check', '--baseline', 'baseline.json', '--mode', 'rules', '--thresholds', 'wide.yaml', '--html', '-o', 'head.json');
  assert.equal(checked.code, 0, told(checked));
  assert.match(checked.stdout, /✅ llm-bench: no regression/, told(checked));
  const report = await readFile(join(folder, 'head.md'), 'utf8');
  assert.match(report, /Latency p95/);
  assert.match(report, /rules/);
  const html = await readFile(join(folder, 'head.html'), 'utf8');
  assert.match(html, /<html[\s\S]*Latency p95[\s\S]*<\/html>/);
  assertPlausible(await result('head.json'), checked, 6);

  const args = ['--baseline', 'baseline.json', '--current', 'head.json', '--thresholds', 'wide.yaml'];
  const compared = await run('compare', ...args, '--format', 'json');
  assert.equal(compared.code, 0, told(compared));
  const verdict = JSON.parse(compared.stdout) as { verdict: string; mode: string; series: Array<{ metric: string; change_percent: number | null }> };
  assert.deepEqual([verdict.verdict, verdict.mode], ['ok', 'rules']);
  const p95 = verdict.series.find(({ metric }) => metric === 'latency_s.p95');
  const [before, after] = [await result('baseline.json'), await result('head.json')].map(({ results }) => results.latency_s?.p95 ?? Number.NaN);
  assert.ok(Math.abs((p95?.change_percent ?? Number.NaN) - (after! / before! - 1) * 100) < 0.5, JSON.stringify([p95, before, after]));

  await writeFile(join(folder, 'impossible.yaml'), 'extends: none\nmax_p95_latency_ms: 1\n');
  const broken = await run('compare', ...args.slice(0, 4), '--thresholds', 'impossible.yaml');
  assert.equal(broken.code, 1, told(broken));
  assert.match(broken.stdout, /Latency p95 is .* above its limit of 1 ms|Latency p95 is .* above its limit/, told(broken));
});

test('prompts that are longer than the context of a real engine are counted as refused', { skip }, async (t) => {
  const { run, result, folder, mark } = await project(t);
  const lines = ['Name a colour.', 'word '.repeat(3000)].map((prompt) => `${JSON.stringify({ prompt })}\n`);
  await writeFile(join(folder, 'prompts.jsonl'), lines.join(''));
  const ran = await run('run', '-n', '4', '--warmup', '0', '-o', 'overlong.json');
  assert.equal(ran.code, 1, told(ran));
  const { results, errors } = await result('overlong.json');
  assert.deepEqual([results.successful, results.failed, results.error_rate], [2, 2, 50], told(ran));
  assert.deepEqual(
    errors.map(({ kind, count }) => [kind, count]),
    [['http_4xx', 2]],
  );
  assert.match(errors[0]?.example ?? '', /context/i, "the server's own words");
  assert.match(ran.stdout, /Error rate is 50/, told(ran));
  assert.deepEqual(marked(mark), [], 'the service is stopped');
});
