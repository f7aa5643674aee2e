import { join } from 'node:path';
import { conversationText, registrationLog, structuredCsv } from '../report/scenario-files.ts';
import type { ConversationBlock } from '../result/conversations.ts';
import type { ResultDocument } from '../result/document.ts';
import type { StructuredRow } from '../result/findings/structured-comparison.ts';
import { writeResult } from '../result/write.ts';
import { writeText } from './write-text.ts';

/**
 * Writes what a scenario leaves beside the result document: of `prefix_cache` the whole result once more as
 * `pattern3_YYYYMMDD_HHMMSS/comprehensive_results.json` (UTC, when the measurement began); of conversations a text for
 * people, of structured_vs_unstructured a CSV and the log of its registrations.
 * @param folder where to: `results/` of the configuration's folder, or what `--output-dir` names
 * @returns paths of the files
 */
export async function writeScenarioFiles(document: ResultDocument, folder: string): Promise<string[]> {
  const { results, timestamp } = document;
  const scenarios = Object.values((results['scenarios'] as Record<string, Record<string, unknown>> | undefined) ?? {});
  const found = (name: string) => [results, ...scenarios].map((one) => one[name]).find((one) => one !== undefined);
  const stamp = stampOf(timestamp);
  const written: string[] = [];
  if (found('prefix_cache') !== undefined) {
    const path = join(folder, `pattern3_${stamp}`, 'comprehensive_results.json');
    await writeResult(path, document);
    written.push(path);
  }
  const write = async (path: string, text: string) => {
    await writeText(path, text);
    written.push(path);
  };
  const conversation = found('conversation') as ConversationBlock | undefined;
  if (conversation !== undefined) await write(join(folder, `conversation_results_${stamp}.txt`), conversationText(document, conversation));
  const compared = found('structured_vs_unstructured') as { rows: StructuredRow[] } | undefined;
  if (compared !== undefined) {
    const path = join(folder, `structured_vs_unstructured_${stamp}`);
    await write(join(path, 'results.csv'), structuredCsv(compared.rows));
    await write(join(path, 'schema_registration.log'), registrationLog(compared.rows));
  }
  return written;
}

/** 2026-01-31T12:34:56.789Z -> 20260131_123456 */
function stampOf(timestamp: string): string {
  return new Date(timestamp).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
}
