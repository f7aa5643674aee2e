import { OpenAiReader } from './openai-reader.ts';
import { encodeBody, endpoint } from './openai-request.ts';
import type { Protocol, RequestSpec, WireContext } from './protocol.ts';
import type { WireRequest } from './transport.ts';

/** `POST /v1/completions`: one prompt, no chat template. A single message is sent as it is; several are joined by blank lines. */
export const completions: Protocol = {
  name: 'completions',
  encode(spec: RequestSpec, context: WireContext): WireRequest {
    const prompt = spec.messages.length === 1 ? spec.messages[0]!.content : spec.messages.map((message) => message.content).join('\n\n');
    const body = encodeBody(spec, context, { prompt });
    return { method: 'POST', path: endpoint(context.basePath, 'completions'), headers: context.headers, body };
  },
  createReader: () => new OpenAiReader(),
};
