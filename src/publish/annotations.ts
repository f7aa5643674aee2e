import { forTerminal } from '../report/escape.ts';
import { describe, headline } from '../report/headline.ts';
import { worstFirst } from '../report/rows.ts';
import type { ResultDocument } from '../result/document.ts';
import type { Verdict } from '../verdict/verdict.ts';

export interface Annotation {
  kind: 'error' | 'warning';
  title: string;
  message: string;
}

/** GitHub shows ten annotations of each kind per step; what is beyond is dropped without a word. */
const mostOfAKind = 10;

/**
 * What the verdict has to say at the check itself: an error for each regressed metric (or the invalid measurement), a warning for each that warns, is missing
 * or inconclusive; the worst first. The last one of a kind says how many more there are.
 */
export function annotationsFor(verdict: Verdict, current: ResultDocument): Annotation[] {
  if (verdict.verdict === 'invalid') {
    return [{ kind: 'error', title: 'llm-bench', message: headline(verdict, current, forTerminal).sentence }];
  }
  const rows = worstFirst(verdict.series);
  const told = (kind: Annotation['kind'], verdicts: readonly string[]): Annotation[] =>
    rows
      .filter((row) => verdicts.includes(row.verdict))
      .map((row) => ({ kind, title: 'llm-bench', message: describe(row, verdict, current, forTerminal) }));
  return [...atMostTen(told('error', ['regressed'])), ...atMostTen(told('warning', ['warn', 'missing', 'inconclusive']))];
}

function atMostTen(annotations: Annotation[]): Annotation[] {
  if (annotations.length <= mostOfAKind) return annotations;
  const shown = annotations.slice(0, mostOfAKind - 1);
  const more: Annotation = { ...shown[0]!, message: `and ${annotations.length - shown.length} more; the report lists them all` };
  return [...shown, more];
}

/** Writes annotations as workflow commands, by the toolkit, which escapes them; loaded only here. */
export async function annotate(annotations: readonly Annotation[]): Promise<void> {
  if (annotations.length === 0) return;
  const core = await import('@actions/core');
  for (const { kind, title, message } of annotations) core[kind](message, { title });
}
