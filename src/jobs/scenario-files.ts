import { join } from 'node:path';
import type { ResultDocument } from '../result/document.ts';
import { writeResult } from '../result/write.ts';

/**
 * Writes what a scenario leaves beside the result document: of `prefix_cache` the whole result once more as
 * `results/pattern3_YYYYMMDD_HHMMSS/comprehensive_results.json` (UTC, when the measurement began).
 * @param root folder of the configuration
 * @returns paths of the files
 */
export async function writeScenarioFiles(document: ResultDocument, root: string): Promise<string[]> {
  const { results, timestamp } = document;
  const scenarios = Object.values((results['scenarios'] as Record<string, Record<string, unknown>> | undefined) ?? {});
  if (![results, ...scenarios].some((one) => one['prefix_cache'] !== undefined)) return [];
  const path = join(root, 'results', `pattern3_${stampOf(timestamp)}`, 'comprehensive_results.json');
  await writeResult(path, document);
  return [path];
}

/** 2026-01-31T12:34:56.789Z -> 20260131_123456 */
function stampOf(timestamp: string): string {
  return new Date(timestamp).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
}
