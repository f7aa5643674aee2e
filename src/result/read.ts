import { open } from 'node:fs/promises';
import type * as z from 'zod';
import { UserError } from '../config/errors.ts';
import { isObject } from '../config/is-object.ts';
import { type ResultDocument, schemaVersion } from './document.ts';
import type { ReadOptions } from './import/format.ts';
import { detectFormat, importAs } from './import/import.ts';
import { countNonFinite, parseJson } from './json.ts';
import { normalise } from './normalise.ts';
import { rawDocumentSchema, show } from './schema.ts';

/** The check that says of a file that it holds values that are no numbers. */
export const finiteValues = 'finite_values';

/** A result with the histograms of a thousand series stays far below this; an artifact of unknown origin must not exhaust memory. */
export const maxResultBytes = 64 * 1024 * 1024;

/**
 * Reads a result document from a file.
 * @throws UserError (exit 2) naming the file: missing, too large, empty, cut short, not JSON (with line:column), of a newer schema version, no result, or of the wrong shape
 */
export async function readResult(path: string, options?: ReadOptions): Promise<ResultDocument> {
  return parseResult(await readResultText(path), path, options);
}

/**
 * Reads a result document from text, such as an entry of an artifact. Members that this version does not know survive; what the document leaves out
 * is filled in (see normalise.ts), so that hand-made results and those of the older suites can be compared too. What another tool wrote (see import/) is
 * known by its content and read as well.
 * @param options which way is good in what another tool wrote, where its units do not tell
 * @param name what errors call it: a path, or `artifact llm-bench-baseline of run 42`
 * @throws UserError as `readResult`
 */
export function parseResult(text: string, name: string, options?: ReadOptions): ResultDocument {
  if (text.length > maxResultBytes) throw tooLarge(name, text.length);
  const found = jsonOrNothing(text, name);
  const foreign = isOurs(found) ? null : detectFormat(text, name, found);
  if (foreign !== null) return importAs(foreign, text, name, found, options);
  const data = found ?? parseJson(text, name);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new UserError(`${name} is no llm-bench result: expected an object with results or series, found ${show(data)}`);
  }
  checkVersion((data as { schema_version?: unknown }).schema_version, name);
  const { results, series } = data as { results?: unknown; series?: unknown };
  if ((results ?? series ?? null) === null) {
    const found =
      Object.keys(data)
        .slice(0, 8)
        .map((key) => show(key))
        .join(', ') || 'nothing';
    throw new UserError(`${name} is no llm-bench result: expected results or series, found ${found}`);
  }
  const parsed = rawDocumentSchema.safeParse(data);
  if (!parsed.success) throw wrongShape(name, parsed.error.issues);
  checkUniqueSeries(parsed.data.series ?? [], name);
  return withoutSilence(normalise(parsed.data), countNonFinite(text));
}

/** Values that are no numbers are read as not measured; the document says so. */
function withoutSilence(document: ResultDocument, nonFinite: number): ResultDocument {
  if (nonFinite === 0) return document;
  const detail = `${nonFinite === 1 ? 'one value is' : `${nonFinite} values are`} NaN or infinite, and count as not measured`;
  const check = { name: finiteValues, ok: false, severity: 'advice' as const, detail };
  return { ...document, validity: { ...document.validity, checks: [...document.validity.checks, check] } };
}

/** Undefined for text that never was JSON, such as a table, and for several JSON values one after the other. @throws UserError for JSON that is broken */
function jsonOrNothing(text: string, name: string): unknown {
  if (!/^\uFEFF?\s*[{[]/.test(text)) return undefined;
  try {
    return parseJson(text, name);
  } catch (error) {
    if (detectFormat(text, name) !== null) return undefined;
    throw error;
  }
}

function isOurs(data: unknown): boolean {
  return isObject(data) && (Array.isArray(data['series']) || isObject(data['results']));
}

/** The text of a file that may be a result. @throws UserError (exit 2) naming it: missing, a folder, too large or unreadable */
export async function readResultText(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const stat = await file.stat();
    if (stat.isDirectory()) throw new UserError(`${path} is a folder; expected a result file`);
    if (stat.size > maxResultBytes) throw tooLarge(path, stat.size);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UserError(`${path} does not exist; expected a result file`, { cause: error });
    throw new UserError(`${path} could not be read: ${code ?? message}`, { cause: error });
  }
}

function tooLarge(name: string, size: number): UserError {
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)} MiB`;
  return new UserError(`${name} is too large for a result: ${mebibytes(size)}, at most ${mebibytes(maxResultBytes)} are read`);
}

function checkVersion(version: unknown, name: string): void {
  if (version === undefined || version === null || version === schemaVersion) return;
  if (typeof version === 'number' && version > schemaVersion) {
    throw new UserError(`${name} was written by a newer llm-bench: its schema_version is ${version}, this one reads version ${schemaVersion}`, {
      hint: 'Update llm-bench, or measure the baseline again with this version.',
    });
  }
  throw new UserError(`${name} has a schema_version that never was: expected ${schemaVersion}, found ${show(version)}`);
}

const issuesShown = 5;

function wrongShape(name: string, issues: readonly z.core.$ZodIssue[]): UserError {
  const lines = issues.slice(0, issuesShown).map((issue) => `  ${memberPath(issue.path)}: ${issue.message.replace('Invalid input: ', '')}`);
  if (issues.length > issuesShown) lines.push(`  and ${issues.length - issuesShown} more`);
  return new UserError(`${name} is not shaped like an llm-bench result:\n${lines.join('\n')}`);
}

function memberPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const member = /^[\w-]+$/.test(String(key)) ? String(key) : show(String(key));
    return text === '' ? member : `${text}.${member}`;
  }, '');
}

function checkUniqueSeries(series: readonly { id: string }[], name: string): void {
  const seen = new Set<string>();
  for (const { id } of series) {
    if (seen.has(id)) throw new UserError(`${name} holds two series named ${show(id)}; expected every id once`);
    seen.add(id);
  }
}
