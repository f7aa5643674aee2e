import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDurationSeconds } from '../config/duration.ts';
import type { DashboardPlace } from '../jobs/dashboard/live.ts';

/** Flags of whatever serves the page. */
export interface DashboardFlags {
  port: number;
  host: string;
  token?: string;
  refresh: number;
}

const tokenVariable = 'LLM_BENCH_DASHBOARD_TOKEN';

/** Flags that say where a page with live figures is served, and to whom. */
export function addDashboardOptions(command: Command): Command {
  return command
    .option('--port <number>', 'port that the dashboard is served on', parsePort, 8089)
    .option('--host <address>', 'address that the dashboard is bound to; one that others can reach needs the token that is printed', '127.0.0.1')
    .option('--token <text>', `token that the dashboard asks for (or ${tokenVariable}); made up where one is needed and none is given`, parseToken)
    .addOption(new Option('--refresh <time>', 'time between two updates of the dashboard').argParser(parseRefresh).default(1000, '1s'));
}

/** The same for a command that measures by itself. */
export function addRunDashboard(command: Command): Command {
  return addDashboardOptions(command.option('--dashboard', 'serve a page with live figures while it runs'));
}

/** Where the page is served: a token always where others can reach it, and wherever one is named. */
export async function placeOf({ port, host, token }: DashboardFlags, env: NodeJS.ProcessEnv): Promise<DashboardPlace> {
  const { isLoopback } = await import('../publish/dashboard/guard.ts');
  const named = token ?? (env[tokenVariable] ? parseToken(env[tokenVariable]) : undefined);
  if (named !== undefined || isLoopback(host)) return { port, host, token: named ?? null };
  const { randomBytes } = await import('node:crypto');
  return { port, host, token: randomBytes(24).toString('base64url') };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('expected a port from 0 (a free one) to 65535');
  return port;
}

function parseToken(text: string): string {
  if (!/^[\w-]{16,200}$/.test(text)) throw new InvalidArgumentError('expected at least 16 letters, digits, _ or -');
  return text;
}

function parseRefresh(text: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds === null || seconds < 0.1 || seconds > 60) throw new InvalidArgumentError('expected a time from 100ms to 60s');
  return seconds * 1000;
}
