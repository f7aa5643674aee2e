import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { ConfigError, type ConfigIssue } from '../errors.ts';
import { check, describeFound } from '../yaml/schema-issues.ts';

const count = z.int().min(1);

/** Conversations of a ShareGPT file as prompts. */
export const shareGptSchema = z.strictObject({
  file: z
    .string()
    .min(1)
    .meta({ description: 'ShareGPT JSON: [{"conversations": [{"from": "human", "value": ...}, {"from": "gpt", ...}]}], or a row a line' }),
  turns: z
    .enum(['first', 'all'])
    .default('first')
    .meta({ description: 'first: the first thing a person said; all: the whole conversation up to its last answer' }),
  answer_length: z
    .boolean()
    .default(true)
    .meta({ description: 'Ask for as many tokens as the recorded answer has, unless request.max_tokens says otherwise' }),
  min_prompt_tokens: count.default(4),
  max_prompt_tokens: count.optional(),
  min_answer_tokens: count.default(4),
  max_answer_tokens: count.optional(),
  max_conversations: count.optional().meta({ description: 'Use the first so many that pass the filters' }),
});
export type ShareGptOptions = z.output<typeof shareGptSchema>;

/** One recorded conversation: who spoke, and what. */
export interface Conversation {
  turns: { role: 'system' | 'user' | 'assistant'; content: string }[];
}

const roles = {
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  assistant: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  system: 'system',
} as const;
const rowSchema = z.looseObject({
  conversations: z.array(
    z.looseObject({
      from: z.enum(Object.keys(roles) as (keyof typeof roles)[]),
      value: z.string(),
    }),
  ),
});

/** Bad rows that are told one by one. */
const maxIssues = 20;
const expectation = 'expected ShareGPT JSON: [{"conversations": [{"from": "human", "value": "..."}, {"from": "gpt", "value": "..."}]}]';

/**
 * Reads a ShareGPT file: one JSON list, or JSON Lines with a row each. Rows without a word in them are passed (the published files have thousands).
 * @param name how messages name the file; the path where left out
 * @throws ConfigError with the first 20 bad rows, each with its line, or when there is no such file or no row in it
 */
export async function readShareGpt(path: string, name: string = path): Promise<Conversation[]> {
  const conversations: Conversation[] = [];
  const issues: ConfigIssue[] = [];
  let faults = 0;
  const take = (value: unknown, line: () => number) => {
    const found = check(rowSchema, value, { locate: () => ({ file: name, line: line(), column: 1 }) });
    if (found.data === null) {
      if (faults++ < maxIssues) issues.push(...found.issues);
    } else if (found.data.conversations.length > 0)
      conversations.push({ turns: found.data.conversations.map(({ from, value: content }) => ({ role: roles[from], content })) });
  };
  try {
    if (await isList(path)) readList(await readFile(path, 'utf8'), name, take);
    else await readLines(path, name, take, (issue) => void (faults++ < maxIssues && issues.push(issue)));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([{ file: name, line: null, column: null, message: unreadable(error as NodeJS.ErrnoException) }]);
  }
  if (faults > maxIssues) issues.push({ file: name, line: null, column: null, message: `${faults - maxIssues} more rows are faulty` });
  if (issues.length === 0 && conversations.length === 0)
    issues.push({ file: name, line: 1, column: 1, message: `${expectation}, found no conversation` });
  if (issues.length > 0) throw new ConfigError(issues);
  return conversations;
}

function unreadable(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return `no such ShareGPT file; ${expectation}`;
  // V8 holds no text of more than half a gigabyte.
  if (error.code === 'ERR_STRING_TOO_LONG') return 'the list is too long to be read whole; write it with a row a line (jq -c ".[]")';
  return `the ShareGPT file cannot be read: ${error.message}`;
}

/** Whether the file's first letter opens a list. */
async function isList(path: string): Promise<boolean> {
  const stream = createReadStream(path, { encoding: 'utf8', end: 4095 });
  let head = '';
  for await (const text of stream) head += text as string;
  return head
    .replace(/^\ufeff/, '')
    .trimStart()
    .startsWith('[');
}

function readList(whole: string, name: string, take: (value: unknown, line: () => number) => void): void {
  const text = whole.replace(/^\ufeff/, '');
  let rows: unknown[];
  try {
    rows = JSON.parse(text) as unknown[];
  } catch (error) {
    throw new ConfigError([{ file: name, line: brokenLine(text), column: 1, message: `${expectation}; ${(error as Error).message}` }]);
  }
  let items: Item[] | null = null;
  for (const [index, row] of rows.entries()) {
    take(row, () => {
      items ??= itemsOf(text);
      return items[index]?.line ?? 1;
    });
  }
}

/** Where a list that is no JSON breaks: the line on which its first broken item begins, or the last one. */
function brokenLine(text: string): number {
  for (const { start, end, line } of itemsOf(text)) {
    try {
      JSON.parse(text.slice(start, end));
    } catch {
      return line;
    }
  }
  return text.trimEnd().split('\n').length;
}

async function readLines(
  path: string,
  name: string,
  take: (value: unknown, line: () => number) => void,
  fault: (issue: ConfigIssue) => void,
): Promise<void> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    if (text.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line === 1 ? text.replace(/^\ufeff/, '') : text);
    } catch (error) {
      fault({
        file: name,
        line,
        column: 1,
        message: `expected a row of JSON with "conversations", found ${describeFound(text)}; ${(error as Error).message}`,
      });
      continue;
    }
    const at = line;
    take(value, () => at);
  }
}

/** An item of a JSON list: where its text lies, and the line (from 1) on which it begins. */
interface Item {
  start: number;
  end: number;
  line: number;
}

/** The items of a JSON list by its brackets and quotes alone, so that it also finds those before a fault. */
function itemsOf(text: string): Item[] {
  const items: Item[] = [];
  let [line, depth, inString] = [1, 0, false];
  let open: Item | null = null;
  const close = (end: number) => {
    if (open !== null) items.push({ ...open, end });
    open = null;
  };
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] as string;
    if (letter === '\n') line++;
    if (inString) {
      if (letter === '\\') i++;
      else if (letter === '"') inString = false;
      continue;
    }
    if (depth === 1 && (letter === ',' || letter === ']')) close(i);
    else if (depth === 1 && open === null && letter.trim() !== '') open = { start: i, end: i, line };
    if (letter === '"') inString = true;
    else if (letter === '[' || letter === '{') depth++;
    else if (letter === ']' || letter === '}') depth--;
  }
  close(text.length);
  return items;
}
