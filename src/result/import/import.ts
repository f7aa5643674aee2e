import { UserError } from '../../config/errors.ts';
import type { ResultDocument } from '../document.ts';
import { parseJson } from '../json.ts';
import { documentOfReading } from './document-of-reading.ts';
import type { ImportFormat, ReadOptions, Source } from './format.ts';
import { importFormats } from './registry.ts';

/**
 * Reads what another tool wrote as a result document.
 * @param name what errors call it: its path
 * @param from the format's name, or null to find it by the content
 * @throws UserError (exit 2) naming the file: of another format than named, of none that is known, cut short, or without a benchmark
 */
export function importText(text: string, name: string, from: string | null, options: ReadOptions = { direction: null }): ResultDocument {
  const source = sourceOf(text, name);
  const format = from === null ? detect(source) : importFormats.find((one) => one.name === from);
  if (format === undefined || format === null) throw unknown(source);
  if (from !== null && !format.matches(source)) throw unlike(source, format);
  return documentOfReading(format.read(source, options), format, name);
}

/** The format of a file by its content; null when it is none that is known. */
export function detectFormat(text: string, name: string, json?: unknown): ImportFormat | null {
  return detect({ name, text, json, jsonLines: json === undefined ? jsonLinesOf(text) : null });
}

/** Reads a file whose format is known by `detectFormat`. */
export function importAs(
  format: ImportFormat,
  text: string,
  name: string,
  json?: unknown,
  options: ReadOptions = { direction: null },
): ResultDocument {
  return documentOfReading(format.read({ name, text, json, jsonLines: json === undefined ? jsonLinesOf(text) : null }, options), format, name);
}

function detect(source: Source): ImportFormat | null {
  return importFormats.find((format) => format.matches(source)) ?? null;
}

function sourceOf(text: string, name: string): Source {
  if (text.trim() === '') throw new UserError(`${name} is empty; expected the output of a benchmark`);
  const jsonLines = jsonLinesOf(text);
  const json = jsonLines === null && looksLikeJson(text) ? parseJson(text, name) : undefined;
  return { name, text, json, jsonLines };
}

function looksLikeJson(text: string): boolean {
  return /^\uFEFF?\s*[{[]/.test(text);
}

/** One object a line, at least two of them. */
function jsonLinesOf(text: string): unknown[] | null {
  if (!/^\uFEFF?\s*\{.*\}\s*\n\s*\{/.test(text)) return null;
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  try {
    return lines.map((line) => JSON.parse(line) as unknown);
  } catch {
    try {
      return lines.map((line, index) => parseJson(line, `line ${index + 1}`));
    } catch {
      return null;
    }
  }
}

function unlike(source: Source, format: ImportFormat): UserError {
  const found = detect(source);
  return new UserError(`${source.name} is not ${format.title}${found ? `: it looks like ${found.title}` : ''}`, {
    hint: found ? `Use --from ${found.name}, or leave --from out.` : 'docs/import.md shows the command that writes each format.',
  });
}

function unknown({ name }: Source): UserError {
  return new UserError(`${name} is of no format that is known: expected the output of ${importFormats.map((format) => format.name).join(', ')}`, {
    hint: 'docs/import.md shows the command that writes each; a CSV table series,run,metric,value,unit serves for all else.',
  });
}
