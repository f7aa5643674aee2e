import { listCatalogue } from '../config/catalogue.ts';

/** What `run --list` prints: every scenario and target that can be named, one a line. */
export async function renderCatalogue(cwd: string, builtinRoot: string): Promise<string> {
  const { scenarios, targets } = await listCatalogue(cwd, builtinRoot);
  const width = Math.max(...[...scenarios, ...targets].map(({ name }) => name.length)) + 2;
  const lines = (entries: typeof scenarios) => entries.map(({ name, description }) => `  ${name.padEnd(width)}${description}`.trimEnd());
  return `${['Scenarios:', ...lines(scenarios), '', 'Targets:', ...lines(targets)].join('\n')}\n`;
}
