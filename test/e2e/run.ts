/**
 * The end-to-end tests: `npm run test:e2e [-- NAME...]` runs all of them, or those whose file names contain one of the names.
 * Real parts are installed first; what cannot be is skipped and told at the end. E2E_REQUIRE=all makes a skip a failure.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { type ComponentName, installAll } from './components.ts';
import { stageAction } from './staged.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
const files = globSync('*.e2e.ts', { cwd: folder })
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort()
  .map((name) => join(folder, name));
if (files.length === 0) throw new Error(`no file of ${folder} is named like ${wanted.join(' or ')}`);

const tell = (line: string) => console.log(`e2e: ${line}`);
const missing: Map<ComponentName, string> = await installAll(tell);
process.env['E2E_MISSING'] = JSON.stringify(Object.fromEntries(missing));
try {
  await stageAction(tell);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}

const skipped: string[] = [];
let failed = false;
// One file after another: most of them measure times, and would measure each other.
const events = run({ files, concurrency: 1 });
events.on('test:pass', ({ name, skip }) => {
  if (skip !== undefined) skipped.push(`${name}: ${typeof skip === 'string' ? skip : 'no reason given'}`);
});
events.on('test:fail', ({ todo }) => {
  failed ||= todo === undefined;
});
const report = events.compose(spec);
report.pipe(process.stdout);
await finished(report);

for (const [name, reason] of missing) tell(`not installed: ${name}: ${reason}`);
for (const line of skipped) tell(`skipped: ${line}`);
if (skipped.length === 0 && missing.size === 0) tell('nothing was skipped');
if (skipped.length + missing.size > 0 && process.env['E2E_REQUIRE'] === 'all') {
  tell('E2E_REQUIRE=all: a skip is a failure');
  failed = true;
}
process.exitCode = failed ? 1 : 0;
