import { request } from 'undici';

const patienceMs = 5_000;
const longestPage = 16 * 1024 * 1024;

/** A page of Prometheus text. */
export interface MetricsPage {
  url: string;
  headers: Readonly<Record<string, string>>;
}

/** The text of the page. Not by `fetch`, which takes several times the processor time for each. @throws Error without an answer of status 2xx, or with one that is too long */
export async function readPage({ url, headers }: MetricsPage): Promise<string> {
  const { statusCode, body } = await request(url, { headers: { accept: 'text/plain', ...headers }, signal: AbortSignal.timeout(patienceMs) });
  if (statusCode < 200 || statusCode > 299) {
    await body.dump();
    throw new Error(`expected a metrics page, found status ${statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > longestPage) throw new Error(`expected a metrics page of at most ${longestPage} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Why a page could not be read; that of the network where it has one. */
export function reasonOf(error: Error): string {
  return error.message || String((error as { code?: unknown }).code ?? 'no answer');
}
