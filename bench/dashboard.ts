/**
 * An hour of the dashboard in a few minutes: 36,000 updates (10 a second for an hour) for three viewers, of whom one reads slowly and one not at all.
 * `npm run bench:dashboard [-- UPDATES]`. Fails when memory grows, or when an update takes long because of a viewer.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { alertsDefaults } from '../src/config/alerts.ts';
import { Live } from '../src/jobs/dashboard/live.ts';

const updates = Number(process.argv[2] ?? 36_000);
const stepMs = 100;
const readings = 40;
const folder = await mkdtemp(join(tmpdir(), 'llm-bench-soak-'));
const live = await Live.open({
  config: { thresholds: { series: { '*': { 'ttft_ms.p95': { max: 40 } } } }, alerts: alertsDefaults, scenarios: [] },
  env: {},
  place: { host: '127.0.0.1', port: 0, token: null },
  mode: 'run',
  target: 'soak',
  scenario: 'soak',
  // Time is told to it: its own clock never ticks here.
  intervalMs: 2 ** 31 - 1,
  windowMs: 10_000,
  monitoringFolder: join(folder, 'monitoring'),
  resultsFolder: folder,
  baseline: null,
  order: null,
  warn: (sentence) => console.error(sentence),
});
let read = 0;
function view(pace: 'reads' | 'slow' | 'never'): void {
  request(`${live.link}events`, (response) => {
    if (pace === 'never') return void response.pause();
    response.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (pace !== 'slow') return;
      response.pause();
      setTimeout(() => response.resume(), 50);
    });
  }).end();
}
view('reads');
view('slow');
view('never');
await new Promise((wake) => setTimeout(wake, 300));

const values = new Map(
  Array.from({ length: readings }, (_, at): [string, { gauge: { name: string; unit: string; better: 'neither' }; value: number }] => [
    `service_reading_${at}`,
    { gauge: { name: `service_reading_${at}`, unit: '', better: 'neither' }, value: at },
  ]),
);
live.watch({ absent: [], latest: () => values } as never);
live.begin('soak', 20);
const heap: number[] = [];
let [longestMs, spentMs] = [0, 0];
const beganMs = Date.now();
for (let update = 0; update < updates; update++) {
  const nowMs = beganMs + update * stepMs;
  for (const [at, reading] of [...values.values()].entries()) reading.value = Math.sin(update / 50 + at) * 100;
  for (let ended = 0; ended < 5; ended++)
    live.record(
      { latencyMs: 100 + (update % 70), ttftMs: 10 + (update % 50), outputTokens: 20, error: update % 500 === 0 ? 'timeout_total' : null },
      nowMs,
    );
  const startMs = performance.now();
  live.tick(nowMs);
  const tookMs = performance.now() - startMs;
  spentMs += tookMs;
  longestMs = Math.max(longestMs, tookMs);
  await breathe();
  if (update % Math.ceil(updates / 12) === 0) {
    globalThis.gc?.();
    heap.push(process.memoryUsage().heapUsed / 1024 / 1024);
  }
}
globalThis.gc?.();
heap.push(process.memoryUsage().heapUsed / 1024 / 1024);
// The history fills up within the first updates; from then on nothing may grow.
const [early, late] = [Math.max(...heap.slice(2, 5)), Math.max(...heap.slice(-4))];
console.log(`heap, MiB: ${heap.map((one) => one.toFixed(1)).join(' ')}`);
console.log(
  `${updates} updates, ${(spentMs / updates).toFixed(3)} ms each, the longest ${longestMs.toFixed(1)} ms; ${(read / 1024 / 1024).toFixed(0)} MiB read by viewers`,
);
await live.close();
await rm(folder, { recursive: true, force: true });
if (late > early * 1.2 + 2) {
  console.error(`memory grew: ${early.toFixed(1)} MiB, then ${late.toFixed(1)} MiB`);
  process.exitCode = 1;
}
