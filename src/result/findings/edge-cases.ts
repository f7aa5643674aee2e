import type { Finding } from './finding.ts';

/** A refusal tells the client what is wrong; these say that the service itself failed. */
const refusals: ReadonlySet<string> = new Set(['http_4xx', 'rate_limited']);

/** `results.edge_cases`: what became of each case, and how many requests the service failed on instead of answering or refusing them. */
export const edgeCases: Finding = ({ parts }) => {
  const cases = parts.map(({ scenario, document: { results, errors } }) => {
    const failed = errors.filter(({ kind }) => !refusals.has(kind)).reduce((sum, { count }) => sum + count, 0);
    const outcome = results.failed === 0 ? 'answered' : failed > 0 ? 'failed' : 'refused';
    return [
      String(scenario.part?.labels['case'] ?? scenario.name),
      {
        outcome,
        success_rate: results.success_rate,
        server_errors: failed,
        latency_s_p50: results.latency_s?.p50 ?? null,
        errors: errors.map(({ kind }) => kind),
      },
    ] as const;
  });
  const serverErrors = cases.reduce((sum, [, { server_errors }]) => sum + server_errors, 0);
  return { results: { edge_cases: { ...Object.fromEntries(cases), server_errors: serverErrors } } };
};
