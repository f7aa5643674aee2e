import { OpenAiReader } from './openai-reader.ts';
import { encodeBody, endpoint } from './openai-request.ts';
import type { Protocol, RequestSpec, WireContext } from './protocol.ts';
import type { WireRequest } from './transport.ts';

/** `POST /v1/chat/completions`, streamed or not: https://platform.openai.com/docs/api-reference/chat */
export const openAiChat: Protocol = {
  name: 'chat',
  encode(spec: RequestSpec, context: WireContext): WireRequest {
    const body = encodeBody(spec, context, { messages: spec.messages });
    return { method: 'POST', path: endpoint(context.basePath, 'chat/completions'), headers: context.headers, body };
  },
  createReader: () => new OpenAiReader(),
};
