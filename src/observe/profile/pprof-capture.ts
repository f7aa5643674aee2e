import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readStart } from '../response-start.ts';
import { type Captured, messageOf, profileFiles } from './profiled.ts';

const probeMs = 5_000;
const snapshotMs = 30_000;
/** What tells pprof from another page, and the number of goroutines, stand in the first line. */
const firstLineChars = 1024;
/** Profiles have some hundred kilobytes, of a large service some megabytes. */
const longestProfile = 64 * 1024 * 1024;

export interface PprofPlace {
  /** `http://127.0.0.1:8080/debug/pprof` */
  url: string;
  headers: Readonly<Record<string, string>>;
}

/** The address of a service's pprof. @param written a path, `:6060/debug/pprof` for another port of the same host, or a whole address */
export function pprofUrl(written: string, baseUrl: string): string {
  const base = new URL(baseUrl);
  const url = written.startsWith(':') ? new URL(`${base.protocol}//${base.hostname}${written}`) : new URL(written, `${base.origin}/`);
  return url.href.replace(/\/+$/, '');
}

/** Whether pprof answers there. @returns null, or in one sentence why it cannot be used */
export async function probePprof({ url, headers }: PprofPlace): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/goroutine?debug=1`, { headers, signal: AbortSignal.timeout(probeMs), redirect: 'error' });
    const text = await readStart(answer, firstLineChars);
    if (!answer.ok) return `${url} answers ${answer.status}`;
    return text.startsWith('goroutine profile:') ? null : `${url} answers something other than pprof`;
  } catch (error) {
    return `${url} cannot be reached: ${causeOf(error)}`;
  }
}

/** Takes CPU for some seconds, then what was allocated and the goroutines. What cannot be had is a problem in the answer, never an error. */
export async function capturePprof(place: PprofPlace, folder: string, seconds: number, signal: AbortSignal): Promise<Captured> {
  const problems: string[] = [];
  const whole = Math.max(1, Math.round(seconds));
  const save = async (name: string, query: string, timeoutMs: number): Promise<string | null> => {
    const url = `${place.url}/${query}`;
    try {
      const answer = await fetch(url, {
        headers: place.headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        redirect: 'error',
      });
      if (!answer.ok) throw new Error(`answers ${answer.status}: ${(await readStart(answer, firstLineChars)).slice(0, 200).trim()}`);
      const bytes = await profileOf(answer);
      if (bytes.length === 0) throw new Error('answers nothing');
      const file = join(folder, name);
      await writeFile(file, bytes);
      return file;
    } catch (error) {
      problems.push(`${url}: ${causeOf(error)}`);
      return null;
    }
  };
  const cpu = await save(profileFiles.cpu, `profile?seconds=${whole}`, whole * 1000 + snapshotMs);
  const memory = await save(profileFiles.memory, 'heap', snapshotMs);
  const file = await save(profileFiles.goroutines, 'goroutine', snapshotMs);
  const goroutines = file === null ? null : { file, total: await goroutinesOf(place) };
  return { tool: 'pprof', seconds: whole, cpu, memory, goroutines, problems };
}

/** @throws Error where it is too long to be a profile */
async function profileOf(answer: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > longestProfile) throw new Error(`answers more than ${longestProfile} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function goroutinesOf({ url, headers }: PprofPlace): Promise<number | null> {
  try {
    const answer = await fetch(`${url}/goroutine?debug=1`, { headers, signal: AbortSignal.timeout(snapshotMs), redirect: 'error' });
    const total = /^goroutine profile: total (\d+)/.exec(await readStart(answer, firstLineChars))?.[1];
    return total === undefined ? null : Number(total);
  } catch {
    return null;
  }
}

/** fetch says `fetch failed`, and why below. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(cause) || String((cause as { code?: unknown }).code ?? 'no answer');
}
