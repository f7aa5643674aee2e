import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { runs, scratch, until } from '../service/support.ts';

const source = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

/** A command whose job has a service and does not end when it is asked to. */
const stubborn = (root: string) => `
import { listenForInterrupt } from ${source('cli/interrupt.ts')};
import { startService } from ${source('service/start.ts')};
const interrupt = listenForInterrupt((text) => console.log(text));
const script = "process.on('SIGTERM', () => {}); require('node:http').createServer((q, r) => r.end()).listen(Number(process.env.PORT), '127.0.0.1')";
const target = { name: 'svc', command: 'exec ' + process.execPath + ' -e "' + script + '"', port: 'auto' };
const root = ${JSON.stringify(root)};
const service = await startService(target, { root, env: process.env, logDirectory: root, onState: interrupt.onState });
console.log('service ' + service.pid);
interrupt.signal.addEventListener('abort', () => console.log('asked'));
setInterval(() => {}, 1000);
`;

test('the first signal asks, the second ends the process and takes the service along', async (t) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', stubborn(scratch(t))], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await until(() => /service \d+/.test(out), 'the service');
  const pid = Number(/service (\d+)/.exec(out)?.[1]);
  child.kill('SIGINT');
  await until(() => out.includes('asked'), 'the first signal to be heard');
  assert.match(out, /Once more ends at once/);
  assert.equal(child.exitCode, null);
  assert.ok(runs(pid));
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  assert.equal(code, 130);
  await until(() => !runs(pid), 'the service to be gone');
});
