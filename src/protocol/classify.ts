import { type ChunkFields, choiceBit, classifyValue, finishBits, Seen } from './classify-value.ts';
import { bytesAre, isJsonSpace, JsonCursor } from './json-cursor.ts';
import { LastText } from './last-text.ts';
import { mostTokens } from './token-count.ts';

const names = {
  choices: Buffer.from('choices'),
  usage: Buffer.from('usage'),
  error: Buffer.from('error'),
  object: Buffer.from('object'),
  model: Buffer.from('model'),
  delta: Buffer.from('delta'),
  message: Buffer.from('message'),
  text: Buffer.from('text'),
  finishReason: Buffer.from('finish_reason'),
  index: Buffer.from('index'),
  role: Buffer.from('role'),
  content: Buffer.from('content'),
  reasoning: Buffer.from('reasoning'),
  reasoningContent: Buffer.from('reasoning_content'),
  refusal: Buffer.from('refusal'),
  toolCalls: Buffer.from('tool_calls'),
  functionCall: Buffer.from('function_call'),
  function: Buffer.from('function'),
  custom: Buffer.from('custom'),
  name: Buffer.from('name'),
  arguments: Buffer.from('arguments'),
  input: Buffer.from('input'),
  promptTokens: Buffer.from('prompt_tokens'),
  completionTokens: Buffer.from('completion_tokens'),
  promptDetails: Buffer.from('prompt_tokens_details'),
  completionDetails: Buffer.from('completion_tokens_details'),
  cachedTokens: Buffer.from('cached_tokens'),
  reasoningTokens: Buffer.from('reasoning_tokens'),
};
const doneMark = Buffer.from('[DONE]');

const quote = 34;
const openBracket = 91;
const openBrace = 123;

/** Whether bytes start..end are what a stream ends with. */
export function isDone(buffer: Buffer, start: number, end: number): boolean {
  return buffer[start] === openBracket && bytesAre(buffer, start, end, doneMark);
}

/**
 * Tells what an OpenAI-style stream chunk holds without making objects of it: one walk over the bytes that knows strings and depth, so that keys
 * inside texts, key order and white space do not matter. Whatever the walk does not expect (a key twice, an escaped key, another type, broken
 * JSON) goes to JSON.parse and `classifyValue`, which define what is right.
 */
export class ChunkClassifier implements ChunkFields {
  promptTokens = -1;
  completionTokens = -1;
  cachedTokens = -1;
  reasoningTokens = -1;
  finishReason: string | null = null;
  model: string | null = null;
  choicesSeen = 0;
  choicesEnded = 0;
  /** How many chunks needed JSON.parse since the beginning; for tests and for tuning. */
  parsedChunks = 0;
  /** How many texts that count as output the chunk's walk met, empty ones included, and where the last of them lies. */
  texts = 0;
  textStart = 0;
  textEnd = 0;
  private bits = 0;
  private readonly cursor = new JsonCursor();
  private readonly models = new LastText();
  private readonly reasons = new LastText();

  /** The bits of `Seen`; the fields are set from this chunk alone (null and -1 where it does not say). */
  classify(buffer: Buffer, from: number, to: number): number {
    let start = from;
    let end = to;
    while (start < end && isJsonSpace(buffer[start]!)) start++;
    while (end > start && isJsonSpace(buffer[end - 1]!)) end--;
    this.clear();
    if (start === end) return Seen.ping;
    if (isDone(buffer, start, end)) return Seen.done;
    const cursor = this.cursor;
    cursor.open(buffer, start, end);
    if (this.root(cursor) && cursor.at === end) return this.bits;
    this.clear();
    this.parsedChunks++;
    let value: unknown;
    try {
      value = JSON.parse(buffer.toString('utf8', start, end));
    } catch {
      return Seen.malformed;
    }
    return classifyValue(value, this);
  }

  clear(): void {
    this.bits = 0;
    this.texts = 0;
    this.promptTokens = -1;
    this.completionTokens = -1;
    this.cachedTokens = -1;
    this.reasoningTokens = -1;
    this.finishReason = null;
    this.model = null;
    this.choicesSeen = 0;
    this.choicesEnded = 0;
  }

  // Each method below walks the value that starts at the cursor; false leaves the whole chunk to JSON.parse. `seen` finds keys that come twice.

  private root(c: JsonCursor): boolean {
    if (!c.enter(openBrace)) return false;
    let seen = 0;
    while (c.nextKey()) {
      let bit = 0;
      if (c.keyIs(names.choices)) {
        bit = 1;
        if (!this.choices(c)) return false;
      } else if (c.keyIs(names.usage)) {
        bit = 2;
        if (!this.usage(c)) return false;
      } else if (c.keyIs(names.model)) {
        bit = 4;
        if (!this.modelName(c)) return false;
      } else if (c.keyIs(names.object)) {
        bit = 8;
        if (!c.skip() || c.escaped || bytesAre(c.buffer, c.textStart, c.textEnd, names.error)) return false;
      } else if (c.keyIs(names.error)) {
        bit = 16;
        // An error is rare, and its message wanted.
        if (!c.nothing()) return false;
      } else if (!c.skip()) return false;
      if ((seen & bit) !== 0) return false;
      seen |= bit;
    }
    return c.ok;
  }

  private choices(c: JsonCursor): boolean {
    if (c.nothing()) return true;
    if (!c.enter(openBracket)) return false;
    while (c.nextItem()) if (!this.choice(c)) return false;
    return c.ok;
  }

  private choice(c: JsonCursor): boolean {
    if (!c.enter(openBrace)) return false;
    let seen = 0;
    let index = 0;
    let ended = false;
    while (c.nextKey()) {
      let bit = 0;
      if (c.keyIs(names.delta)) {
        bit = 1;
        if (!this.delta(c)) return false;
      } else if (c.keyIs(names.text)) {
        bit = 2;
        if (!this.output(c, Seen.content)) return false;
      } else if (c.keyIs(names.finishReason)) {
        bit = 4;
        const said = c.peek() === quote;
        if (!this.finish(c)) return false;
        ended = said && c.textEnd > c.textStart;
      } else if (c.keyIs(names.index)) {
        bit = 8;
        index = this.count(c);
      } else if (c.keyIs(names.message)) {
        if (!c.nothing()) return false;
      } else if (!c.skip()) return false;
      if ((seen & bit) !== 0) return false;
      seen |= bit;
    }
    const which = choiceBit(index);
    this.choicesSeen |= which;
    if (ended) this.choicesEnded |= which;
    return c.ok;
  }

  private delta(c: JsonCursor): boolean {
    if (c.nothing()) return true;
    if (!c.enter(openBrace)) return false;
    let seen = 0;
    while (c.nextKey()) {
      let bit = 0;
      let took = true;
      if (c.keyIs(names.content)) {
        bit = 1;
        took = this.output(c, Seen.content);
      } else if (c.keyIs(names.role)) {
        bit = 2;
        if (c.peek() === quote) this.bits |= Seen.role;
        took = c.skip();
      } else if (c.keyIs(names.reasoningContent)) {
        bit = 4;
        took = this.output(c, Seen.reasoning);
      } else if (c.keyIs(names.reasoning)) {
        bit = 8;
        took = this.output(c, Seen.reasoning);
      } else if (c.keyIs(names.refusal)) {
        bit = 16;
        took = this.output(c, Seen.refusal);
      } else if (c.keyIs(names.toolCalls)) {
        bit = 32;
        took = this.toolCalls(c);
      } else if (c.keyIs(names.functionCall)) {
        bit = 64;
        took = this.call(c);
      } else took = c.skip();
      if (!took || (seen & bit) !== 0) return false;
      seen |= bit;
    }
    return c.ok;
  }

  private toolCalls(c: JsonCursor): boolean {
    if (c.nothing()) return true;
    if (!c.enter(openBracket)) return false;
    while (c.nextItem()) {
      if (!c.enter(openBrace)) return false;
      let seen = 0;
      while (c.nextKey()) {
        const bit = c.keyIs(names.function) ? 1 : c.keyIs(names.custom) ? 2 : 0;
        if ((seen & bit) !== 0 || !(bit === 0 ? c.skip() : this.call(c))) return false;
        seen |= bit;
      }
      if (!c.ok) return false;
    }
    return c.ok;
  }

  private call(c: JsonCursor): boolean {
    if (c.nothing()) return true;
    if (!c.enter(openBrace)) return false;
    let seen = 0;
    while (c.nextKey()) {
      const bit = c.keyIs(names.arguments) ? 1 : c.keyIs(names.name) ? 2 : c.keyIs(names.input) ? 4 : 0;
      if ((seen & bit) !== 0 || !(bit === 0 ? c.skip() : this.output(c, Seen.toolCall))) return false;
      seen |= bit;
    }
    return c.ok;
  }

  /** Null, or a text whose being there counts when it is not empty. */
  private output(c: JsonCursor, bit: number): boolean {
    if (c.nothing()) return true;
    if (!c.string()) return false;
    this.texts++;
    this.textStart = c.textStart;
    this.textEnd = c.textEnd;
    if (c.textEnd > c.textStart) this.bits |= bit;
    return true;
  }

  private finish(c: JsonCursor): boolean {
    if (c.nothing()) return true;
    if (!c.string()) return false;
    if (c.textEnd === c.textStart) return true;
    this.finishReason = this.reasons.read(c);
    if (this.finishReason === null) return false;
    this.bits |= finishBits(this.finishReason);
    return true;
  }

  private modelName(c: JsonCursor): boolean {
    if (c.nothing()) return true;
    if (!c.string()) return false;
    this.model = this.models.read(c);
    return this.model !== null;
  }

  private usage(c: JsonCursor): boolean {
    if (c.nothing()) return true;
    if (!c.enter(openBrace)) return false;
    this.bits |= Seen.usage;
    let seen = 0;
    while (c.nextKey()) {
      let bit = 0;
      if (c.keyIs(names.completionTokens)) {
        bit = 1;
        this.completionTokens = this.count(c);
      } else if (c.keyIs(names.promptTokens)) {
        bit = 2;
        this.promptTokens = this.count(c);
      } else if (c.keyIs(names.promptDetails)) {
        bit = 4;
        if (!this.details(c, names.cachedTokens, true)) return false;
      } else if (c.keyIs(names.completionDetails)) {
        bit = 8;
        if (!this.details(c, names.reasoningTokens, false)) return false;
      } else if (!c.skip()) return false;
      if (!c.ok || (seen & bit) !== 0) return false;
      seen |= bit;
    }
    return c.ok;
  }

  private details(c: JsonCursor, name: Buffer, ofPrompt: boolean): boolean {
    if (c.nothing()) return true;
    if (!c.enter(openBrace)) return false;
    let seen = false;
    while (c.nextKey()) {
      if (!c.keyIs(name)) {
        if (!c.skip()) return false;
        continue;
      }
      if (seen) return false;
      seen = true;
      const tokens = this.count(c);
      if (ofPrompt) this.cachedTokens = tokens;
      else this.reasoningTokens = tokens;
      if (!c.ok) return false;
    }
    return c.ok;
  }

  /** A whole number, or -1 for null and for more than can be; anything else fails the walk. */
  private count(c: JsonCursor): number {
    if (c.nothing()) return -1;
    const number = c.integer();
    return number > mostTokens ? -1 : number;
  }
}
