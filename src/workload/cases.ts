import type { Scenario } from '../config/scenario.ts';
import type { TargetConfig } from '../config/target.ts';
import type { TestCase, TestCases } from '../config/test-cases.ts';
import { askedModel } from './request-spec.ts';
import { schemaSource } from './schemas.ts';
import type { Cell, Workload } from './workload.ts';

/** The cases of a file, each in turn and each a class of its own. A case's own unstructured prompt is sent where no schema goes with it. Pure. */
export function casesWorkload(scenario: Scenario, target: Pick<TargetConfig, 'model' | 'max_tokens'>, { cases }: TestCases, round = 0): Workload {
  const { request } = scenario;
  const sends = request.schema_send !== false;
  const model = askedModel(request, target);
  const [first] = Array.isArray(request.max_tokens) ? request.max_tokens : [];
  const maxTokensOf = (one: TestCase) => {
    const asked = first ?? one.max_tokens ?? null;
    return asked === null ? null : Math.min(asked, target.max_tokens ?? asked);
  };
  const promptOf = (one: TestCase) => (sends ? one.prompt : (one.unstructured_prompt ?? one.prompt));
  const cells = cases.map(
    (one): Cell => ({
      id: `${scenario.name}/case=${one.name}`,
      labels: { case: one.name },
      promptTokens: null,
      maxTokens: maxTokensOf(one),
    }),
  );
  const caseOf = (index: number) => cases[index % cases.length] as TestCase;
  return {
    cells: cells.length === 1 ? [{ ...(cells[0] as Cell), id: scenario.name }] : cells,
    prefixOf: null,
    uniquePrompts: new Set(cases.map(promptOf)).size,
    schemas: schemaSource(scenario, (index) => caseOf(index), round),
    request(index) {
      const one = caseOf(index);
      const cell = this.cells[index % cases.length] as Cell;
      return {
        cell,
        spec: {
          messages: [{ role: 'user', content: promptOf(one) }],
          model,
          stream: request.stream,
          maxTokens: cell.maxTokens,
          minTokens: null,
          ignoreEos: false,
          temperature: request.temperature ?? null,
          extraBody: request.extra_body ?? {},
          method: null,
          path: null,
          body: null,
        },
      };
    },
  };
}
