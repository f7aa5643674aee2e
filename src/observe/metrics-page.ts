const patienceMs = 5_000;
const longestPage = 16 * 1024 * 1024;

/** A page of Prometheus text. */
export interface MetricsPage {
  url: string;
  headers: Readonly<Record<string, string>>;
}

/** The text of the page. @throws Error without an answer of status 2xx, or with one that is too long */
export async function readPage({ url, headers }: MetricsPage): Promise<string> {
  const response = await fetch(url, { headers: { accept: 'text/plain', ...headers }, redirect: 'manual', signal: AbortSignal.timeout(patienceMs) });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`expected a metrics page, found status ${response.status}`);
  }
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > longestPage) throw new Error(`expected a metrics page of at most ${longestPage} characters`);
  }
  return text;
}

/** Why a page could not be read; that of the network where it has one. */
export function reasonOf(error: Error): string {
  const { cause } = error;
  return cause instanceof Error && error.message === 'fetch failed' ? cause.message || 'no answer' : error.message;
}
