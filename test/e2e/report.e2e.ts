import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { cacheFolder } from './components.ts';
import { cli, readResult, scratch } from './support.ts';

const executablePath = '/usr/bin/chromium';
const flags = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const skip = existsSync(executablePath) ? false : `no ${executablePath}: apt-get install -y chromium`;

async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args: flags.split(' ') });
}

test('the HTML report of a run: every figure, live charts, nothing from elsewhere, at two widths and in both colours', { skip }, async (t) => {
  const folder = await scratch(t);
  const measure = (name: string, ...more: string[]) =>
    cli(t, ['run', '-n', '40', '-c', '4', '--no-selftest', '-o', `results/${name}.json`, ...more], { cwd: folder });
  assert.equal((await measure('first')).code, 0);
  assert.equal((await measure('my_test', '--html')).code, 0);
  const result = await readResult(join(folder, 'results', 'my_test.json'));
  const html = join(folder, 'results', 'my_test.html');
  const browser = await launch();
  t.after(() => browser.close());
  await mkdir(cacheFolder, { recursive: true });
  for (const [colorScheme, width] of [
    ['light', 1100],
    ['dark', 360],
  ] as const) {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    const wrong: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') wrong.push(message.text());
    });
    page.on('pageerror', (error) => {
      wrong.push(error.message);
    });
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) wrong.push(`asked for ${request.url()}`);
    });
    await page.goto(pathToFileURL(html).href);
    await page.locator('.uplot').first().waitFor();
    const widths = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
    assert.ok(widths[0] <= widths[1], `sideways scrolling: ${widths[0]} px in ${widths[1]}`);
    const text = (await page.locator('section').allTextContents()).join(' ');
    for (const part of [
      'Percentiles',
      'Distribution',
      'Slowest requests',
      'Trend over earlier results',
      'System',
      String(result.results.total_requests),
    ])
      assert.ok(text.includes(part), part);
    const charts = page.locator('.uplot');
    assert.ok((await charts.count()) >= 8);
    const value = charts.nth(0).locator('.u-series').nth(1).locator('.u-value');
    const before = await value.textContent();
    const over = charts.nth(0).locator('.u-over');
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 2, box.y + box.height / 2);
    assert.notEqual(await value.textContent(), before, 'the value under the pointer');
    const toggle = charts.nth(0).locator('.u-series').nth(1);
    await toggle.locator('th').click();
    assert.match((await toggle.getAttribute('class')) ?? '', /u-off/);
    await page.screenshot({ path: join(cacheFolder, `report-${colorScheme}-${width}.png`), fullPage: true });
    assert.deepEqual(wrong, []);
    await page.close();
  }
});

test('without its script the report still shows its figures and drawings', { skip }, async (t) => {
  const folder = await scratch(t);
  const { code } = await cli(t, ['run', '-n', '10', '--no-selftest', '-o', 'deep/er/a.json', '--html', 'new/folder/b.html'], { cwd: folder });
  assert.equal(code, 0);
  const html = join(folder, 'new/folder/b.html');
  assert.match(await readFile(html, 'utf8'), /<svg /);
  const browser = await launch();
  t.after(() => browser.close());
  const page = await browser.newPage({ javaScriptEnabled: false, viewport: { width: 360, height: 800 } });
  await page.goto(pathToFileURL(html).href);
  assert.ok((await page.locator('figure svg').count()) >= 4);
  assert.ok(await page.locator('table').first().isVisible());
});
