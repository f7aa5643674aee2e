import type { Scenario } from '../config/scenario/scenario.ts';
import type { TestCase, TestCases } from '../config/scenario/test-cases.ts';
import { type Cell, capped } from './cells.ts';
import { givenPrompts } from './prompt-source.ts';
import { commonSpec } from './request-spec.ts';
import { schemaSource } from './schemas.ts';
import type { AskedTarget, Workload } from './workload.ts';

/** The cases of a file, each in turn and each a class of its own. A case's own unstructured prompt is sent where no schema goes with it. Pure. */
export function casesWorkload(scenario: Scenario, target: AskedTarget, { cases }: TestCases, round = 0): Workload {
  const { request } = scenario;
  const sends = request.schema_send !== false;
  const common = commonSpec(request, target);
  const [first] = Array.isArray(request.max_tokens) ? request.max_tokens : [];
  const promptOf = (one: TestCase) => (sends ? one.prompt : (one.unstructured_prompt ?? one.prompt));
  const cells = cases.map(
    (one): Cell => ({
      id: `${scenario.name}/case=${one.name}`,
      labels: { case: one.name },
      promptTokens: null,
      maxTokens: capped(first ?? one.max_tokens ?? null, target),
    }),
  );
  const caseOf = (index: number) => cases[index % cases.length] as TestCase;
  return {
    cells: cells.length === 1 ? [{ ...(cells[0] as Cell), id: scenario.name }] : cells,
    prefixOf: null,
    uniquePrompts: new Set(cases.map(promptOf)).size,
    promptSource: () => givenPrompts(cases.map(promptOf)),
    schemas: schemaSource(scenario, (index) => caseOf(index), round),
    request(index) {
      const one = caseOf(index);
      const cell = this.cells[index % cases.length] as Cell;
      return {
        cell,
        spec: { ...common, messages: [{ role: 'user', content: promptOf(one) }], maxTokens: cell.maxTokens },
      };
    },
  };
}
