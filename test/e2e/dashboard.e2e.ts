import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { cacheFolder } from './components.ts';
import { built } from './staged.ts';
import { cli, scratch, start, until } from './support.ts';

const executablePath = '/usr/bin/chromium';
const flags = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const skip = existsSync(executablePath) ? false : `no ${executablePath}: apt-get install -y chromium`;
const patience = { timeout: 60_000 };

/** A page that says what went wrong in it: errors of the console, and requests for anything but the dashboard. */
async function pageOf(
  browser: Browser,
  url: string,
  look: { width: number; colorScheme: 'light' | 'dark' },
): Promise<{ page: Page; wrong: string[] }> {
  const page = await browser.newPage({ colorScheme: look.colorScheme, viewport: { width: look.width, height: 900 } });
  const wrong: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') wrong.push(message.text());
  });
  page.on('pageerror', (error) => {
    wrong.push(error.message);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith('data:')) wrong.push(`asked for ${request.url()}`);
  });
  await page.goto(url);
  return { page, wrong };
}

async function noSidewaysScrolling(page: Page): Promise<void> {
  const [needs, has] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
  assert.ok(needs <= has, `sideways scrolling: ${needs} px in ${has}`);
}

async function openBrowser(t: TestContext): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, args: flags.split(' ') });
  t.after(() => browser.close());
  await mkdir(cacheFolder, { recursive: true });
  return browser;
}

// The policy of the page lets nothing be evaluated in it: what is waited for is read from outside.
const textOf = async (page: Page, selector: string): Promise<string> => (await page.locator(selector).first().textContent()) ?? '';

test('the dashboard: a load by keyboard, figures that move, an alert that comes and cools down, an export', { skip }, async (t) => {
  const folder = await scratch(t);
  const hook = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk;
    });
    request.on('end', () => {
      posted.push(JSON.parse(body) as { title: string });
      response.end();
    });
  });
  const posted: { title: string }[] = [];
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  t.after(() => hook.close());
  // No answer takes as little as this: the limit is broken for as long as there is a load.
  await writeFile(
    join(folder, 'llm-bench.yaml'),
    'thresholds: { series: { "*": { ttft_ms.p95: { max: 0.001 } } } }\nalerts: { categories: [performance], sustained: 1s, cool_down: 1m, webhook_env: HOOK }\n',
  );
  const served = start(t, process.execPath, [built('cli'), 'dashboard', '--port', '0', '--refresh', '200ms', '--no-selftest', '--users', '4'], {
    cwd: folder,
    env: { HOOK: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/` },
  });
  const [, url = ''] = await served.printed(/dashboard: (http:\S+)/);
  await served.printed(/ready after/);
  const browser = await openBrowser(t);
  const { page, wrong } = await pageOf(browser, url, { width: 1200, colorScheme: 'light' });
  await page.locator('#go:enabled').waitFor(patience);
  // By keyboard alone: to the form, four users, start.
  await page.locator('#users').focus();
  await page.keyboard.press('Enter');
  await page.locator('#phase:text-is("running")').waitFor(patience);
  await until('figures', async () => /\d/.test(await textOf(page, '#status td.n')));
  const before = await textOf(page, '#status');
  await until('other figures', async () => (await textOf(page, '#status')) !== before);
  await page.locator('#alerts li:has-text("TTFT above its limit")').waitFor(patience);
  assert.match((await page.locator('#status tr:has(th:text-is("ttft_ms.p95"))').textContent()) ?? '', /regressed/);
  assert.ok((await page.locator('.uplot').count()) >= 8);
  await page.locator('#users').fill('8');
  await page.locator('#go').click();
  await until('eight users', async () => /users 8\b/.test((await page.locator('[aria-label^="In flight"]').getAttribute('aria-label')) ?? ''));
  await noSidewaysScrolling(page);
  await page.screenshot({ path: join(cacheFolder, 'dashboard-light-1200.png'), fullPage: true });

  const phone = await pageOf(browser, url, { width: 360, colorScheme: 'dark' });
  await phone.page.locator('.uplot').first().waitFor(patience);
  await until('figures', async () => /\d/.test(await textOf(phone.page, '#status td.n')));
  await noSidewaysScrolling(phone.page);
  await phone.page.screenshot({ path: join(cacheFolder, 'dashboard-dark-360.png'), fullPage: true });
  assert.deepEqual(phone.wrong, []);

  await page.locator('#stop').click();
  await page.locator('#phase:text-is("ended")').waitFor(patience);
  // The window empties, the alert is over, and the same one would not be told again yet.
  await page.locator('#no-alerts').waitFor({ state: 'visible', ...patience });
  await page.locator('details:has(#history) summary').click();
  await page.locator('#history li:has-text("cooling down until")').first().waitFor(patience);
  assert.equal(posted.filter(({ title }) => title === 'TTFT above its limit').length, 1);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#csv').click()]);
  const csv = await readFile(await download.path(), 'utf8');
  assert.match(csv, /^time,requests_per_sec,/);
  assert.ok(csv.split('\r\n').length > 10);
  assert.deepEqual(wrong, []);

  served.child.kill('SIGTERM');
  assert.equal((await served.done).code, 0, served.output());
  const exported = await cli(t, ['dashboard', '--export', 'kept.json'], { cwd: folder });
  assert.equal(exported.code, 0, exported.stderr);
  const kept = JSON.parse(await readFile(join(folder, 'kept.json'), 'utf8')) as { samples: unknown[]; alerts: { title: string }[] };
  assert.ok(kept.samples.length > 10 && kept.alerts.some(({ title }) => title === 'TTFT above its limit'));
});

test('a run is looked at while it goes, against a baseline, and ended from the page', { skip }, async (t) => {
  const folder = await scratch(t);
  // A busy machine may break a limit; it is a result all the same.
  const measured = await cli(t, ['run', '-n', '40', '--no-selftest', '-o', 'baseline.json'], { cwd: folder });
  assert.ok(existsSync(join(folder, 'baseline.json')), measured.stderr);
  const run = start(
    t,
    process.execPath,
    [
      built('cli'),
      'check',
      '--duration',
      '10m',
      '--no-selftest',
      '--dashboard',
      '--port',
      '0',
      '--refresh',
      '200ms',
      '--baseline',
      'baseline.json',
      '--fail-on',
      'never',
    ],
    { cwd: folder },
  );
  const [, url = ''] = await run.printed(/dashboard: (http:\S+)/);
  const browser = await openBrowser(t);
  const { page, wrong } = await pageOf(browser, url, { width: 800, colorScheme: 'dark' });
  await page.locator('#stop-run').waitFor({ state: 'visible', ...patience });
  await until('a change', async () => /[+-][\d.]+ %/.test(await textOf(page, '#status')));
  assert.match(await textOf(page, '#status tr:has(th:text-is("latency_s.p95")) td.n'), /\d/);
  assert.equal(await page.locator('#control').isVisible(), false);
  assert.deepEqual(wrong, []);
  await page.locator('#stop-run').click();
  const { stderr } = await run.done;
  assert.ok(existsSync(join(folder, 'bench_results.json')), stderr);
});
