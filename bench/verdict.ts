/**
 * How often the verdicts are right: the table of docs/verdicts.md, from real noise and from noise drawn at random, the same for the same seed.
 *
 *     npm run bench:verdict -- [--seed N] [--trials N] [--noise FILE.csv]
 *
 * `--noise` takes other benchmarks for the screen and the drift: a CSV with the columns test,unit,lifespan,value, lifespan short (a fresh machine for
 * each run) or long (one machine, in order of time). Every share stands with its Monte Carlo standard error.
 */
import { parseArgs } from 'node:util';
import { readBenchmarks, readEmbeddedNoise } from './verdict/data.ts';
import { driftLines } from './verdict/drift.ts';
import { type Line, print } from './verdict/lines.ts';
import { pairedLines } from './verdict/paired.ts';
import { screenLines, screens } from './verdict/screen.ts';

const { values: flags } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, trials: { type: 'string', default: '1000' }, noise: { type: 'string' } },
});
const seed = Number(flags.seed);
const trials = Number(flags.trials);
if (!Number.isInteger(seed) || !Number.isInteger(trials) || trials < 10) throw new Error('--seed and --trials (at least 10) take whole numbers');

const started = performance.now();
const benchmarks = readBenchmarks(flags.noise ?? null);
const fresh = benchmarks.filter(({ short }) => short.length > 40);
const told: Line[] = [];
const tell = (title: string, lines: Line[]) => {
  told.push(...lines);
  print(title, lines);
};
process.stdout.write(`Seed ${seed}, ${trials} trials of each paired case and ${10 * trials} of each screen; ± is the Monte Carlo standard error.\n`);
for (const pool of [20, 10, 4]) {
  tell(
    `Screen, fresh machines, limit 10%, pool of ${pool}`,
    screenLines(fresh, screens(fresh, pool, pool === 20 ? 10 * trials : 4 * trials, seed + pool), pool),
  );
}
tell('Paired, budget 5 minutes', pairedLines(readEmbeddedNoise(), trials, seed));
tell('Drift', driftLines(benchmarks, Math.ceil(trials / 10), trials, seed));
const judged = told.filter(({ met }) => met !== null);
const missed = judged.filter(({ met }) => met === false);
process.stdout.write(
  `\n${judged.length - missed.length} of ${judged.length} figures met in ${((performance.now() - started) / 1000).toFixed(0)} s.\n`,
);
for (const line of missed) process.stdout.write(`MISSED: ${line.case}: wanted ${line.wanted}, found ${line.found}\n`);
