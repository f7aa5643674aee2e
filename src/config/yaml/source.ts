import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import type { ConfigIssue } from '../errors.ts';

export type Path = readonly (string | number)[];

/** Where a value was written; null line and column for what has no lines, such as a flag. */
export interface Place {
  file: string;
  line: number | null;
  column: number | null;
}

/** Aliases that one document may expand to: enough for shared anchors, far too few for one that doubles itself at every level. */
const maxAliasCount = 100;

/** A YAML (or JSON) document with the places of its values. */
export interface YamlSource {
  /** How messages name the file. */
  file: string;
  /** Plain values; undefined where the text could not be read. An empty document is null. */
  value: unknown;
  /** Syntax errors, duplicate keys, alias bombs. */
  issues: ConfigIssue[];
  /** The place of the value at `path`, or of its key; of the nearest parent where the document has no such path. */
  locate(path: Path, what?: 'key' | 'value'): Place;
}

/** Reads YAML text; never throws for what the text holds. */
export function parseYaml(file: string, text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: true, prettyErrors: false, stringKeys: true });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const issues = document.errors.map((error) => ({ ...at(error.pos[0]), message: syntaxMessage(error.code, error.message) }));
  let value: unknown;
  if (issues.length === 0) {
    try {
      value = document.toJS({ maxAliasCount });
    } catch (error) {
      const message = error instanceof ReferenceError ? `${error.message} (at most ${maxAliasCount} expanded aliases are allowed)` : String(error);
      issues.push({ ...at(0), message });
    }
  }
  return { file, value, issues, locate: (path, what = 'value') => at(offsetOf(document, path, what)) };
}

function syntaxMessage(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is given twice in the same mapping; keep one';
  if (code === 'MULTIPLE_DOCS') return 'expected one YAML document, found a second after `---`';
  return `not valid YAML: ${message}`;
}

function offsetOf(document: Document.Parsed, path: Path, what: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    node = resolveAlias(document, node);
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = findPair(document, node.items, String(step));
      if (!pair) return offset;
      const keyOffset = startOf(pair.key) ?? offset;
      offset = last && what === 'key' ? keyOffset : (startOf(pair.value) ?? keyOffset);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function findPair(document: Document.Parsed, items: Pair[], key: string): Pair | null {
  for (const pair of items) if (isPair(pair) && keyText(pair.key) === key) return pair;
  for (const pair of items) {
    if (keyText(pair.key) !== '<<') continue;
    const merged = resolveAlias(document, pair.value);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const map = resolveAlias(document, source);
      const found = isMap(map) ? findPair(document, map.items, key) : null;
      if (found) return found;
    }
  }
  return null;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function resolveAlias(document: Document.Parsed, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** An absent value (`key:` and nothing behind it) has no extent: its key's place says more. */
function startOf(node: unknown): number | null {
  const range = (node as Node | null | undefined)?.range;
  if (!range || (isScalar(node) && node.value === null && range[0] === range[1])) return null;
  return range[0];
}
