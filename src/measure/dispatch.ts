import type { RequestRecord } from './record.ts';

/** Different names that are told apart; a server that makes one up for every answer must not fill the memory. */
const mostNames = 1000;
const otherNames = '(others)';

/** Who answered the requests of a run, and at which attempt: counts alone, so that runs can be added. */
export interface DispatchCounts {
  requests: number;
  successful: number;
  /** Answered well at the first attempt. */
  first_attempt: number;
  attempts: number;
  most_attempts: number;
  /** Failed because another model answered than the one that was asked. */
  wrong_model: number;
  /** Good answers by the model that they name. */
  answered_by: Record<string, number>;
  /** Good answers by the replica that the response header names. */
  replicas: Record<string, number>;
  /** Of prompts with a shared beginning: good answers by prefix and replica. */
  prefixes: Record<string, Record<string, number>>;
}

/** Counts requests as they end. */
export class Dispatch {
  readonly counts: DispatchCounts = {
    requests: 0,
    successful: 0,
    first_attempt: 0,
    attempts: 0,
    most_attempts: 0,
    wrong_model: 0,
    answered_by: {},
    replicas: {},
    prefixes: {},
  };

  /** @param prefix which shared beginning the prompt had; null: none */
  record({ attempts, error, model, servedBy }: RequestRecord, prefix: number | null): void {
    const { counts } = this;
    counts.requests++;
    counts.attempts += attempts;
    counts.most_attempts = Math.max(counts.most_attempts, attempts);
    if (error === 'wrong_model') counts.wrong_model++;
    if (error !== null) return;
    counts.successful++;
    if (attempts === 1) counts.first_attempt++;
    if (model !== null) count(counts.answered_by, model);
    if (servedBy === undefined || servedBy === null) return;
    count(counts.replicas, servedBy);
    if (prefix === null) return;
    const key = nameIn(counts.prefixes, String(prefix));
    const of = counts.prefixes[key] ?? {};
    counts.prefixes[key] = of;
    count(of, servedBy);
  }
}

function count(into: Record<string, number>, name: string): void {
  const key = nameIn(into, name);
  into[key] = (Object.hasOwn(into, key) ? (into[key] as number) : 0) + 1;
}

function nameIn(into: object, name: string): string {
  return Object.hasOwn(into, name) || Object.keys(into).length < mostNames ? name : otherNames;
}
