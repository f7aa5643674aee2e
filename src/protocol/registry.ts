import { anthropic } from './anthropic.ts';
import { completions } from './completions.ts';
import { plainHttp } from './http.ts';
import { ollama } from './ollama.ts';
import { openAiChat } from './openai-chat.ts';
import type { Protocol } from './protocol.ts';

/** Every wire by the name that configuration and `--api` use. */
export const protocols: ReadonlyMap<string, Protocol> = new Map(
  [openAiChat, completions, ollama, anthropic, plainHttp].map((protocol) => [protocol.name, protocol]),
);
