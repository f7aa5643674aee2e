/**
 * Writes docs/scenarios.md from config/scenarios/: what each scenario is for, its parameters, figures, limits and criteria.
 * `--check` writes nothing and fails when the page is not what the scenarios say.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { markdownTable } from 'markdown-table';
import { stringify } from 'yaml';
import { type Criterion, sloProfiles } from '../src/config/scenario/criteria.ts';
import { aliasesOf, openScenarios, scenarioNames } from '../src/config/scenario/scenarios.ts';
import { openFiles } from '../src/config/yaml/files.ts';
import { defaultOrigin, isTree, type Tree } from '../src/config/yaml/layers.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const page = `${root}docs/scenarios.md`;

const cell = (text: string) =>
  text
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
const flow = (value: unknown) => `\`${cell(stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }))}\``;
const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

function sentence({ of, max, min, is, says }: Criterion): string {
  const limits = [max === undefined ? '' : `at most ${max}`, min === undefined ? '' : `at least ${min}`, is === undefined ? '' : String(is)];
  const rule = `\`${of}\` ${limits.filter((part) => part !== '').join(', ')}`;
  return says === undefined ? rule : `${says} (${rule})`;
}

/** The rows of a scenario's table; what it does not say is left out. */
function rowsOf(tree: Tree, parts: readonly Tree[]): [string, string][] {
  const parameters = ['request', 'load', 'workers', 'warmup', 'timeout', 'retry', 'stop', 'target'].flatMap((key) =>
    tree[key] === undefined ? [] : [`${key}: ${flow(tree[key])}`],
  );
  const limits = isTree(tree['thresholds']) ? Object.entries(tree['thresholds']).map(([key, value]) => flow({ [key]: value })) : [];
  const profiles = listed(tree['slo']).map((name) => `service level \`${String(name)}\``);
  const rows: [string, string[]][] = [
    ['Also called', aliasesOf(tree).map((name) => `\`${name}\``)],
    ['Parameters', parameters],
    ['Parts', parts.map((part) => flow(part))],
    [
      'Metrics',
      [...listed(tree['metrics']), ...listed(tree['findings']).map((name) => `finding ${String(name)}`)].map((name) => `\`${String(name)}\``),
    ],
    ['Limits', limits],
    ['Success criteria', [...(listed(tree['criteria']) as Criterion[]).map(sentence), ...profiles]],
  ];
  return rows.filter(([, values]) => values.length > 0).map(([name, values]) => [name, values.map(cell).join('<br>')]);
}

async function render(): Promise<string> {
  const files = openFiles(root);
  const library = openScenarios(files, root);
  const sections: string[] = [];
  for (const name of (await scenarioNames(root)).toSorted()) {
    const draft = await library.byName(name, defaultOrigin);
    if (draft === null) throw new Error(files.issues.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n'));
    const tree = draft.layers.value;
    const rows = rowsOf(
      tree,
      draft.parts.map((part) => part.tree),
    );
    const table = markdownTable([['', ''], ...rows], { alignDelimiters: false });
    sections.push(`## ${name}\n\n${String(tree['description'] ?? '')}\n\n${table}\n`);
  }
  const levels = Object.entries(sloProfiles).map(([name, criteria]) => [`\`${name}\``, criteria.map(sentence).map(cell).join('<br>')]);
  return `# Scenarios

<!-- Written by scripts/scenarios.ts from config/scenarios/. -->

\`llm-bench run --scenario NAME\`. What the keys mean: [executors.md](executors.md); how to add one: [CONTRIBUTING](../CONTRIBUTING.md#adding-a-scenario).
\`--scale 0.01\` shortens any of them, \`--max-concurrency\` and \`--duration\` fit its load. Metrics are figures below \`results\` of the [result document](results.md).
The figures of \`light_load\`, \`ramp\`, \`spike\`, \`soak\`, \`kv_cache_stress\`, \`production_load\` and \`edge_cases\` are our own choice; those of the others are the ones that the suites they replace state.

${sections.join('\n')}
## Service levels

${markdownTable([['`--slo`', 'Criteria'], ...levels], { alignDelimiters: false })}
`;
}

const text = await render();
if (process.argv.includes('--check')) {
  const written = readFileSync(page, { encoding: 'utf8', flag: 'a+' });
  if (written !== text) {
    console.error('docs/scenarios.md is not what config/scenarios/ says\nrun: node scripts/scenarios.ts');
    process.exitCode = 1;
  }
} else writeFileSync(page, text);
