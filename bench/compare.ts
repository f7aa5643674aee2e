import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How long `compare` takes as a process with 50 baselines of 100 series, of our own documents and of plain tables of values. `--dist FOLDER` names a build. */
const at = process.argv.indexOf('--dist');
const dist = at < 0 ? fileURLToPath(new URL('../dist', import.meta.url)) : (process.argv[at + 1] as string);
const [baselines, seriesCount, repetitions] = [50, 100, 7];

function value(index: number, series: number): number {
  return 100 * (1 + 0.03 * Math.sin(1 + index * 12.9898 + series * 78.233));
}

function result(index: number): string {
  const series = Array.from({ length: seriesCount }, (_, one) => ({
    id: `bench/${one}`,
    metrics: {
      time_ms: { unit: 'ms', better: 'lower', value: value(index, one) },
      rate: { unit: 'req/s', better: 'higher', value: value(index + 7, one) },
      memory: { unit: 'MB', better: 'lower', value: value(index + 13, one) },
    },
  }));
  return JSON.stringify({ schema_version: 1, timestamp: new Date(1.7e12 + index * 3.6e6).toISOString(), scenario: 'bench', series });
}

function table(index: number): string {
  return JSON.stringify(Array.from({ length: seriesCount }, (_, one) => ({ name: `bench/${one}`, unit: 'ms', value: value(index, one) })));
}

const folder = await mkdtemp(join(tmpdir(), 'llm-bench-compare-'));
try {
  for (const [name, make] of [
    ['results of 100 series with 3 metrics', result],
    ['custom files of 100 benchmarks', table],
  ] as const) {
    const files = Array.from({ length: baselines + 1 }, (_, index) => join(folder, `${make.name}-${index}.json`));
    for (const [index, file] of files.entries()) await writeFile(file, make(index));
    const [current, ...pool] = files as [string, ...string[]];
    const times: number[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const start = performance.now();
      const { status, stderr } = spawnSync(process.execPath, [
        join(dist, 'cli/index.js'),
        'compare',
        '--current',
        current,
        '--baseline',
        ...pool,
        '--format',
        'json',
      ]);
      times.push(performance.now() - start);
      if (status !== 0 && status !== 1) throw new Error(`compare exited with ${status}: ${stderr}`);
    }
    const sorted = times.sort((a, b) => a - b);
    process.stdout.write(
      `${baselines} baselines, ${name}: median ${Math.round(sorted[repetitions >> 1] as number)} ms, slowest ${Math.round(sorted.at(-1) as number)} ms of ${repetitions}\n`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
