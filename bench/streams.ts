/**
 * Many streams open at once: 10,000 users, each with an answer of its own coming in, and no request may fail.
 *
 *     node bench/streams.ts [--streams 10000] [--cli FILE]
 *
 * Client and server want a file descriptor for each stream: `ulimit -n` must allow it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ResultDocument } from '../src/result/document.ts';
import { cliFromSource, KnownServer, residentMb, sleep, startRun } from './processes.ts';

const { values: flags } = parseArgs({ options: { streams: { type: 'string', default: '10000' }, cli: { type: 'string', default: cliFromSource } } });
const streams = Number(flags.streams);
/** Long answers of slow tokens: every stream is open long before the first ends. */
const schedule = { firstTokenMs: 5000, tokenMs: 1000, tokens: 10 };

const folder = await mkdtemp(join(tmpdir(), 'llm-bench-streams-'));
await using server = await KnownServer.start([
  '--first-token-ms',
  String(schedule.firstTokenMs),
  '--token-ms',
  String(schedule.tokenMs),
  '--tokens',
  String(schedule.tokens),
]);
try {
  const config = {
    target: { name: 'known-schedule', base_url: server.url, model: 'known-schedule' },
    scenario: {
      name: 'streams',
      timeout: 120,
      request: { api: 'chat', max_tokens: schedule.tokens },
      load: { executor: 'closed', concurrency: streams, requests: 2 * streams },
    },
  };
  const running = await startRun(flags.cli, folder, config);
  let peakMb = 0;
  while (!running.ended()) {
    await sleep(200);
    try {
      const nowMb = residentMb(running.pid);
      // A process that has ended and was not waited for has none.
      if (!Number.isNaN(nowMb)) peakMb = Math.max(peakMb, nowMb);
    } catch {
      // It has just ended.
    }
  }
  const { code, stderr } = await running.done;
  const { results, timeline, errors } = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8')) as ResultDocument;
  const open = Math.max(...timeline.map((second) => second.in_flight));
  process.stdout.write(
    `${streams} users: ${results.total_requests} requests, ${results.failed} failed, up to ${open} in flight at the end of a second, ${peakMb.toFixed(0)} MB resident at most, exit code ${code}\n`,
  );
  for (const { kind, count, example } of errors) process.stdout.write(`  ${kind} x ${count}: ${example}\n`);
  if (code !== 0 && code !== 1 && code !== 3) process.stdout.write(stderr.slice(-500));
} finally {
  await rm(folder, { recursive: true, force: true });
}
