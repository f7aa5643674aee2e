/** What can be made of the parts of a scenario once they all ran; `src/result/findings/` has a file for each. */
export const findingNames = [
  'batch_efficiency',
  'edge_cases',
  'http_service',
  'models',
  'prefix_cache',
  'production_readiness',
  'retrieval',
  'routing',
  'target_assessment',
  'structured_comparison',
] as const;
export type FindingName = (typeof findingNames)[number];
