import { extname } from 'node:path';

/** Where a job writes what belongs to one result: everything beside the result document, under its name. */
export interface OutputFiles {
  result: string;
  report: string;
  verdict: string;
  html: string;
}

/** `results/a.json` -> `results/a.md`, `results/a.verdict.json`, `results/a.html`. A name without an ending only gains one. */
export function outputFiles(result: string, html: string | null = null): OutputFiles {
  const stem = result.slice(0, result.length - extname(result).length);
  return { result, report: `${stem}.md`, verdict: `${stem}.verdict.json`, html: html ?? `${stem}.html` };
}
