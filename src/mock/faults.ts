import type { Random } from './random.ts';

/** What a fault does; `amount` is the number after `=` in the header or after `@` in a rate. */
export const faultHelp = {
  '400': 'answer 400 with an OpenAI error',
  '429': 'answer 429 with Retry-After (amount: seconds)',
  '500': 'answer 500 with an OpenAI error',
  html500: 'answer 500 with an HTML page',
  reset: 'reset the connection (amount: after so many tokens)',
  close_early: 'close the connection without ending the body (amount: after so many tokens)',
  stall: 'send nothing more until the client goes (amount: after so many tokens; 0 unless given)',
  truncate: 'end the body without finish_reason and [DONE] (amount: after so many tokens)',
  garbage: 'send bytes that are neither JSON nor UTF-8 (amount: after so many tokens)',
  error_event: 'send an `event: error` within the 200 stream and end it (amount: after so many tokens)',
  error_data: 'send a `data: {"error": ...}` line within the 200 stream and end it (amount: after so many tokens)',
  huge_line: 'make one line of the stream very long (amount: bytes)',
  invalid_json: 'answer a request for structured output with JSON that breaks off',
  schema_violation: 'answer a request for structured output with JSON of another shape than the schema',
  slow: 'stretch every time of this request (amount: factor)',
} as const;
export type FaultName = keyof typeof faultHelp;

export interface Fault {
  name: FaultName;
  /** Null: the fault's own default. */
  amount: number | null;
}

const named = (name: string): name is FaultName => Object.hasOwn(faultHelp, name);
const expected = `one of ${Object.keys(faultHelp).join(', ')}`;

/**
 * Reads `name` or `name=amount` (`reset`, `slow=2.5`; `retry_after=1` is `429=1`). @returns the fault, or a sentence saying what is wrong.
 * @param separator what stands between name and amount.
 */
export function parseFault(text: string, separator = '='): Fault | string {
  const [name = '', amountText, ...rest] = text.trim().split(separator);
  const known = name === 'retry_after' ? '429' : name;
  if (!named(known)) return `expected ${expected}, found ${JSON.stringify(name)}`;
  if (amountText === undefined) return { name: known, amount: null };
  const amount = amountText.trim() === '' ? Number.NaN : Number(amountText);
  const least = known === 'slow' ? 0.001 : 0;
  if (rest.length > 0 || !Number.isFinite(amount) || amount < least)
    return `expected a number from ${least} for ${name}, found ${JSON.stringify(amountText)}`;
  return { name: known, amount };
}

/** One problem per wrong entry of `{ "500": 0.01, "slow@2.5": 0.05 }`, and one when the rates add up to more than 1. */
export function faultProblems(rates: Readonly<Record<string, unknown>>): string[] {
  const problems: string[] = [];
  let sum = 0;
  for (const [key, rate] of Object.entries(rates)) {
    const fault = parseFault(key, '@');
    if (typeof fault === 'string') problems.push(fault);
    if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1))
      problems.push(`expected a rate from 0 to 1 for ${key}, found ${rate === null ? 'nothing' : JSON.stringify(rate)}`);
    else sum += rate;
  }
  if (sum > 1 + 1e-9) problems.push(`the rates of all faults add up to ${Number(sum.toFixed(6))}, which is more than 1`);
  return problems;
}

/** Draws one fault, or none, by the rates; one number of `random` per call, so that the n-th request always fares the same. */
export function createFaultPicker(rates: Readonly<Record<string, number>>, random: Random): () => Fault | null {
  const entries = Object.entries(rates).map(([key, rate]) => ({ fault: parseFault(key, '@') as Fault, rate }));
  return () => {
    let left = random();
    for (const { fault, rate } of entries) {
      left -= rate;
      if (left < 0) return fault;
    }
    return null;
  };
}
