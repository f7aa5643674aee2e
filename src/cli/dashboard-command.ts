import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { EntryContext } from '../config/entry-context.ts';
import { ExitCode, UserError } from '../config/errors.ts';
import { type BenchFlags, overridesOf } from './bench-options.ts';
import { configHere } from './config-here.ts';
import { type DashboardFlags, placeOf } from './dashboard-options.ts';
import { listenForInterrupt } from './interrupt.ts';
import { shapeOf } from './run-shape.ts';

interface Flags extends BenchFlags, DashboardFlags {
  baselineFile?: string;
  monitorOnly?: boolean;
  /** Seconds. */
  probeInterval: number;
  maxUsers: number;
  results: string;
  export?: string | true;
  format?: 'csv' | 'json';
}

/** What the load of a dashboard takes; the page says when it starts and ends. */
const loadFlags: ReadonlySet<string> = new Set(['load.users', 'load.spawn_rate', 'load.concurrency', 'load.think_time']);
const usersAtFirst = 10;

/** Turns the flags of `dashboard` into the job; returns its exit code. */
export async function dashboardCommand(command: Command, context: EntryContext): Promise<ExitCode> {
  const flags = command.opts<Flags>();
  const given = await overridesOf(command);
  const foreign = given.filter(({ key }) => key.startsWith('load.') && !loadFlags.has(key));
  if (foreign.length > 0) {
    const names = foreign.map(({ origin }) => origin.replace(/^flag /, '')).join(', ');
    throw new UserError(`${names}: the load of a dashboard is users, started and stopped from the page`, {
      hint: 'For a load that ends by itself use `llm-bench run --dashboard`.',
    });
  }
  const numberOf = (key: string): number | null => {
    const value = given.findLast((one) => one.key === key)?.value;
    if (value === undefined) return null;
    const number = Number(value);
    if (number > 0) return number;
    throw new UserError(`${key.replace('load.', '--').replace('_', '-')}: expected a number above 0, found ${String(value)}`);
  };
  const users = numberOf('load.users') ?? numberOf('load.concurrency') ?? Math.min(usersAtFirst, flags.maxUsers);
  const spawnRate = numberOf('load.spawn_rate');
  if (!Number.isInteger(users) || users > flags.maxUsers)
    throw new UserError(`--users: expected a whole number of at most ${flags.maxUsers} (--max-users), found ${users}`);
  const load = given.filter(({ key }) => key === 'load.think_time' || !key.startsWith('load.'));
  const config = await configHere(flags, load, context);
  if (flags.export !== undefined) return exportKept(flags, resolve(config.root, config.output.monitoring_data));
  const { dashboard } = await import('../jobs/dashboard/dashboard.ts');
  const interrupt = listenForInterrupt((text) => void process.stderr.write(`${text}\n`));
  try {
    return await dashboard({
      config,
      entry: context,
      env: process.env,
      signal: interrupt.signal,
      onState: interrupt.onState,
      logDirectory: join(tmpdir(), `llm-bench-${process.pid}`),
      transport: flags.transport,
      freshConnections: flags.freshConnections === true,
      selftest: flags.selftest,
      shape: shapeOf(flags),
      place: await placeOf(flags, process.env),
      intervalMs: flags.refresh,
      baselineFile: flags.baselineFile ?? null,
      resultsFolder: flags.results,
      monitorOnly: flags.monitorOnly === true ? { probeIntervalMs: flags.probeInterval * 1000 } : null,
      users,
      spawnRate,
      maxUsers: flags.maxUsers,
      print: { out: (text) => void process.stdout.write(text), err: (text) => void process.stderr.write(`${text}\n`) },
    });
  } finally {
    interrupt.close();
  }
}

/** What earlier dashboards kept, with none running. */
async function exportKept({ export: to, format }: Flags, folder: string): Promise<ExitCode> {
  const { exportMonitoringTo } = await import('../jobs/dashboard/export-monitoring.ts');
  const file = typeof to === 'string' ? to : null;
  const ending = file === null ? '' : extname(file).slice(1).toLowerCase();
  const samples = await exportMonitoringTo(folder, { format: format ?? (ending === 'json' ? 'json' : 'csv'), file });
  process.stderr.write(`${samples} samples of ${folder}${file === null ? '' : `, written to ${file}`}\n`);
  return ExitCode.ok;
}
