import type { Usage } from './chunks.ts';

/** A wire that is not OpenAI's: how its stream and its whole body are worded. Pure text. */
export interface NativeWire {
  contentType: string;
  /** What a stream begins with, once the first token is ready. */
  begin(usage: Usage): string;
  /** Text of one chunk; `thought` goes where reasoning goes. */
  piece(text: string, thought: boolean): string;
  /** What a complete stream ends with. */
  end(finishReason: 'stop' | 'length', usage: Usage): string;
  body(content: string, reasoning: string, finishReason: 'stop' | 'length', usage: Usage): string;
  /** An error within a stream. */
  error(message: string): string;
}

/** Ollama's /api/chat: a line of JSON for each chunk. */
export function ollamaWire(createdSeconds: number, model: string): NativeWire {
  const head = `{"model":${JSON.stringify(model)},"created_at":"${new Date(createdSeconds * 1000).toISOString()}","message":{"role":"assistant",`;
  const counts = ({ promptTokens, completionTokens }: Usage) =>
    `"total_duration":0,"load_duration":0,"prompt_eval_count":${promptTokens},"prompt_eval_duration":0,"eval_count":${completionTokens},"eval_duration":0`;
  return {
    contentType: 'application/x-ndjson',
    begin: () => '',
    piece: (text, thought) =>
      `${head}"content":${JSON.stringify(thought ? '' : text)}${thought ? `,"thinking":${JSON.stringify(text)}` : ''}},"done":false}\n`,
    end: (finishReason, usage) => `${head}"content":""},"done_reason":"${finishReason}","done":true,${counts(usage)}}\n`,
    body: (content, reasoning, finishReason, usage) =>
      `${head}"content":${JSON.stringify(content)}${reasoning === '' ? '' : `,"thinking":${JSON.stringify(reasoning)}`}},"done_reason":"${finishReason}","done":true,${counts(usage)}}`,
    error: (message) => `${JSON.stringify({ error: message })}\n`,
  };
}

/** Anthropic's messages: named events, thinking and text in blocks of their own. */
export function anthropicWire(id: string, model: string): NativeWire {
  const event = (value: { type: string; [member: string]: unknown }) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
  const reasons = { stop: 'end_turn', length: 'max_tokens' } as const;
  const inputOf = ({ promptTokens, cachedTokens }: Usage) => ({
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
  });
  const message = (content: unknown[], reason: string | null, usage: object) => {
    return { id, type: 'message', role: 'assistant', model, content, stop_reason: reason, stop_sequence: null, usage };
  };
  const block = (thought: boolean, text: string) => (thought ? { type: 'thinking', thinking: text, signature: '' } : { type: 'text', text });
  let index = -1;
  let thinking: boolean | null = null;
  const closing = () => (index < 0 ? '' : event({ type: 'content_block_stop', index }));
  return {
    contentType: 'text/event-stream; charset=utf-8',
    begin: (usage) => event({ type: 'message_start', message: message([], null, { ...inputOf(usage), output_tokens: 1 }) }) + event({ type: 'ping' }),
    piece(text, thought) {
      let opening = '';
      if (thinking !== thought) {
        opening = closing();
        index += 1;
        thinking = thought;
        opening += event({ type: 'content_block_start', index, content_block: block(thought, '') });
      }
      const delta = thought ? { type: 'thinking_delta', thinking: text } : { type: 'text_delta', text };
      return opening + event({ type: 'content_block_delta', index, delta });
    },
    end: (finishReason, usage) =>
      closing() +
      event({
        type: 'message_delta',
        delta: { stop_reason: reasons[finishReason], stop_sequence: null },
        usage: { output_tokens: usage.completionTokens },
      }) +
      event({ type: 'message_stop' }),
    body: (content, reasoning, finishReason, usage) =>
      JSON.stringify(
        message([...(reasoning === '' ? [] : [block(true, reasoning)]), block(false, content)], reasons[finishReason], {
          ...inputOf(usage),
          output_tokens: usage.completionTokens,
        }),
      ),
    error: (text) => event({ type: 'error', error: { type: 'api_error', message: text } }),
  };
}
