/**
 * Writes the tables of inputs and outputs in README.md, between their markers, from action.yml.
 * `--check` writes nothing and fails when a table is not what action.yml says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { markdownTable } from 'markdown-table';
import { parse } from 'yaml';

interface Entry {
  description: string;
  default?: string;
}

/** What is read of action.yml. */
interface Manifest {
  inputs: Record<string, Entry>;
  outputs: Record<string, Entry>;
}

/** The tables by the name of their markers. */
function tablesOf({ inputs, outputs }: Manifest): Record<string, string> {
  const inputRows = Object.entries(inputs).map(([name, { description, default: given }]) => [
    code(name),
    cell(description),
    given === undefined ? '' : code(given),
  ]);
  const outputRows = Object.entries(outputs).map(([name, { description }]) => [code(name), cell(description)]);
  return {
    inputs: markdownTable([['Input', 'What it is', 'Default'], ...inputRows], { alignDelimiters: false, padding: true }),
    outputs: markdownTable([['Output', 'What it is'], ...outputRows], { alignDelimiters: false, padding: true }),
  };
}

function code(text: string): string {
  return `\`${cell(text)}\``;
}

/** A pipe would end the cell, a line break the row. */
function cell(text: string): string {
  return text
    .trim()
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ');
}

/**
 * Puts the tables of an action.yml between `<!-- NAME:begin -->` and `<!-- NAME:end -->` of a README.
 * @throws Error when a marker is missing, stands twice, or comes in the wrong order
 */
export function withTables(readme: string, actionYaml: string): string {
  let text = readme;
  for (const [name, table] of Object.entries(tablesOf(parse(actionYaml) as Manifest))) {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const [before, between, ...more] = text.split(begin);
    const [, after, ...rest] = (between ?? '').split(end);
    if (before === undefined || after === undefined || more.length > 0 || rest.length > 0)
      throw new Error(`README.md: expected ${begin} once and ${end} once after it`);
    text = `${before}${begin}\n${table}\n${end}${after}`;
  }
  return text;
}

if (import.meta.main) {
  const root = new URL('../', import.meta.url);
  const path = fileURLToPath(new URL('README.md', root));
  const written = readFileSync(path, 'utf8');
  const wanted = withTables(written, readFileSync(new URL('action.yml', root), 'utf8'));
  if (!process.argv.includes('--check')) writeFileSync(path, wanted);
  else if (written !== wanted) {
    console.error('README.md does not say what action.yml says. Run: node scripts/readme.ts');
    process.exitCode = 1;
  }
}
