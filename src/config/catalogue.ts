import { aliasesOf, manyScenarios, openScenarios, scenarioNames } from './scenario/scenarios.ts';
import { readTargets } from './target/targets.ts';
import { openFiles } from './yaml/files.ts';
import { defaultOrigin } from './yaml/layers.ts';

/** One line of `run --list`. */
export interface CatalogueEntry {
  name: string;
  description: string;
}

/**
 * What can be named: scenarios and targets, the shipped ones and the user's own, by name.
 * Faulty files are left out here; using one tells what is wrong with it.
 */
export async function listCatalogue(cwd: string, builtinRoot: string): Promise<{ scenarios: CatalogueEntry[]; targets: CatalogueEntry[] }> {
  const files = openFiles(cwd);
  const library = openScenarios(files, builtinRoot);
  const names = new Set([...(await scenarioNames(cwd)), ...(await scenarioNames(builtinRoot)), ...Object.keys(await manyScenarios(files, null))]);
  const scenarios: CatalogueEntry[] = [];
  for (const name of [...names].toSorted()) {
    const draft = await library.byName(name, defaultOrigin);
    if (!draft) continue;
    const aliases = aliasesOf(draft.layers.value);
    const also = aliases.length === 0 ? '' : ` (also: ${aliases.join(', ')})`;
    scenarios.push({ name, description: `${String(draft.layers.value['description'] ?? '')}${also}` });
  }
  const { targets } = await readTargets(files, builtinRoot);
  const described = [...targets].map(([name, { value }]) => ({
    name,
    description: [value['name'], value['model']].filter((part) => part !== undefined).join(', '),
  }));
  return { scenarios, targets: described };
}
