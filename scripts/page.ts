/**
 * Writes src/report/page-assets.ts: the script and style that an HTML report carries, so that it needs no file and no network. `node scripts/page.ts`
 * `--check` writes nothing and fails when the file is not what the sources bundle to.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const require = createRequire(import.meta.url);
const source = fileURLToPath(new URL('../src/report/page/script.ts', import.meta.url));
const out = fileURLToPath(new URL('../src/report/page-assets.ts', import.meta.url));

const bundle = await build({
  entryPoints: [source],
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  charset: 'utf8',
  write: false,
  legalComments: 'none',
});
const style = await transform(await readFile(require.resolve('uplot/dist/uPlot.min.css'), 'utf8'), { loader: 'css', minify: true });
const notice = '/*! uPlot, https://github.com/leeoniya/uPlot, Copyright (c) Leon Sorokin, MIT License */';
const script = `${notice}${bundle.outputFiles[0]?.text.trim() ?? ''}`;
if (/<\/script|<!--/i.test(script)) throw new Error('the bundled script holds what would end its element');
const quoted = (text: string) => JSON.stringify(text);
const text = `// Written by scripts/page.ts from src/report/page/ and uPlot (MIT, https://github.com/leeoniya/uPlot).
export const pageScript = ${quoted(script)};
export const chartStyle = ${quoted(style.code.trim())};
`;
if (!process.argv.includes('--check')) await writeFile(out, text);
else if ((await readFile(out, 'utf8').catch(() => '')) !== text) {
  console.error('not up to date: src/report/page-assets.ts\nrun: node scripts/page.ts');
  process.exitCode = 1;
}
