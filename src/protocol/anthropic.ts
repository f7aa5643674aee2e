import { isObject } from '../config/is-object.ts';
import { bytesAre, JsonCursor } from './json-cursor.ts';
import { endpoint } from './openai-request.ts';
import type { Protocol, RequestSpec, WireContext } from './protocol.ts';
import { pingEvent, SseScanner } from './sse.ts';
import { callText, StreamReader, textOf } from './stream-reader.ts';
import { countOf } from './token-count.ts';
import type { WireRequest } from './transport.ts';

/** This wire wants `max_tokens` in every request; what is asked for where nobody says. */
export const defaultMaxTokens = 1024;

/**
 * Anthropic's `POST /v1/messages`, streamed as server-sent events or in one body: https://platform.claude.com/docs/en/build-with-claude/streaming
 * System messages go into `system`. Prompt tokens are those read from the cache and written to it as well; `input_tokens` alone leaves them out.
 */
export const anthropic: Protocol = {
  name: 'anthropic',
  headers: { 'anthropic-version': '2023-06-01' },
  keyHeader: 'x-api-key',
  encode(spec: RequestSpec, { basePath, headers }: WireContext): WireRequest {
    const system = spec.messages.filter(({ role }) => role === 'system').map(({ content }) => content);
    const messages = spec.messages
      .filter(({ role }) => role !== 'system')
      .map(({ role, content }) => ({ role: role === 'assistant' ? 'assistant' : 'user', content }));
    const body: Record<string, unknown> = {
      ...(spec.model === null ? {} : { model: spec.model }),
      max_tokens: spec.maxTokens ?? defaultMaxTokens,
      ...(system.length > 0 ? { system: system.join('\n\n') } : {}),
      messages,
      ...(spec.stream ? { stream: true } : {}),
      ...(spec.temperature === null ? {} : { temperature: spec.temperature }),
      ...spec.extraBody,
    };
    return { method: 'POST', path: endpoint(basePath, 'messages'), headers, body: Buffer.from(JSON.stringify(body), 'utf8') };
  },
  createReader: () => new AnthropicReader(),
};

const names = {
  type: Buffer.from('type'),
  delta: Buffer.from('delta'),
  error: Buffer.from('error'),
  text: Buffer.from('text'),
  thinking: Buffer.from('thinking'),
  partialJson: Buffer.from('partial_json'),
};
const deltaType = Buffer.from('content_block_delta');
const deltaEvent = 'content_block_delta';
const openBrace = 123;
/** What gateways put into a stream of this wire beside its events: nothing at all, or the last word of another wire. */
const meaningless = /^\s*(?:\[DONE\]\s*)?$/;

/**
 * Deltas of content, which are nearly all events of a stream, are walked byte by byte; every other event is parsed. A stream is complete with
 * `message_stop`, or with a stop reason.
 */
export class AnthropicReader extends StreamReader {
  protected readonly lastWord = 'message_stop';
  private readonly scanner = new SseScanner(this, this.limits.maxLineBytes);
  private readonly cursor = new JsonCursor();
  private hasOutput = false;
  /** `message_stop` came. */
  private stopped = false;

  onEvent(buffer: Buffer, start: number, end: number, type: string): void {
    this.events++;
    if (!this.keepText && type === deltaEvent) {
      this.hasOutput = false;
      this.cursor.open(buffer, start, end);
      if (this.walk(this.cursor) && this.cursor.at === end) {
        this.chunk();
        if (this.hasOutput) this.output(0);
        return;
      }
    }
    this.parse(buffer.toString('utf8', start, end), type);
  }

  onTooLarge(): void {
    this.tooLarge(`a line or event of the stream is longer than ${this.limits.maxLineBytes} bytes`);
  }

  protected isStream(contentType: string): boolean {
    return !contentType.startsWith('application/json');
  }

  protected resetStream(): void {
    this.scanner.reset();
    this.stopped = false;
  }

  /** Behind a stop reason `message_stop` is yet to come, whenever the server has done what it does before. */
  override lastWordMs(): number | null {
    return this.stopped ? super.lastWordMs() : null;
  }

  protected push(buffer: Buffer, start: number, end: number): void {
    this.scanner.push(buffer, start, end);
  }

  protected endStream(): void {
    // An event without its blank line is dropped, as the standard of event streams has it.
  }

  protected readWhole(value: unknown): boolean {
    if (!isObject(value)) return false;
    if (value['type'] === 'error') {
      this.errorInside(JSON.stringify(value));
      return true;
    }
    if (!Array.isArray(value['content'])) return false;
    this.takeMessage(value);
    let found = false;
    for (const block of value['content']) if (isObject(block) && this.takeBlock(block)) found = true;
    if (found) this.output(0);
    return true;
  }

  private parse(text: string, type: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      if (type === 'error') this.errorInside(text);
      else if (type !== pingEvent && !meaningless.test(text)) this.unreadableEvent(text);
      return;
    }
    if (!isObject(value)) this.unreadableEvent(text);
    else if (type === 'error' || value['type'] === 'error' || value['error']) this.errorInside(text);
    else this.take(value);
  }

  private take(event: Record<string, unknown>): void {
    const { delta, message, content_block: block } = event;
    switch (event['type']) {
      case 'message_start':
        this.chunk();
        if (isObject(message)) this.takeMessage(message);
        return;
      case 'content_block_start':
        this.chunk();
        if (isObject(block) && this.takeBlock(block)) this.output(0);
        return;
      case 'content_block_delta':
        this.chunk();
        if (isObject(delta) && this.takeDelta(delta)) this.output(0);
        return;
      case 'message_delta':
        this.chunk();
        if (isObject(delta)) this.takeStop(delta);
        if (isObject(event['usage'])) this.takeUsage(event['usage']);
        return;
      case 'message_stop':
        this.stopped = true;
        this.finish();
        return;
      default:
        // content_block_stop, ping, and what the API may add.
        return;
    }
  }

  private takeMessage(message: Record<string, unknown>): void {
    if (typeof message['model'] === 'string') this.model ??= message['model'];
    if (isObject(message['usage'])) this.takeUsage(message['usage']);
    this.takeStop(message);
  }

  private takeStop({ stop_reason: reason }: Record<string, unknown>): void {
    if (textOf(reason) === '') return;
    this.finishReason = textOf(reason);
    this.finish();
  }

  /** Counts are of the whole message so far: the latest one stands. Thinking is part of the output tokens and not told apart. */
  private takeUsage(usage: Record<string, unknown>): void {
    const input = countOf(usage['input_tokens']);
    const read = countOf(usage['cache_read_input_tokens']);
    if (input !== null) this.inputTokens = input + (read ?? 0) + (countOf(usage['cache_creation_input_tokens']) ?? 0);
    if (read !== null) this.cachedTokens = read;
    this.outputTokens = countOf(usage['output_tokens']) ?? this.outputTokens;
  }

  /** A block as it begins, or whole: text, thinking, or the name of a tool that is called. */
  private takeBlock(block: Record<string, unknown>): boolean {
    const content = textOf(block['text']);
    const beside = textOf(block['thinking']) + (/tool_use$/.test(textOf(block['type'])) ? callText(block) : '');
    this.keepContent(content);
    this.keepBeside(beside);
    return content !== '' || beside !== '';
  }

  private takeDelta(delta: Record<string, unknown>): boolean {
    const content = textOf(delta['text']);
    const beside = textOf(delta['thinking']) + textOf(delta['partial_json']);
    this.keepContent(content);
    this.keepBeside(beside);
    return content !== '' || beside !== '';
  }

  // The walk of a delta of content; false leaves it to JSON.parse.

  private walk(c: JsonCursor): boolean {
    if (!c.enter(openBrace)) return false;
    let seen = 0;
    while (c.nextKey()) {
      let bit = 0;
      let took: boolean;
      if (c.keyIs(names.delta)) {
        bit = 1;
        took = this.delta(c);
      } else if (c.keyIs(names.type)) {
        bit = 2;
        took = c.string() && bytesAre(c.buffer, c.textStart, c.textEnd, deltaType);
      } else took = !c.keyIs(names.error) && c.skip();
      if (!took || (seen & bit) !== 0) return false;
      seen |= bit;
    }
    return c.ok && seen === 3;
  }

  private delta(c: JsonCursor): boolean {
    if (!c.enter(openBrace)) return false;
    let seen = 0;
    while (c.nextKey()) {
      const bit = c.keyIs(names.text) ? 1 : c.keyIs(names.thinking) ? 2 : c.keyIs(names.partialJson) ? 4 : 0;
      if ((seen & bit) !== 0) return false;
      seen |= bit;
      if (bit === 0) {
        if (!c.skip()) return false;
        continue;
      }
      if (!c.string()) return false;
      if (c.textEnd > c.textStart) this.hasOutput = true;
    }
    return c.ok;
  }
}
