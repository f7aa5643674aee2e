/** One chat message as it goes over the wire. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
}

/** What a request asks for, before any wire is chosen. Null: leave it to the server. */
export interface RequestSpec {
  messages: readonly Message[];
  model: string | null;
  stream: boolean;
  maxTokens: number | null;
  minTokens: number | null;
  ignoreEos: boolean;
  temperature: number | null;
  /** More members of the JSON body. */
  extraBody: Readonly<Record<string, unknown>>;
  /** Plain HTTP only. */
  method: string | null;
  path: string | null;
  body: Uint8Array | null;
}
