/** Fails when dist/ is not what src/ builds to, or is larger than 14 MB. `node scripts/check-dist.ts` */
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const maxBytes = 14 * 1024 * 1024;
const fresh = mkdtempSync(join(tmpdir(), 'llm-bench-dist-'));
try {
  execFileSync(process.execPath, ['scripts/build.ts', fresh], { stdio: 'inherit' });
  const list = (root: string) =>
    globSync('**/*', { cwd: root })
      .filter((path) => statSync(join(root, path)).isFile())
      .sort();
  const built = list(fresh);
  const committed = list('dist');
  const differing = [...new Set([...built, ...committed])].filter(
    (path) => !built.includes(path) || !committed.includes(path) || !readFileSync(join(fresh, path)).equals(readFileSync(join('dist', path))),
  );
  const bytes = committed.reduce((sum, path) => sum + statSync(join('dist', path)).size, 0);
  if (differing.length > 0) {
    console.error(`dist/ does not match src/: ${differing.join(', ')}. Run npm run build and commit dist/.`);
    process.exitCode = 1;
  } else if (bytes > maxBytes) {
    console.error(`dist/ is ${bytes} bytes; the bound is ${maxBytes}.`);
    process.exitCode = 1;
  } else {
    console.log(`dist/ matches src/ (${committed.length} files, ${(bytes / 1024 / 1024).toFixed(1)} MB)`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
