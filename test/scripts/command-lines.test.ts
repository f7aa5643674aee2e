import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { commandLine } from '../../src/cli/main.ts';
import { listCatalogue } from '../../src/config/catalogue.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');
const documents = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: root })];

/** The words of a command line as a shell reads them: quotes, and comments and further commands cut off. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [, double, single, operator, plain] of line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\s[#|&;>]|&&)|((?:\\.|\$\([^)]*\)|[^\s"'])+)/g)) {
    if (operator !== undefined) break;
    words.push(double ?? single ?? plain ?? '');
  }
  return words;
}

/** Every command line of a document: in code blocks of a shell, in indented blocks, and in the cells of tables. */
function commandLines(markdown: string): string[] {
  const shell = [...markdown.matchAll(/^```(?:sh|bash|console)\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block.replaceAll('\\\n', ' ').split('\n'),
  );
  const indented = [...markdown.matchAll(/^ {4}(llm-bench .*)$/gm)].map(([, line = '']) => line);
  const cells = [...markdown.matchAll(/\| `(llm-bench [^`]+)`/g)].map(([, line = '']) => line);
  return [...shell, ...indented, ...cells]
    .flatMap((line) => /(?:^|&& )(llm-bench .*)$/.exec(line)?.[1] ?? [])
    .filter((line) => !/[[\]]|\.\.\.|\b[A-Z]{3,}\b/.test(line));
}

const context = {
  entryUrl: new URL('src/entry.ts', `file://${root}`),
  packageRoot: new URL(`file://${root}`),
  cliPath: new URL('src/cli/index.ts', `file://${root}`),
};

/** Parses a command line with the commands and flags that there are, and runs nothing. */
async function parsed(line: string): Promise<Command> {
  let reached: Command | undefined;
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0)
      command.action(() => {
        reached = command;
      });
    command.commands.forEach(quiet);
  };
  const program = commandLine(context);
  quiet(program);
  await program.parseAsync(wordsOf(line).slice(1), { from: 'user' });
  assert.ok(reached, `${line}: names no command`);
  return reached;
}

suite('command lines that documents show', async () => {
  const { scenarios, targets } = await listCatalogue(root, root);
  const known = new Set(scenarios.flatMap(({ name, description }) => [name, ...(/\(also: (.*)\)$/.exec(description)?.[1]?.split(', ') ?? [])]));
  const named = new Set(targets.map(({ name }) => name));

  for (const path of documents) {
    const lines = commandLines(await read(path));
    if (lines.length === 0) continue;
    test(`${path}: its ${lines.length} command lines have commands, flags, scenarios and targets that exist`, async () => {
      for (const line of lines) {
        const command = await parsed(line).catch((error: Error) => assert.fail(`${line}: ${error.message}`));
        const { scenario, type, target } = command.opts<{ scenario?: string; type?: string; target?: string }>();
        for (const name of (scenario ?? type)?.split(',') ?? []) assert.ok(known.has(name), `${line}: no scenario is named ${name}`);
        const sides = /^compare-/.test(command.name()) ? command.args.map((arg) => arg.split('=')[0] as string) : [];
        for (const name of [...(target === undefined ? [] : [target]), ...sides]) assert.ok(named.has(name), `${line}: no target is named ${name}`);
      }
    });
  }

  test('the table of what takes the place of what covers five suites', async () => {
    const section = /^## Moving from another suite$([\s\S]*?)^## /m.exec(await read('README.md'))?.[1] ?? '';
    const tables = section.split('</details>').slice(0, -1);
    assert.equal(tables.length, 5);
    for (const table of tables) assert.ok(commandLines(table).length >= 3, table.slice(0, 200));
  });

  test('a command, a flag, a scenario that does not exist is found', async () => {
    assert.deepEqual(commandLines('| `old` | `llm-bench run --no-such "a b"` |\n'), ['llm-bench run --no-such "a b"']);
    assert.deepEqual(wordsOf('llm-bench run --header "X-API-Key: $KEY" -n 5 # why'), ['llm-bench', 'run', '--header', 'X-API-Key: $KEY', '-n', '5']);
    await assert.rejects(parsed('llm-bench run --no-such'), /unknown option/);
    await assert.rejects(parsed('llm-bench no-such'), /unknown command/);
  });
});
