import type { ReplayRow } from '../../../src/config/scenario/trace-file.ts';
import { executors } from '../../../src/load/executors/registry.ts';
import type { LoadInput, LoadOutcome } from '../../../src/load/load-run.ts';
import { runLoad } from '../../../src/load/run.ts';
import type { RequestRecord } from '../../../src/measure/record.ts';
import { createWorkload } from '../../../src/workload/workload.ts';
import { optionsOf } from './schedule.ts';

export interface DriveOptions {
  workers?: number;
  shard?: { index: number; count: number };
  trace?: ReplayRow[];
  request?: Record<string, unknown>;
  scenario?: Record<string, unknown>;
  maxTokens?: number;
  input?: Partial<LoadInput>;
}

/** Drives an executor at a server as a run does; the outcome and every record, by index. */
export async function drive(
  url: string,
  name: string,
  load: Record<string, unknown>,
  options: DriveOptions = {},
): Promise<LoadOutcome & { records: RequestRecord[] }> {
  const { trace = [], maxTokens = 2 } = options;
  const executor = executors.get(name);
  if (!executor) throw new Error(`no executor ${name}`);
  const target = { name: 'service', model: 'm' };
  const scenario = {
    name: 'driven',
    timeout: 20,
    warmup: 0,
    seed: 5,
    load: { executor: name, ...optionsOf(name, load) },
    request: {
      api: 'chat' as const,
      stream: true,
      max_tokens: trace.length > 0 ? null : [maxTokens],
      max_tokens_cap: null,
      ...(trace.length > 0 ? {} : { prompt_tokens: [5] }),
      ...options.request,
    },
    ...options.scenario,
  };
  const records: RequestRecord[] = [];
  const outcome = await runLoad({
    scenario,
    target,
    baseUrl: url,
    targetHeaders: {},
    prompts: [],
    trace,
    workload: createWorkload(scenario, target, { trace }),
    executor,
    transport: 'auto',
    freshConnections: false,
    retry: null,
    userAgent: 'test',
    entryUrl: new URL('../../../src/entry.ts', import.meta.url),
    workers: options.workers ?? 1,
    shard: options.shard ?? { index: 0, count: 1 },
    startAtEpochMs: null,
    signal: new AbortController().signal,
    onRecord: (record) => void records.push(record),
    ...options.input,
  });
  return { ...outcome, records: records.sort((a, b) => a.index - b.index) };
}
