import type { ResolvedRequest } from '../config/scenario/scenario.ts';
import { anthropic } from './anthropic.ts';
import { completions } from './completions.ts';
import { plainHttp } from './http.ts';
import { ollama } from './ollama.ts';
import { openAiChat } from './openai-chat.ts';
import type { Protocol } from './protocol.ts';
import { templateProtocol } from './template.ts';

/** Every wire by the name that configuration and `--api` use. */
export const protocols: ReadonlyMap<string, Protocol> = new Map(
  [openAiChat, completions, ollama, anthropic, plainHttp].map((protocol) => [protocol.name, protocol]),
);

/** The wire of a scenario's requests; undefined for a name that is none. */
export function protocolOf({ api, template }: Pick<ResolvedRequest, 'api' | 'template'>): Protocol | undefined {
  return api === 'template' && template !== undefined ? templateProtocol(template) : protocols.get(api);
}
