import { isObject } from '../config/is-object.ts';
import { isJsonSpace, JsonCursor } from './json-cursor.ts';
import { LastText } from './last-text.ts';
import { LineScanner } from './ndjson.ts';
import type { Protocol, RequestSpec, WireContext } from './protocol.ts';
import { callText, StreamReader, textOf } from './stream-reader.ts';
import { countOf } from './token-count.ts';
import type { WireRequest } from './transport.ts';

/**
 * Ollama's own `POST /api/chat`, newline-delimited JSON: https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion
 * The most tokens and the temperature go into `options`, where those of `extra_body.options` are laid over them.
 */
export const ollama: Protocol = {
  name: 'ollama',
  headers: { accept: 'application/x-ndjson, application/json' },
  encode(spec: RequestSpec, { basePath, headers }: WireContext): WireRequest {
    const { options: extra, ...others } = spec.extraBody;
    const options: Record<string, unknown> = {};
    if (spec.maxTokens !== null) options['num_predict'] = spec.maxTokens;
    if (spec.temperature !== null) options['temperature'] = spec.temperature;
    Object.assign(options, extra);
    const body: Record<string, unknown> = { ...(spec.model === null ? {} : { model: spec.model }), messages: spec.messages, stream: spec.stream };
    if (Object.keys(options).length > 0) body['options'] = options;
    Object.assign(body, others);
    const path = basePath.endsWith('/api/chat') ? basePath : basePath.endsWith('/api') ? `${basePath}/chat` : `${basePath}/api/chat`;
    return { method: 'POST', path, headers, body: Buffer.from(JSON.stringify(body), 'utf8') };
  },
  createReader: () => new OllamaReader(),
};

const names = {
  model: Buffer.from('model'),
  message: Buffer.from('message'),
  done: Buffer.from('done'),
  error: Buffer.from('error'),
  doneReason: Buffer.from('done_reason'),
  promptCount: Buffer.from('prompt_eval_count'),
  count: Buffer.from('eval_count'),
  content: Buffer.from('content'),
  thinking: Buffer.from('thinking'),
  toolCalls: Buffer.from('tool_calls'),
};
const openBrace = 123;
/** Members of a line, told apart to find one that comes twice. */
const Member = { model: 1, message: 2, done: 4, content: 8, thinking: 16, toolCalls: 32 } as const;

/**
 * A line of the ordinary kind (a model, one message with text, `done: false`) is walked byte by byte; every other one, the last among them, is parsed.
 * A stream is complete with `done: true`.
 */
export class OllamaReader extends StreamReader {
  protected readonly lastWord = '"done": true';
  private readonly lines = new LineScanner(this, this.limits.maxLineBytes);
  private readonly cursor = new JsonCursor();
  private readonly models = new LastText();
  /** What the walk of a line found. */
  private hasOutput = false;
  private named: string | null = null;
  private seen = 0;

  onLine(buffer: Buffer, from: number, to: number): void {
    let start = from;
    let end = to;
    while (start < end && isJsonSpace(buffer[start]!)) start++;
    while (end > start && isJsonSpace(buffer[end - 1]!)) end--;
    if (start === end) return;
    this.events++;
    if (!this.keepText) {
      this.hasOutput = false;
      this.named = null;
      this.seen = 0;
      this.cursor.open(buffer, start, end);
      if (this.walk(this.cursor) && this.cursor.at === end) {
        if (this.named !== null) this.model ??= this.named;
        this.chunk();
        if (this.hasOutput) this.output(0);
        return;
      }
    }
    this.parse(buffer.toString('utf8', start, end));
  }

  onTooLarge(): void {
    this.tooLarge(`a line of the stream is longer than ${this.limits.maxLineBytes} bytes`);
  }

  protected isStream(contentType: string): boolean {
    return !contentType.startsWith('application/json');
  }

  protected resetStream(): void {
    this.lines.reset();
  }

  protected push(buffer: Buffer, start: number, end: number): void {
    this.lines.push(buffer, start, end);
  }

  protected endStream(): void {
    this.lines.flush();
  }

  protected override lastLine(): void {
    this.lines.flush();
  }

  protected readWhole(value: unknown): boolean {
    if (!isObject(value)) return false;
    if (value['error']) {
      this.errorInside(JSON.stringify(value));
      return true;
    }
    if (!isObject(value['message'])) return false;
    this.take(value);
    return true;
  }

  private parse(text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      this.unreadableEvent(text);
      return;
    }
    if (!isObject(value)) {
      this.unreadableEvent(text);
      return;
    }
    if (value['error']) {
      this.errorInside(text);
      return;
    }
    this.chunk();
    this.take(value);
  }

  /** Takes what a parsed line or body says. */
  private take(value: Record<string, unknown>): void {
    if (typeof value['model'] === 'string') this.model ??= value['model'];
    const { message } = value;
    if (isObject(message) && this.takeMessage(message)) this.output(0);
    if (value['done'] === true) {
      this.finish();
      if (textOf(value['done_reason']) !== '') this.finishReason = textOf(value['done_reason']);
      this.inputTokens = countOf(value['prompt_eval_count']) ?? this.inputTokens;
      // A count of zero is left out.
      this.outputTokens = countOf(value['eval_count']) ?? (this.outputChunks === 0 ? 0 : this.outputTokens);
    }
  }

  /** @returns whether it carried output */
  private takeMessage(message: Record<string, unknown>): boolean {
    const content = textOf(message['content']);
    const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'] : [];
    this.keepContent(content);
    this.keepBeside(textOf(message['thinking']));
    for (const call of calls) if (isObject(call)) this.keepBeside(callText(call['function']));
    return content !== '' || textOf(message['thinking']) !== '' || calls.length > 0;
  }

  // The walk of an ordinary line; false leaves it to JSON.parse.

  private walk(c: JsonCursor): boolean {
    if (!c.enter(openBrace)) return false;
    while (c.nextKey()) {
      let took: boolean;
      if (c.keyIs(names.message)) took = this.once(Member.message) && this.turn(c);
      else if (c.keyIs(names.model)) took = this.once(Member.model) && this.modelName(c);
      else if (c.keyIs(names.done)) took = this.once(Member.done) && notDone(c);
      else if (c.keyIs(names.error) || c.keyIs(names.doneReason) || c.keyIs(names.count) || c.keyIs(names.promptCount)) took = false;
      else took = c.skip();
      if (!took) return false;
    }
    return c.ok;
  }

  private turn(c: JsonCursor): boolean {
    if (!c.enter(openBrace)) return false;
    while (c.nextKey()) {
      let took: boolean;
      if (c.keyIs(names.content)) took = this.once(Member.content) && this.piece(c);
      else if (c.keyIs(names.thinking)) took = this.once(Member.thinking) && this.piece(c);
      else if (c.keyIs(names.toolCalls)) took = this.once(Member.toolCalls) && c.nothing();
      else took = c.skip();
      if (!took) return false;
    }
    return c.ok;
  }

  private once(member: number): boolean {
    const first = (this.seen & member) === 0;
    this.seen |= member;
    return first;
  }

  private piece(c: JsonCursor): boolean {
    if (c.nothing()) return true;
    if (!c.string()) return false;
    if (c.textEnd > c.textStart) this.hasOutput = true;
    return true;
  }

  private modelName(c: JsonCursor): boolean {
    if (!c.string()) return false;
    this.named = this.models.read(c);
    return this.named !== null;
  }
}

/** Passes `false`. */
function notDone(c: JsonCursor): boolean {
  const { buffer, at } = c;
  if (buffer[at] !== 102 || at + 5 > c.end || buffer[at + 1] !== 97 || buffer[at + 2] !== 108 || buffer[at + 3] !== 115 || buffer[at + 4] !== 101)
    return false;
  c.at = at + 5;
  return true;
}
