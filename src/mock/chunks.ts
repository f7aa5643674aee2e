import type { MockOptions } from './options.ts';

export interface Usage {
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  reasoningTokens: number;
}

export type ContentField = 'content' | 'reasoning_content' | 'reasoning';

/** The words of one answer on the wire: events of a stream, or a whole body. Pure text; what never changes within an answer is put together once. */
export interface Wire {
  /** Null where this wire has no role chunk. */
  role(content: '' | null): string | null;
  piece(text: string, field: ContentField, withRole: boolean, finishReason: string | null, usage: Usage | null): string;
  usage(usage: Usage): string;
  body(content: string, reasoning: string, finishReason: string, usage: Usage): string;
}

export const doneEvent = 'data: [DONE]\n\n';

/** How one answer is written on a wire of the OpenAI style, or of a plain service. */
export function createWire(
  kind: 'chat' | 'completion' | 'service',
  id: string,
  createdSeconds: number,
  model: string,
  options: Pick<MockOptions, 'reasoningField'>,
): Wire {
  if (kind === 'service') return serviceWire(id, model);
  return kind === 'chat' ? chatWire(id, createdSeconds, model, options.reasoningField) : completionWire(id, createdSeconds, model);
}

function chatWire(id: string, created: number, model: string, reasoningField: string): Wire {
  const head = (object: string) => `{"id":"${id}","object":"${object}","created":${created},"model":${JSON.stringify(model)},"choices":[`;
  const event = `data: ${head('chat.completion.chunk')}`;
  const choice = `${event}{"index":0,"delta":{`;
  return {
    role: (content) => `${choice}"role":"assistant","content":${JSON.stringify(content)}},"logprobs":null,"finish_reason":null}]}\n\n`,
    piece: (text, field, withRole, finishReason, usage) =>
      `${choice}${withRole ? '"role":"assistant",' : ''}"${field}":${JSON.stringify(text)}},"logprobs":null,"finish_reason":${quote(finishReason)}}]${usageMember(usage)}}\n\n`,
    usage: (usage) => `${event}]${usageMember(usage)}}\n\n`,
    body: (content, reasoning, finishReason, usage) => {
      const thought = reasoning === '' ? '' : `,"${reasoningField}":${JSON.stringify(reasoning)}`;
      const message = `{"role":"assistant","content":${JSON.stringify(content)}${thought}}`;
      return `${head('chat.completion')}{"index":0,"message":${message},"logprobs":null,"finish_reason":${quote(finishReason)}}]${usageMember(usage)}}`;
    },
  };
}

function completionWire(id: string, created: number, model: string): Wire {
  const head = `{"id":"${id}","object":"text_completion","created":${created},"model":${JSON.stringify(model)},"choices":[`;
  const choice = (text: string, finishReason: string | null) =>
    `{"index":0,"text":${JSON.stringify(text)},"logprobs":null,"finish_reason":${quote(finishReason)}}]`;
  return {
    role: () => null,
    piece: (text, _field, _withRole, finishReason, usage) => `data: ${head}${choice(text, finishReason)}${usageMember(usage)}}\n\n`,
    usage: (usage) => `data: ${head}]${usageMember(usage)}}\n\n`,
    body: (content, _reasoning, finishReason, usage) => `${head}${choice(content, finishReason)}${usageMember(usage)}}`,
  };
}

/** The endpoints below /api/v1: an answer in one body and words of its own. */
function serviceWire(id: string, model: string): Wire {
  return {
    role: () => null,
    piece: () => '',
    usage: () => '',
    body: (content, _reasoning, finish_reason, { promptTokens, completionTokens }) =>
      JSON.stringify({ id, model, content, finish_reason, usage: { input_tokens: promptTokens, output_tokens: completionTokens } }),
  };
}

const quote = (text: string | null) => (text === null ? 'null' : `"${text}"`);

function usageMember(usage: Usage | null): string {
  if (usage === null) return '';
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = usage;
  const details = reasoningTokens > 0 ? `,"completion_tokens_details":{"reasoning_tokens":${reasoningTokens}}` : '';
  const total = promptTokens + completionTokens;
  return `,"usage":{"prompt_tokens":${promptTokens},"completion_tokens":${completionTokens},"total_tokens":${total},"prompt_tokens_details":{"cached_tokens":${cachedTokens}}${details}}`;
}
