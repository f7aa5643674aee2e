import { readStart } from './response-start.ts';

/** An answer of an engine to this is a line; anything longer is a web page. */
const mostChars = 16 * 1024;
const patienceMs = 2_000;
const longest = 100;

/**
 * The name and version of the service, as far as it tells: `vllm 0.11.2`, `llama.cpp`; null where it does not. One GET of `/version` beside the API
 * (vLLM, SGLang and others answer it with `{"version": ...}`), and the `server` header of that answer. Never an error, and bounded in time and size.
 * @param baseUrl the target's; its path is left out
 * @param headers those that every request to the target carries
 */
export async function readEngine(baseUrl: string, headers: Record<string, string> = {}): Promise<string | null> {
  if (!URL.canParse(baseUrl)) return null;
  try {
    const response = await fetch(new URL('/version', baseUrl), {
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(patienceMs),
    });
    const name = nameOf(response.headers.get('server'));
    const version = response.ok ? versionOf(await readStart(response, mostChars)) : null;
    if (!response.ok) await response.body?.cancel();
    const parts = [name, version].filter((part) => part !== null);
    return parts.length === 0 ? null : parts.join(' ').slice(0, longest);
  } catch {
    return null;
  }
}

/** Web servers that engines are built on say nothing about the engine, and proxies nothing about what is behind them. */
const webServers = /^(?:uvicorn|hypercorn|gunicorn|nginx|envoy|istio-envoy|caddy|apache|cloudflare|werkzeug|kestrel|awselb|traefik)\b/i;

function nameOf(server: string | null): string | null {
  const name = server?.trim() ?? '';
  return name === '' || webServers.test(name) || !/^[\x20-\x7e]+$/.test(name) ? null : name;
}

function versionOf(text: string): string | null {
  try {
    const { version } = JSON.parse(text) as { version?: unknown };
    return typeof version === 'string' && /^[\x21-\x7e]{1,60}$/.test(version) ? version : null;
  } catch {
    return null;
  }
}
