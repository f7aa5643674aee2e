import { execFile } from 'node:child_process';
import type { StartContext } from './context.ts';
import { serviceEnvironment } from './environment.ts';

/** Time that logs_command may take. */
const logsTimeoutMs = 10_000;

/**
 * Returns what reads the target's log by its `logs_command`; null where it has none. The lines are those of stdout, then of stderr, secrets masked.
 * Reading never throws: what went wrong is the last line of the answer.
 */
export function logsReader(context: StartContext, marker: string, signal?: AbortSignal): (() => Promise<string[]>) | null {
  const command = context.target.logs_command;
  if (command === undefined) return null;
  const env = serviceEnvironment(context.target, { env: context.env, envFile: context.envFile, port: null, marker: `${marker}-logs` });
  const options = { cwd: context.directory, env, timeout: logsTimeoutMs, maxBuffer: 64 * 1024 * 1024, ...(signal === undefined ? {} : { signal }) };
  return () =>
    new Promise((resolve) => {
      execFile('/bin/sh', ['-c', command], options, (error, stdout, stderr) => {
        const lines = `${stdout}\n${stderr}`.split(/\r?\n/).filter((line) => line !== '');
        if (error !== null) {
          const why = error.killed
            ? `took longer than ${logsTimeoutMs / 1000} s`
            : typeof error.code === 'number'
              ? `exit status ${error.code}`
              : error.message;
          lines.push(`(logs_command ${command}: ${why})`);
        }
        resolve(lines.map(context.mask));
      });
    });
}
