/** Bytes of the known-schedule server, made once: what is written per token is a buffer that exists already. */

const date = new Date().toUTCString();
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const event = (choice: string, usage = '') =>
  chunk(
    `data: {"id":"chatcmpl-known-schedule","object":"chat.completion.chunk","created":1764000000,"model":"known-schedule","choices":[${choice}]${usage}}\n\n`,
  );

/** Headers and the role chunk, which goes out at once as many servers send it, and is no token. */
export const streamHead = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ndate: ${date}\r\ntransfer-encoding: chunked\r\n\r\n${event('{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}')}`,
);

const words = [' the', ' of', ',', ' model', ' serving', '\\n', ' caf\u00e9', ' \\"quoted\\"', ' and', ' 3.14', ' {', ' data:'];

/** One token each, in its own chunk of the transfer coding. */
export const tokenChunks = words.map((text) => Buffer.from(event(`{"index":0,"delta":{"content":"${text}"},"logprobs":null,"finish_reason":null}`)));

const usageOf = (promptTokens: number, tokens: number) =>
  `"usage":{"prompt_tokens":${promptTokens},"completion_tokens":${tokens},"total_tokens":${promptTokens + tokens}}`;

/** Finish reason, usage where it was asked for, [DONE], the end of the body. */
export function streamTail(tokens: number, promptTokens: number, withUsage: boolean): Buffer {
  const usage = withUsage ? event('', `,${usageOf(promptTokens, tokens)}`) : '';
  return Buffer.from(`${event('{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}')}${usage}${chunk('data: [DONE]\n\n')}0\r\n\r\n`);
}

/** The whole answer in one body, for a request that wants no stream. */
export function wholeAnswer(tokens: number, promptTokens: number): Buffer {
  const text = Array.from({ length: tokens }, (_, at) => words[at % words.length]).join('');
  return jsonResponse(
    200,
    `{"id":"chatcmpl-known-schedule","object":"chat.completion","created":1764000000,"model":"known-schedule","choices":[{"index":0,"message":{"role":"assistant","content":"${text}"},"finish_reason":"length"}],${usageOf(promptTokens, tokens)}}`,
  );
}

const reasons: Record<number, string> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  411: 'Length Required',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

/** A whole HTTP/1.1 response; any status but 200 and 404 closes the connection. */
export function jsonResponse(status: number, body: string): Buffer {
  const close = status === 200 || status === 404 ? '' : 'connection: close\r\n';
  return Buffer.from(
    `HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}\r\ncontent-type: application/json\r\ndate: ${date}\r\n${close}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export const plainResponse = jsonResponse(200, '{"text":"hello","finish_reason":"stop"}');
