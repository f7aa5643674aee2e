import { ConfigError, type ConfigIssue } from '../errors.ts';
import { isOfScenario, type Override } from '../overrides.ts';
import { openFiles } from '../yaml/files.ts';
import { manyScenarios } from './scenarios.ts';

/** What `run-all` measures where no list is given; docs/results.md tells it. */
export const defaultScenarios: readonly string[] = [
  'light_load',
  'health',
  'models',
  'structured_simple',
  'structured_nested',
  'structured_array',
  'unstructured',
  'batch',
  'conversation',
  'structured_vs_unstructured',
];

export interface ScenarioList {
  names: readonly string[];
  /** The file that the scenarios stand in; null: they are found by name. */
  file: string | null;
}

/**
 * The scenarios that `--scenarios` lists: names separated by commas, or a file of scenarios by name, all in its order. Null: the default list.
 * @throws ConfigError (2) for a file that cannot be read, and for one, or a list, that names none
 */
export async function scenarioList(given: string | null, cwd: string): Promise<ScenarioList> {
  if (given === null) return { names: defaultScenarios, file: null };
  const files = openFiles(cwd);
  const isFile = /[/\\]|\.ya?ml$/.test(given);
  const names = isFile ? Object.keys(await manyScenarios(files, given)) : given.split(',').map((name) => name.trim());
  const unique = [...new Set(names.filter((name) => name !== ''))];
  if (unique.length === 0 && files.issues.length === 0)
    files.issues.push({
      ...nowhere,
      message: `expected names of scenarios separated by commas, or a file of scenarios by name; found none in ${given}`,
    });
  if (files.issues.length > 0) throw new ConfigError(files.issues);
  return { names: unique, file: isFile ? given : null };
}

const nowhere: Pick<ConfigIssue, 'file' | 'line' | 'column'> = { file: 'flag --scenarios', line: null, column: null };

/** What was loaded for a scenario of a list, and the flags that it has no use for. */
export interface Listed<T> {
  name: string;
  loaded: T;
  /** Labels such as `flag --max-tokens`. */
  leftOut: readonly string[];
}

/**
 * Loads the configuration of each, and tells the faults of all at once. A flag for the scenarios' own settings holds for those that it fits and is left out for
 * the others; one that fits none is a fault.
 * @throws ConfigError (2)
 */
export async function loadEach<T>(
  names: readonly string[],
  overrides: readonly Override[],
  load: (name: string, overrides: readonly Override[]) => Promise<T>,
): Promise<Listed<T>[]> {
  const tried: { one: Listed<T> | null; faults: readonly ConfigIssue[]; refused: readonly ConfigIssue[] }[] = [];
  for (const name of names) tried.push(await loadFitting(name, overrides, load));
  const listed = tried.map(({ one }) => one).filter((one) => one !== null);
  const flags = new Set(tried.flatMap(({ refused }) => refused.map(({ file }) => file)));
  const fitNone = [...flags].filter((flag) => tried.every(({ refused }) => refused.some(({ file }) => file === flag)));
  const faults = tried.flatMap(({ faults, refused }) => [...faults, ...refused.filter(({ file }) => fitNone.includes(file))]);
  if (faults.length > 0) throw new ConfigError([...new Map(faults.map((issue) => [JSON.stringify(issue), issue])).values()]);
  return listed;
}

async function loadFitting<T>(
  name: string,
  overrides: readonly Override[],
  load: (name: string, overrides: readonly Override[]) => Promise<T>,
): Promise<{ one: Listed<T> | null; faults: readonly ConfigIssue[]; refused: readonly ConfigIssue[] }> {
  const refused: ConfigIssue[] = [];
  for (let left = overrides; ; ) {
    const leftOut = [...new Set(refused.map(({ file }) => file))];
    try {
      return { one: { name, loaded: await load(name, left), leftOut }, faults: [], refused };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const blamed = error.issues.filter(({ file }) => left.some((override) => override.origin === file && isOfScenario(override)));
      if (blamed.length === 0) return { one: null, faults: error.issues, refused };
      refused.push(...blamed);
      left = left.filter((override) => !blamed.some(({ file }) => file === override.origin));
    }
  }
}

/** A sentence for each flag that was left out somewhere. */
export function leftOutSentences(listed: readonly Listed<unknown>[]): string[] {
  const flags = [...new Set(listed.flatMap(({ leftOut }) => leftOut))];
  return flags.map((flag) => {
    const without = listed.filter(({ leftOut }) => leftOut.includes(flag)).map(({ name }) => name);
    return `${flag} does not fit ${without.join(', ')}: left out there, used for the other ${listed.length - without.length}`;
  });
}
