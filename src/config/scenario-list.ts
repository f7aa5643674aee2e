import { ConfigError, type ConfigIssue } from './errors.ts';
import { openFiles } from './files.ts';
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

/**
 * Loads the configuration of each, and tells the faults of all at once.
 * @throws ConfigError (2)
 */
export async function loadEach<T>(names: readonly string[], load: (name: string) => Promise<T>): Promise<T[]> {
  const loaded: T[] = [];
  const issues = new Map<string, ConfigIssue>();
  for (const name of names) {
    try {
      loaded.push(await load(name));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const issue of error.issues) issues.set(JSON.stringify(issue), issue);
    }
  }
  if (issues.size > 0) throw new ConfigError([...issues.values()]);
  return loaded;
}
