import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { ConfigIssue } from '../errors.ts';
import { parseYaml, type YamlSource } from './source.ts';

/** Larger than any configuration; a log or a model named by mistake is refused before it is read. */
const maxBytes = 4 * 1024 * 1024;

/** Reads configuration files, each once, and gathers what is wrong with them. */
export interface Files {
  /** The user's folder: relative paths are relative to it. */
  cwd: string;
  issues: ConfigIssue[];
  /** The file's YAML; null where there is no such file, or where it is faulty (then `issues` says so). */
  readYaml(path: string): Promise<YamlSource | null>;
  exists(path: string): Promise<boolean>;
  /** How messages name the file: relative to `cwd` where it lies below it. */
  display(path: string): string;
}

/** Reads configuration files, each once; faults gather in `issues` and nothing is thrown. */
export function openFiles(cwd: string): Files {
  const issues: ConfigIssue[] = [];
  const sources = new Map<string, Promise<YamlSource | null>>();
  const display = (path: string) => displayPath(cwd, path);

  async function read(path: string): Promise<YamlSource | null> {
    const size = await fileSize(path);
    if (size === null) return null;
    if (size > maxBytes) {
      issues.push({
        file: display(path),
        line: null,
        column: null,
        message: `expected a configuration file, found ${size} bytes (at most ${maxBytes} are read)`,
      });
      return null;
    }
    const text = await readFile(path, 'utf8').catch((error: Error) => error);
    if (text instanceof Error) {
      issues.push({ file: display(path), line: null, column: null, message: `cannot be read: ${text.message}` });
      return null;
    }
    const source = parseYaml(display(path), text);
    issues.push(...source.issues);
    return source.issues.length === 0 ? source : null;
  }

  return {
    cwd,
    issues,
    display,
    async readYaml(path) {
      const key = await realpath(path).catch(() => path);
      const source = sources.get(key) ?? read(path);
      sources.set(key, source);
      return source;
    },
    exists: async (path) => (await fileSize(path)) !== null,
  };
}

/** Null where there is no regular file. */
async function fileSize(path: string): Promise<number | null> {
  const info = await stat(path).catch(() => null);
  return info?.isFile() ? info.size : null;
}

/** How messages name a file: relative to `cwd` with slashes where it lies below it, else absolute. */
export function displayPath(cwd: string, path: string): string {
  const absolute = resolve(cwd, path);
  const inside = relative(cwd, absolute);
  return inside !== '' && !isAbsolute(inside) && inside !== '..' && !inside.startsWith(`..${sep}`) ? inside.replaceAll('\\', '/') : absolute;
}
