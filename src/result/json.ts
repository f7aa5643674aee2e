import { UserError } from '../config/errors.ts';

/** Above this length of text, looking for the position of an unnamed error would cost too many passes. */
const searchLimit = 4_000_000;

/**
 * Parses JSON from a file. Bare NaN and Infinity, which other languages write and JSON does not know, are read as null.
 * @throws UserError (exit 2) naming the file, and whether it is empty, cut short, or wrong at line:column
 */
export function parseJson(text: string, name: string): unknown {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (body.trim() === '') throw new UserError(`${name} is empty; expected a result in JSON`);
  try {
    return JSON.parse(body);
  } catch (error) {
    if (/NaN|Infinity/.test(body)) {
      const lenient = parseWithoutNonFinite(body);
      if (lenient !== null) return lenient.value;
    }
    throw jsonError(body, name, (error as Error).message);
  }
}

/** Texts, which may say anything, and what stands outside of them for a value that is no finite number. */
const textOrNonFinite = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\bInfinity\b|\bNaN\b/g;

/** How many values of a file are NaN or infinite, bare or as a text of their own. */
export function countNonFinite(text: string): number {
  if (!/NaN|Infinity/.test(text)) return 0;
  return [...text.matchAll(textOrNonFinite)].filter(([token]) => !token.startsWith('"') || /^"(NaN|-?Infinity)"$/.test(token)).length;
}

function parseWithoutNonFinite(text: string): { value: unknown } | null {
  const cleaned = text.replace(textOrNonFinite, (token) => (token.startsWith('"') ? token : 'null'));
  try {
    return { value: JSON.parse(cleaned) };
  } catch {
    return null;
  }
}

function jsonError(text: string, name: string, message: string): UserError {
  const stated = / at position (\d+)/.exec(message);
  const position = stated ? Number(stated[1]) : endsEarly(message) ? text.length : badTokenAt(text);
  if (endsEarly(message) || (position !== null && position >= text.trimEnd().length)) {
    return new UserError(`${name} is cut short: its JSON ends before it is complete, after ${text.length} characters`, {
      hint: 'Write or download the file again.',
    });
  }
  const where = position === null ? '' : `:${place(text, position)}`;
  const what = message.replace(/ in JSON at position.*$/s, '').replace(/, (\.\.\.)?".*$/s, '');
  return new UserError(`${name}${where} is not JSON: ${what}`, { hint: 'Expected a result written by `llm-bench run -o FILE`.' });
}

const endsEarly = (message: string): boolean => message.startsWith('Unexpected end') || message.startsWith('Unterminated string');

/** Where the token stands that JSON.parse complains of without a position: the end of the shortest beginning that it complains of in the same way. */
function badTokenAt(text: string): number | null {
  if (text.length > searchLimit) return null;
  const complains = (length: number): boolean => {
    try {
      JSON.parse(text.slice(0, length));
      return false;
    } catch (error) {
      return (error as Error).message.startsWith('Unexpected token');
    }
  };
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (complains(middle)) bad = middle;
    else good = middle;
  }
  return bad - 1;
}

function place(text: string, position: number): string {
  const before = text.slice(0, position);
  const line = before.split('\n').length;
  return `${line}:${position - before.lastIndexOf('\n')}`;
}
