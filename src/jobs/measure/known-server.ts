import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EntryContext } from '../../config/entry-context.ts';
import { ExitCode, UserError } from '../../config/errors.ts';
import type { KnownScheduleOptions } from '../../mock/known-schedule.ts';
import type { Truth } from '../../mock/known-truth.ts';

const startTimeoutMs = 10_000;
const stopGraceMs = 1000;
const answerTimeoutMs = 5000;

/** The server of known timings in a process of its own. */
export interface KnownServer extends AsyncDisposable {
  url: string;
  truth(): Promise<Truth>;
  reset(): Promise<void>;
}

/**
 * Starts it as a child that ends with this process, whatever ends that.
 * @throws UserError when it does not come up
 */
export async function startKnownServer(entry: EntryContext, options: Partial<KnownScheduleOptions>): Promise<KnownServer> {
  const flags = Object.entries(options).flatMap(([name, value]) => [
    `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  const child = spawn(process.execPath, [fileURLToPath(entry.cliPath), 'known-schedule', ...flags], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // It needs nothing of the environment, least of all its secrets.
    env: {},
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      said = error.message;
      resolve();
    });
  });
  const stop = async () => {
    if (child.connected) child.disconnect();
    const kill = setTimeout(() => child.kill('SIGKILL'), stopGraceMs);
    await exited;
    clearTimeout(kill);
  };
  const signal = AbortSignal.timeout(startTimeoutMs);
  const url = await Promise.race([
    once(child, 'message', { signal }).then(
      ([message]) => (message as { url: string }).url,
      () => null,
    ),
    exited.then(() => null),
  ]);
  if (url === null) {
    child.kill('SIGKILL');
    await stop();
    throw new UserError(`the server of known timings did not start${said.trim() === '' ? '' : `: ${said.trim()}`}`, { exitCode: ExitCode.service });
  }
  const ask = async (path: string, method: string): Promise<Truth> => {
    const response = await fetch(`${url}${path}`, { method, signal: AbortSignal.timeout(answerTimeoutMs) });
    return (await response.json()) as Truth;
  };
  return {
    url,
    truth: () => ask('/truth', 'GET'),
    reset: async () => void (await ask('/truth/reset', 'POST')),
    [Symbol.asyncDispose]: stop,
  };
}
