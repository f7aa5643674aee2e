import { join } from 'node:path';
import { nameSchema } from '../text.ts';
import type { Files } from '../yaml/files.ts';
import { isTree, type Layers, overlay } from '../yaml/layers.ts';
import { check, describeFound } from '../yaml/schema-issues.ts';
import { targetSchema } from './target.ts';

/** Configured targets by name: the shipped ones, the user's own laid over them, key by key. */
export interface TargetCatalogue {
  targets: ReadonlyMap<string, Layers>;
  /** Targets that exist but are faulty: named in an issue already, so that using one is no second error. */
  faulty: ReadonlySet<string>;
}

/** Reads `<builtinRoot>/config/targets.yaml` and the user's `config/targets.yaml`. What is wrong goes to `files.issues`. */
export async function readTargets(files: Files, builtinRoot: string): Promise<TargetCatalogue> {
  const targets = new Map<string, Layers>();
  const faulty = new Set<string>();
  const shipped = join(builtinRoot, 'config', 'targets.yaml');
  if (!(await files.exists(shipped))) throw new Error(`the shipped ${shipped} is missing: this installation is not complete`);
  for (const [path, own] of [
    [shipped, false],
    [join(files.cwd, 'config', 'targets.yaml'), true],
    [join(files.cwd, 'config', 'targets.yml'), true],
  ] as const) {
    const source = await files.readYaml(path);
    if (!source || source.value === null) continue;
    if (!isTree(source.value)) {
      files.issues.push({ ...source.locate([]), message: `expected targets by name, found ${describeFound(source.value)}` });
      continue;
    }
    for (const [name, value] of Object.entries(source.value)) {
      const issues = [
        ...check(nameSchema, name, { locate: () => source.locate([name], 'key') }).issues,
        ...check(targetSchema, value, { locate: source.locate, prefix: [name] }).issues,
      ];
      files.issues.push(...issues);
      if (issues.length > 0) faulty.add(name);
      if (issues.length > 0 || !isTree(value)) continue;
      const label = (line: number | null, column: number | null) => (own ? `${source.file}:${line}:${column}` : `target ${name}`);
      targets.set(
        name,
        overlay(targets.get(name) ?? { value: {}, origins: new Map() }, value, (at) => {
          const place = source.locate([name, ...at]);
          return { label: label(place.line, place.column), place };
        }),
      );
    }
  }
  return { targets, faulty };
}
