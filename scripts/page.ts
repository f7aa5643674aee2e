/**
 * Writes the scripts and styles that our pages carry, so that they need no file and no network: src/report/page-assets.ts (the chart library, and the script
 * of HTML reports) and src/publish/dashboard/page-assets.ts. `node scripts/page.ts`
 * `--check` writes nothing and fails when a file is not what the sources bundle to.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, type Plugin, transform } from 'esbuild';

const require = createRequire(import.meta.url);
const inRepository = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The library stands once, ahead of every script that draws with it. */
const libraryFromPage: Plugin = {
  name: 'library-from-page',
  setup(bundling) {
    bundling.onResolve({ filter: /^uplot$/ }, () => ({ path: 'uplot', namespace: 'page' }));
    bundling.onLoad({ filter: /.*/, namespace: 'page' }, () => ({ contents: 'export default globalThis.uPlot' }));
  },
};

async function bundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [inRepository(source)],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    write: false,
    legalComments: 'none',
    plugins: [libraryFromPage],
  });
  return checked(outputFiles[0]?.text.trim() ?? '');
}

function checked(script: string): string {
  if (/<\/script|<!--/i.test(script)) throw new Error('the bundled script holds what would end its element');
  return script;
}

const quoted = (text: string) => JSON.stringify(text);
const notice = '/*! uPlot, https://github.com/leeoniya/uPlot, Copyright (c) Leon Sorokin, MIT License */';
const uplot = (name: string) => readFile(require.resolve(`uplot/dist/${name}`), 'utf8');
const library = await transform(await uplot('uPlot.iife.min.js'), { minify: true, target: 'es2022', charset: 'utf8', legalComments: 'none' });
const style = await transform(await uplot('uPlot.min.css'), { loader: 'css', minify: true });

const files = {
  'src/report/page-assets.ts': `// Written by scripts/page.ts from src/report/page/ and uPlot (MIT, https://github.com/leeoniya/uPlot).
/** Sets \`uPlot\`, which the scripts of pages draw with. */
export const chartLibrary = ${quoted(checked(`${notice}${library.code.trim()}`))};
export const chartStyle = ${quoted(style.code.trim())};
export const pageScript = \`\${chartLibrary}\\n\${${quoted(await bundle('src/report/page/script.ts'))}}\`;
`,
  'src/publish/dashboard/page-assets.ts': `// Written by scripts/page.ts from src/publish/dashboard/page/.
export const dashboardScript = ${quoted(await bundle('src/publish/dashboard/page/script.ts'))};
`,
};

for (const [name, text] of Object.entries(files)) {
  const out = inRepository(name);
  if (!process.argv.includes('--check')) await writeFile(out, text);
  else if ((await readFile(out, 'utf8').catch(() => '')) !== text) {
    console.error(`not up to date: ${name}\nrun: node scripts/page.ts`);
    process.exitCode = 1;
  }
}
