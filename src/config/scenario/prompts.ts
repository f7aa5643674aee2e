import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { ConfigError, type ConfigIssue } from '../errors.ts';
import { suggestion } from '../yaml/near-miss.ts';
import { check, describeFound } from '../yaml/schema-issues.ts';

const messageSchema = z.strictObject({ role: z.enum(['system', 'user', 'assistant', 'tool']), content: z.string() });

const settings = { max_tokens: z.int().min(1).nullish(), temperature: z.number().min(0).nullish() };
/** Other members (an id, a category) are allowed: data sets carry them. */
const promptSchema = z.looseObject({ prompt: z.string().min(1), ...settings });
const messagesSchema = z.looseObject({ messages: z.array(messageSchema).min(1), ...settings });
const knownMembers = ['prompt', 'messages', 'max_tokens', 'temperature'];

export interface PromptMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
}

/** One line of a prompts file. */
export interface Prompt {
  /** The text; of `messages` their contents, a blank line between them. */
  prompt: string;
  /** Null where the line has a plain prompt: one user message. */
  messages: PromptMessage[] | null;
  /** Null: the scenario's, or the server's default. */
  max_tokens: number | null;
  temperature: number | null;
}

/** Faulty lines that are told one by one; of a file that is no prompts file at all, the rest says nothing new. */
const maxIssues = 20;

/**
 * Reads a prompts.jsonl: a line each, `{"prompt": "...", "max_tokens": 50, "temperature": 0.7}` or `{"messages": [{"role", "content"}, ...]}`; blank lines are skipped.
 * @param name how messages name the file; the path where left out
 * @throws ConfigError with every bad line, or when there is no such file or no prompt in it
 */
export async function readPrompts(path: string, name: string = path): Promise<Prompt[]> {
  const prompts: Prompt[] = [];
  const issues: ConfigIssue[] = [];
  let faults = 0;
  let line = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      const content = line === 1 ? text.replace(/^\ufeff/, '') : text;
      if (content.trim() === '') continue;
      const result = readLine(content, name, line);
      if (!Array.isArray(result)) prompts.push(result);
      else if (faults++ < maxIssues) issues.push(...result);
    }
  } catch (error) {
    throw new ConfigError([{ file: name, line: null, column: null, message: unreadable(error as NodeJS.ErrnoException) }]);
  }
  if (faults > maxIssues) issues.push({ file: name, line, column: null, message: `${faults - maxIssues} more lines are faulty` });
  if (issues.length === 0 && prompts.length === 0)
    issues.push({ file: name, line: 1, column: 1, message: 'expected at least one line {"prompt": "..."}, found none' });
  if (issues.length > 0) throw new ConfigError(issues);
  return prompts;
}

function unreadable(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'no such prompts file; expected a file with lines such as {"prompt": "...", "max_tokens": 50}';
  return `the prompts file cannot be read: ${error.message}`;
}

function readLine(text: string, file: string, line: number): Prompt | ConfigIssue[] {
  const fault = (message: string, column = 1): ConfigIssue[] => [{ file, line, column, message }];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    return fault(`expected a line of JSON such as {"prompt": "..."}; ${(error as Error).message}`, position === undefined ? 1 : Number(position) + 1);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fault(`expected an object such as {"prompt": "..."}, found ${describeFound(value)}`);
  const slips = Object.keys(value).filter((key) => !knownMembers.includes(key) && suggestion(key, knownMembers) !== '');
  if (slips.length > 0) return slips.flatMap((key) => fault(`unknown member ${JSON.stringify(key)}${suggestion(key, knownMembers)}`));
  const locate = () => ({ file, line, column: 1 });
  if ('messages' in value) {
    if ('prompt' in value) return fault('expected either prompt or messages, found both');
    const { data, issues } = check(messagesSchema, value, { locate });
    if (!data) return issues;
    return {
      prompt: data.messages.map((message) => message.content).join('\n\n'),
      messages: data.messages,
      max_tokens: data.max_tokens ?? null,
      temperature: data.temperature ?? null,
    };
  }
  const { data, issues } = check(promptSchema, value, { locate });
  return data ? { prompt: data.prompt, messages: null, max_tokens: data.max_tokens ?? null, temperature: data.temperature ?? null } : issues;
}
