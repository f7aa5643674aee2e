import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { executorSchemas } from '../../src/load/executors/registry.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');
const load = (cwd: string) => loadConfig({ cwd, builtinRoot: root, overrides: [], env: {}, executors: executorSchemas });
const documents = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: root })];

/** A trace with a request a minute, for documents that replay a part of one. */
const halfAnHour = Array.from({ length: 30 }, (_, minute) =>
  JSON.stringify({ timestamp: minute * 60_000, input_length: 8, output_length: 4, hash_ids: [minute] }),
).join('\n');

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { uses?: string; with?: Record<string, unknown>; steps?: { uses?: string; with?: Record<string, unknown> }[] }>;
}

/** Code blocks of one language, in the order they stand in a document. */
async function blocks(path: string, language: string): Promise<string[]> {
  const found = (await read(path)).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'));
  return [...found].map(([, text]) => text as string);
}

/** The inputs of what is used, where it is ours: the action, one of its sub-actions, or a reusable workflow. */
async function inputNames(uses: string): Promise<string[] | null> {
  const found = uses === './' ? [] : uses.match(/^org\/llm-bench-action(?:\/([\w./-]+))?@v1$/);
  if (found === null) return null;
  const path = found[1];
  if (path?.startsWith('.github/workflows/')) {
    const { on } = parse(await read(path)) as { on: { workflow_call: { inputs: object } } };
    return Object.keys(on.workflow_call.inputs);
  }
  return keys(join(path ?? '', 'action.yml'));
}

async function keys(manifest: string): Promise<string[]> {
  return Object.keys((parse(await read(manifest)) as { inputs: object }).inputs);
}

/** Everything that uses the action is given inputs that it has. */
async function checkSteps(steps: { uses?: string; with?: Record<string, unknown> }[], where: string): Promise<void> {
  for (const step of steps) {
    const known = step.uses === undefined ? null : await inputNames(step.uses);
    if (known === null) continue;
    for (const name of Object.keys(step.with ?? {})) assert.ok(known.includes(name), `${where}: ${step.uses} has no input named ${name}`);
  }
}

suite('examples', () => {
  const configurations = globSync('examples/*/llm-bench.yaml', { cwd: root });
  test('there are some', () => assert.ok(configurations.length >= 4));
  for (const path of configurations) {
    test(`${path} is sound`, async () => {
      const config = await load(join(root, dirname(path)));
      assert.deepEqual(config.warnings, []);
      assert.equal(config.embedded && config.components.entries.length === 0, false);
    });
  }

  for (const path of globSync(['examples/*/*.yml', '.github/workflows/*.yml'], { cwd: root })) {
    test(`${path} gives the action only inputs that it has, and may read and write no more than it needs`, async () => {
      const workflow = parse(await read(path)) as Workflow;
      assert.equal(workflow.permissions['contents'], 'read');
      for (const [name, level] of Object.entries(workflow.permissions)) if (name !== 'pull-requests') assert.equal(level, 'read', name);
      await checkSteps(
        Object.values(workflow.jobs).flatMap((job) => [job, ...(job.steps ?? [])]),
        path,
      );
    });
  }
});

suite('documents', () => {
  for (const path of documents) {
    test(`${path}: what it shows as YAML is sound`, async () => {
      for (const text of await blocks(path, 'yaml')) {
        const value = parse(text) as Record<string, unknown> | unknown[];
        if (Array.isArray(value)) await checkSteps(value as { uses?: string; with?: Record<string, unknown> }[], path);
        else if (value['jobs'] !== undefined)
          await checkSteps(
            Object.values((value as unknown as Workflow).jobs).flatMap((job) => [job, ...(job.steps ?? [])]),
            path,
          );
        else if (value['target'] !== undefined || (value['scenario'] !== undefined && value['jobs'] === undefined)) {
          const folder = await mkdtemp(join(tmpdir(), 'llm-bench-docs-'));
          try {
            await writeFile(join(folder, 'llm-bench.yaml'), text);
            await writeFile(join(folder, 'my-prompts.jsonl'), '{"prompt": "Hello"}\n');
            await mkdir(join(folder, 'traces'));
            await writeFile(join(folder, 'traces/conversation.jsonl'), halfAnHour);
            await load(folder);
          } finally {
            await rm(folder, { recursive: true, force: true });
          }
        }
      }
    });

    test(`${path}: its links lead somewhere`, async () => {
      const text = await read(path);
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?:|mailto:)/.test(target)) continue;
        const [file = '', anchor] = target.split('#');
        const full = file === '' ? path : join(dirname(path), file);
        const linked = await read(full).catch(() => null);
        const exists = linked !== null || globSync(full, { cwd: root }).length > 0;
        assert.ok(exists, `${target} (${relative(root, full)})`);
        if (anchor !== undefined && linked !== null) assert.ok(anchors(linked).includes(anchor), `${target}: no heading for #${anchor}`);
      }
    });
  }
});

/** Headings as they are linked to: lower case, without punctuation, dashes for blanks. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}
