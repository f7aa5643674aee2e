/** What a server says of itself, by which its kind is told. Null: it did not answer that. */
export interface ServerTraces {
  /** The `server` header of its answers. */
  server: string | null;
  /** `owned_by` of the listed models. */
  ownedBy: readonly string[];
  /** Text of GET /version. */
  version: string | null;
  /** Names on its metrics page. */
  metricNames: readonly string[];
  /** Whether GET /api/tags (Ollama), /info (TGI), /props (llama.cpp) and /get_server_info (SGLang) were answered with JSON. */
  answered: Readonly<Record<'tags' | 'info' | 'props' | 'sglang', boolean>>;
}

const prefixes: readonly (readonly [string, string])[] = [
  ['vllm:', 'vLLM'],
  ['sglang:', 'SGLang'],
  ['tgi_', 'Text Generation Inference'],
  ['llamacpp:', 'llama.cpp'],
  ['litellm_', 'LiteLLM'],
  ['nv_inference_', 'NVIDIA Triton'],
];
const owners: Readonly<Record<string, string | undefined>> = {
  'llm-bench': 'the embedded engine of llm-bench',
  vllm: 'vLLM',
  sglang: 'SGLang',
  llamacpp: 'llama.cpp',
  library: 'Ollama',
  organization_owner: 'LM Studio',
  openai: 'OpenAI',
  system: 'OpenAI',
  'openai-internal': 'OpenAI',
};

/** The kind of a server, with its version where it tells; null where nothing gives it away. */
export function serverKind(traces: ServerTraces): string | null {
  const kind = kindOf(traces);
  const version = versionIn(traces.version);
  return kind === null ? null : version === null ? kind : `${kind} ${version}`;
}

function kindOf({ server, ownedBy, metricNames, answered }: ServerTraces): string | null {
  const owner = ownedBy.map((name) => (Object.hasOwn(owners, name) ? owners[name] : undefined)).find((name) => name !== undefined);
  if (owner !== undefined && owner === owners['llm-bench']) return owner;
  const byMetrics = prefixes.find(([prefix]) => metricNames.some((name) => name.startsWith(prefix)))?.[1];
  if (byMetrics !== undefined) return byMetrics;
  if (answered.tags) return 'Ollama';
  if (answered.sglang) return 'SGLang';
  if (/llama\.cpp/i.test(server ?? '') || answered.props) return 'llama.cpp';
  if (answered.info) return 'Text Generation Inference';
  return owner ?? null;
}

function versionIn(text: string | null): string | null {
  try {
    const { version } = JSON.parse(text ?? '') as { version?: unknown };
    return typeof version === 'string' && /^[\x21-\x7e]{1,60}$/.test(version) ? version : null;
  } catch {
    return null;
  }
}
