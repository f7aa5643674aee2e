import type { FindingName } from '../../config/thresholds/finding-names.ts';
import { batchEfficiency } from './batch-efficiency.ts';
import { edgeCases } from './edge-cases.ts';
import type { Finding } from './finding.ts';
import { httpService } from './http-service.ts';
import { models } from './models.ts';
import { prefixCache } from './prefix-cache.ts';
import { productionReadiness } from './production-readiness.ts';
import { retrieval } from './retrieval.ts';
import { routing } from './routing.ts';
import { structuredComparison } from './structured-comparison.ts';
import { targetAssessment } from './target-assessment.ts';

/** Every finding that a scenario may name under `findings`. */
export const findings: Readonly<Record<FindingName, Finding>> = {
  batch_efficiency: batchEfficiency,
  models,
  prefix_cache: prefixCache,
  retrieval,
  routing,
  structured_comparison: structuredComparison,
  edge_cases: edgeCases,
  http_service: httpService,
  production_readiness: productionReadiness,
  target_assessment: targetAssessment,
};
