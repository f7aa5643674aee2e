/**
 * Whether memory stays flat: resident memory of a whole run after 10,000 and after 1,000,000 requests, read from outside.
 *
 *     node bench/memory.ts [--requests 1000000] [--cli FILE]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cliFromSource, KnownServer, residentMb, sleep, startRun } from './processes.ts';

const { values: flags } = parseArgs({
  options: { requests: { type: 'string', default: '1000000' }, cli: { type: 'string', default: cliFromSource } },
});
const most = Number(flags.requests);
const first = Math.min(10_000, most / 10);
/** Requests beyond the last look, so that the process is still at work when it is looked at. */
const beyond = 50_000;

const folder = await mkdtemp(join(tmpdir(), 'llm-bench-memory-'));
await using server = await KnownServer.start();
try {
  const config = {
    target: { name: 'known-schedule', base_url: server.url },
    scenario: {
      name: 'memory',
      request: { api: 'http', method: 'POST', path: '/plain', body: '{"prompt":"hello"}' },
      load: { executor: 'closed', concurrency: 50, requests: most + beyond },
    },
  };
  const running = await startRun(flags.cli, folder, config);
  const marks = [first, ...[0.1, 0.25, 0.5, 0.75, 1].map((share) => share * most)].filter((mark, at, all) => at === 0 || mark > (all[0] ?? 0));
  const seen: { requests: number; mb: number }[] = [];
  while (!running.ended() && seen.length < marks.length) {
    const { requests } = await server.truth();
    if (requests >= (marks[seen.length] as number)) {
      const mb = residentMb(running.pid);
      seen.push({ requests, mb });
      process.stdout.write(`after ${requests.toLocaleString('en-US').padStart(9)} requests: ${mb.toFixed(1).padStart(6)} MB resident\n`);
    } else await sleep(10);
  }
  const { code, stderr } = await running.done;
  if (seen.length < marks.length) throw new Error(`the run ended early with ${code}: ${stderr.slice(-500)}`);
  process.stdout.write(`growth from the first to the last: ${((seen.at(-1)?.mb ?? 0) - (seen[0]?.mb ?? 0)).toFixed(1)} MB (goal: at most 20)\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
