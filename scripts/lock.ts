/**
 * Completes package-lock.json: npm leaves out optional packages of other platforms that its registry cannot show at that moment, and `npm ci` then
 * refuses the lock file everywhere. Each is added under the version that its parent names; only that platform ever fetches it.
 * `node scripts/lock.ts` after every `npm install`; `--check` only tells.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Entry {
  version: string;
  cpu?: string[];
  os?: string[];
  libc?: string[];
  dev?: boolean;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
}

const file = 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Entry> };
const missing: [string, Entry][] = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (`node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages) continue;
    missing.push([`node_modules/${name}`, { version, ...platformOf(name), ...(entry.dev ? { dev: true } : {}), optional: true }]);
  }
}

if (missing.length === 0) console.log(`${file} is complete`);
else if (process.argv.includes('--check')) {
  console.error(`${file} lacks ${missing.map(([path]) => path.slice('node_modules/'.length)).join(', ')}. Run node scripts/lock.ts.`);
  process.exitCode = 1;
} else {
  const packages = Object.fromEntries([...Object.entries(lock.packages), ...missing].sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
  console.log(`added ${missing.length} packages of other platforms`);
}

/** Platform packages carry theirs in the name: `@scope/cli-linux-x64-musl`. */
function platformOf(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> {
  const os = /android|darwin|win32|linux|freebsd|netbsd|openbsd|openharmony|sunos|aix/.exec(name)?.[0];
  const cpu = /arm64|x64|ia32|riscv64|s390x|ppc64|loong64|mips64el|arm/.exec(name)?.[0];
  const libc = os === 'linux' ? (name.includes('musl') ? ['musl'] : name.includes('gnu') ? ['glibc'] : null) : null;
  return { ...(cpu ? { cpu: [cpu] } : {}), ...(os ? { os: [os] } : {}), ...(libc ? { libc } : {}) };
}
