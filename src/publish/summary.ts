import { appendFile, stat } from 'node:fs/promises';
import { cutMarkdown } from '../report/fit.ts';

/** GitHub takes 1 MiB of summary per step and shows nothing at all of a larger one. */
export const longestSummaryBytes = 1024 * 1024;

/**
 * Appends markdown to the step's job summary, cut so that the whole file stays within the limit.
 * @param file the path in GITHUB_STEP_SUMMARY; null outside a workflow, where nothing is written
 * @returns a warning where nothing could be written, else null
 */
export async function appendSummary(file: string | null, markdown: string): Promise<string | null> {
  if (file === null || file === '') return null;
  try {
    const written = await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
    const between = written > 0 ? '\n' : '';
    const text = cutMarkdown(between + markdown, longestSummaryBytes - written, Buffer.byteLength);
    if (text === '') return `the job summary is full (${written} bytes): the report was left out of it`;
    await appendFile(file, text);
    return null;
  } catch (error) {
    return `the job summary ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`;
  }
}
