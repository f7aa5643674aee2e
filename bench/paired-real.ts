/**
 * How often a real paired measurement is wrong: `llm-bench ab` between two embedded engines that are alike (limit 10%), and some with the head slowed by
 * 10% (limit 5%). Nothing is simulated: processes, sockets and whatever else the machine does meanwhile.
 *
 *     npm run bench:paired-real -- [--runs 30] [--planted 5] [--budget 40s]
 *
 * With the defaults it takes some 20 minutes. What each run said is printed as it ends.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Verdict } from '../src/verdict/verdict.ts';

const { values: flags } = parseArgs({
  options: { runs: { type: 'string', default: '30' }, planted: { type: 'string', default: '5' }, budget: { type: 'string', default: '40s' } },
});
const cli = new URL('../src/cli/index.ts', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'paired-real-'));
// Limits on the value itself would judge the machine, not the difference.
writeFileSync(
  join(folder, 'llm-bench.yaml'),
  `scenario:
  name: paired
  request: { api: chat, stream: true, prompt_tokens: 50, max_tokens: 16 }
  load: { executor: closed, requests: 30, concurrency: 1 }
  warmup: 2
thresholds: { extends: none }
`,
);
const engine = (slowFactor: number) => `exec '${process.execPath}' '${cli}' mock --port \${PORT} --natural-tokens 16 --slow-factor ${slowFactor}`;

/** One `ab`; null where it gave no verdict. */
function ab(slowFactor: number, limit: number): Promise<Verdict | null> {
  const args = ['ab', '--baseline-command', engine(1), '--head-command', engine(slowFactor), '--limit', String(limit), '--budget', flags.budget];
  const load = ['-n', '30', '--no-selftest', '--format', 'json', '--quiet'];
  const child = spawn(process.execPath, [cli, ...args, ...load], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(text.trim() === '' ? null : (JSON.parse(text) as Verdict)));
  });
}

async function repeat(title: string, count: number, slowFactor: number, limit: number): Promise<Verdict[]> {
  process.stdout.write(`\n### ${title}, limit ${limit}%\n\n`);
  const verdicts: Verdict[] = [];
  for (let run = 1; run <= count; run++) {
    const verdict = await ab(slowFactor, limit);
    if (verdict === null) process.stdout.write(`${run}. no verdict\n`);
    else {
      verdicts.push(verdict);
      const named = verdict.series.filter((row) => row.verdict === verdict.verdict && row.limit_percent !== null && verdict.verdict !== 'ok');
      const which = named.map((row) => `${row.metric} ${row.change_percent?.toFixed(1) ?? '?'}%`).join(', ');
      process.stdout.write(
        `${run}. ${verdict.verdict}${which === '' ? '' : `: ${which}`} (${verdict.paired?.pairs} pairs, ${verdict.paired?.minutes} min)\n`,
      );
    }
  }
  return verdicts;
}

const counts = (verdicts: readonly Verdict[]): string =>
  [...new Set(verdicts.map(({ verdict }) => verdict))]
    .map((word) => `${verdicts.filter(({ verdict }) => verdict === word).length} ${word}`)
    .join(', ');

try {
  const same = await repeat('Two engines alike', Number(flags.runs), 1, 10);
  const slower = await repeat('The head slowed by 10%', Number(flags.planted), 1.1, 5);
  const alarms = same.filter(({ verdict }) => verdict === 'regressed').length;
  process.stdout.write(
    `\nAlike: ${counts(same)} of ${flags.runs}; wanted 0 regressed, ${alarms === 0 && same.length === Number(flags.runs) ? 'met' : 'MISSED'}\n`,
  );
  process.stdout.write(`Slowed by 10%: ${counts(slower)} of ${flags.planted}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
