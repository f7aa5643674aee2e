import type { Scenario } from '../config/scenario/scenario.ts';
import { casesWorkload } from './cases.ts';
import { conversationWorkload } from './conversations.ts';
import { retrievalWorkload } from './retrieval.ts';
import { schemaSource } from './schemas.ts';
import { type AskedTarget, createWorkload, type Workload, type WorkloadContent } from './workload.ts';

/** The workload of a scenario, whatever its requests are made of: conversations, test cases, prompts of a file or generated ones. What is generated is another text in each round (from 0). Pure. */
export function openWorkload(scenario: Scenario, target: AskedTarget, content: WorkloadContent): Workload {
  const { conversations, cases, retrieval, schema, schema_name: name = 'answer', prompt } = scenario.request;
  if (conversations !== undefined) return conversationWorkload(scenario, target, conversations);
  if (retrieval !== undefined) return retrievalWorkload(scenario, retrieval);
  if (cases !== undefined) return casesWorkload(scenario, target, cases, content.round);
  const alone = prompt === undefined ? {} : { prompts: [{ prompt, messages: null, max_tokens: null, temperature: null }] };
  const workload = createWorkload(scenario, target, { ...content, ...alone });
  if (schema === undefined) return workload;
  const all = { name, schema };
  return { ...workload, schemas: schemaSource(scenario, () => all, content.round) };
}
