import { zip } from '../fakes/zip.ts';

/** The text of a small, admissible result; `changes` replaces members. */
export function resultText(changes: Record<string, unknown> = {}): string {
  return JSON.stringify({
    schema_version: 1,
    tool: { name: 'llm-bench', version: '0.1.0' },
    timestamp: '2026-01-31T12:00:00.000Z',
    target: 'service',
    scenario: 'quick_validation',
    base_url: 'http://127.0.0.1:8000',
    partial: false,
    stop_reason: 'completed',
    results: { total_requests: 100, successful: 100, failed: 0, error_rate: 0 },
    series: [{ id: 'quick_validation', labels: { scenario: 'quick_validation' }, metrics: { error_rate: { unit: '%', better: 'lower', value: 0 } } }],
    validity: { valid: true, checks: [] },
    admissible: true,
    git: { sha: 'd'.repeat(40), ref: 'refs/heads/main', base_sha: null },
    ...changes,
  });
}

/** That result as the archive of an artifact. */
export function resultArchive(changes: Record<string, unknown> = {}): Buffer {
  return zip([{ name: 'result.json', content: resultText(changes) }]);
}
