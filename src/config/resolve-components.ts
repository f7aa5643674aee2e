import { join } from 'node:path';
import * as z from 'zod';
import { type ComponentEntry, type ComponentsConfig, componentSchema, componentTimeoutSeconds, perfSchema, type SeriesName } from './component.ts';
import type { Files } from './yaml/files.ts';
import { isTree, type Origin, type Tree } from './yaml/layers.ts';
import { check } from './yaml/schema-issues.ts';
import type { Path } from './yaml/source.ts';

type Perf = z.output<typeof perfSchema>;

/**
 * The `component:` entries with what config/perf.yaml says of them: the user's settings over the shipped ones, and the user's names before them.
 * @param written entries as checked already; perf.yaml is read only where there is one
 */
export async function resolveComponents(
  written: { value: unknown; originOf: (path: Path) => Origin } | null,
  files: Files,
  builtinRoot: string,
): Promise<ComponentsConfig> {
  const list = written === null ? [] : Array.isArray(written.value) ? written.value : [written.value];
  if (written === null || list.length === 0) return { entries: [], environment: {}, derived: {} };
  const shipped = await readPerf(join(builtinRoot, 'config', 'perf.yaml'), files);
  let own: Perf = {};
  for (const name of ['perf.yaml', 'perf.yml']) {
    const path = join(files.cwd, 'config', name);
    if (await files.exists(path)) {
      own = await readPerf(path, files);
      break;
    }
  }
  const known = [...namesOf(own.series), ...namesOf(shipped.series)];
  const entries = z
    .array(componentSchema)
    .parse(list)
    .map((entry): ComponentEntry => {
      const { name, read, timeout, series, ...rest } = entry;
      return {
        ...rest,
        name: name ?? entry.format,
        read: read ?? [],
        timeoutSeconds: timeout ?? componentTimeoutSeconds,
        series: [...namesOf(series), ...known],
      };
    });
  refuseTwins(entries, (index) => written.originOf(Array.isArray(written.value) ? [index] : []), files);
  return {
    entries,
    environment: { ...environmentOf(shipped.benchmark_config ?? {}), ...environmentOf(own.benchmark_config ?? {}) },
    derived: { ...shipped.derived, ...own.derived },
  };
}

function refuseTwins(entries: readonly ComponentEntry[], originOf: (index: number) => Origin, files: Files): void {
  entries.forEach(({ name }, index) => {
    if (entries.findIndex((entry) => entry.name === name) === index) return;
    files.issues.push({ ...originOf(index).place, message: `component: two entries are named ${name}: give one another name` });
  });
}

async function readPerf(path: string, files: Files): Promise<Perf> {
  const source = await files.readYaml(path);
  if (source === null) return {};
  const { data, issues } = check(perfSchema, source.value ?? {}, { locate: source.locate });
  files.issues.push(...issues);
  return data ?? {};
}

const namesOf = (series: Readonly<Record<string, string>> | undefined): SeriesName[] =>
  Object.entries(series ?? {}).map(([pattern, path]) => ({ pattern, path }));

function environmentOf(settings: Tree): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([component, members]) =>
      isTree(members)
        ? Object.entries(members).map(([name, value]) => [variable(component, name), Array.isArray(value) ? value.join(',') : String(value)])
        : [],
    ),
  );
}

const variable = (...words: string[]): string => ['LLM_BENCH', ...words].map((word) => word.replaceAll(/\W/g, '_').toUpperCase()).join('_');
