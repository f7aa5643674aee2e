import { isObject } from '../config/is-object.ts';
import { callText, textOf } from './stream-reader.ts';

/** The first choice's answer text in a parsed OpenAI-style chunk or body. */
export function contentOf(value: unknown): string {
  let text = '';
  for (const choice of choicesOf(value)) if (isFirst(choice)) text += ownContent(choice);
  return text;
}

/** What else it holds of output: reasoning, refusals, names and arguments of tool calls, and the answer text of other choices. */
export function besideContent(value: unknown): string {
  let text = '';
  for (const choice of choicesOf(value)) {
    if (!isFirst(choice)) text += ownContent(choice);
    const message = messageOf(choice);
    if (message === null) continue;
    if (Array.isArray(message['content'])) for (const part of message['content']) if (isObject(part)) text += thinkingOf(part['thinking']);
    // Some servers send the same reasoning under both names.
    text += textOf(message['reasoning_content']) || textOf(message['reasoning']);
    text += textOf(message['refusal']);
    if (Array.isArray(message['tool_calls']))
      for (const call of message['tool_calls']) if (isObject(call)) text += callText(call['function']) + callText(call['custom']);
    text += callText(message['function_call']);
  }
  return text;
}

function choicesOf(value: unknown): Record<string, unknown>[] {
  return isObject(value) && Array.isArray(value['choices']) ? value['choices'].filter(isObject) : [];
}

function isFirst({ index }: Record<string, unknown>): boolean {
  return index === undefined || index === 0;
}

function messageOf({ delta, message }: Record<string, unknown>): Record<string, unknown> | null {
  return isObject(delta) ? delta : isObject(message) ? message : null;
}

function ownContent(choice: Record<string, unknown>): string {
  const message = messageOf(choice);
  const content = message === null ? choice['text'] : message['content'];
  if (!Array.isArray(content)) return textOf(content);
  let text = '';
  for (const part of content) if (isObject(part)) text += textOf(part['text']);
  return text;
}

/** Of a part of type "thinking": a text, or a list of parts again. */
function thinkingOf(thinking: unknown): string {
  if (!Array.isArray(thinking)) return textOf(thinking);
  let text = '';
  for (const piece of thinking) if (isObject(piece)) text += textOf(piece['text']);
  return text;
}
