import type { Scenario } from '../config/scenario/scenario.ts';

/** What a scenario is about to send, in a few words: `chat: 100 requests, concurrency 4`, `open: poisson, 30 s`. */
export function loadText({ name, load }: Scenario, plan: { requests: number | null; durationMs: number | null; concurrency: number | null }): string {
  const size = [plan.requests === null ? null : `${plan.requests} requests`, plan.durationMs === null ? null : `${plan.durationMs / 1000} s`];
  const parts = [
    load.executor === 'closed' ? null : load.executor,
    size.filter((part) => part !== null).join(' or '),
    plan.concurrency === null ? null : `concurrency ${plan.concurrency}`,
  ];
  return `${name}: ${parts.filter(Boolean).join(', ')}`;
}
