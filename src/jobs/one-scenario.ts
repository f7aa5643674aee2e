import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../config/errors.ts';
import { unknownName } from '../config/yaml/schema-issues.ts';
import { scenarioFileName } from './scenario-file-name.ts';

/**
 * The files that hold a scenario: of a folder of `run-all` the one by its name, a file as it is.
 * @param paths files and folders; none: the newest folder below results/ that holds the scenario
 * @throws UserError (2) for a folder without it, naming what it holds
 */
export async function scenarioFiles(scenario: string, paths: readonly string[], cwd: string): Promise<string[]> {
  const places = paths.length > 0 ? paths.map((path) => resolve(cwd, path)) : [await newestFolder(join(cwd, 'results'), scenario)];
  return Promise.all(places.map((place) => fileIn(place, scenario)));
}

async function fileIn(place: string, scenario: string): Promise<string> {
  const there = await stat(place).catch(() => null);
  if (!there?.isDirectory()) return place;
  const names = await scenariosIn(place);
  if (names.includes(scenarioFileName(scenario))) return join(place, `${scenarioFileName(scenario)}.json`);
  throw new UserError(`${place}: ${unknownName('scenario', scenario, names)}`);
}

async function newestFolder(results: string, scenario: string): Promise<string> {
  const entries = await readdir(results, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory() && /^\d{8}_\d{6}$/.test(entry.name)).map(({ name }) => name);
  for (const name of folders.toSorted().reverse())
    if ((await scenariosIn(join(results, name))).includes(scenarioFileName(scenario))) return join(results, name);
  throw new UserError(`no folder below ${results} holds a result of ${scenario}`, {
    hint: 'Measure it by `llm-bench run-all`, or name the folder or file.',
  });
}

async function scenariosIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
}
