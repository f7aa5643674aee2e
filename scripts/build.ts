/**
 * Builds dist/: one ncc bundle (dist/engine) and a thin launcher per entry.
 * `node scripts/build.ts [OUT]`; OUT is `dist` unless named, so that the dist check can build beside it.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { entries } from './entries.ts';

const out = process.argv[2] ?? 'dist';

const launcher = (entry: string) => `#!/usr/bin/env node
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error('llm-bench needs Node 24 or newer; this is Node ' + process.versions.node + '. Install it from nodejs.org, or run it with: npx node@24 dist/${entry}/index.js');
  process.exit(2);
} else {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache?.();
  const { start } = await import('../engine/index.js');
  await start('${entry}');
}
`;

/** ncc keeps every blank and comment of what it bundles; without them dist/ is half the size. Names stay, so that a stack can be read. */
async function shrink(folder: string): Promise<void> {
  for (const name of globSync('*.js', { cwd: folder })) {
    const file = join(folder, name);
    const { code } = await transform(readFileSync(file, 'utf8'), {
      minifyWhitespace: true,
      minifySyntax: true,
      target: 'node24',
      format: 'esm',
      charset: 'utf8',
      legalComments: 'none',
    });
    writeFileSync(file, code);
  }
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
execFileSync('ncc', ['build', 'src/entry.ts', '-o', join(out, 'engine'), '--license', 'licenses.txt', '--quiet'], { stdio: 'inherit' });
await shrink(join(out, 'engine'));
for (const entry of entries) {
  mkdirSync(join(out, entry));
  const file = join(out, entry, 'index.js');
  writeFileSync(file, launcher(entry));
  chmodSync(file, 0o755);
}
writeFileSync(join(out, 'package.json'), '{ "type": "module" }\n');
