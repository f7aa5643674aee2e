import { adviceFindings } from './validity-advice.ts';
import { clientFindings } from './validity-client.ts';
import type { ValidityFinding, ValidityInput } from './validity-input.ts';

export type { ClientFigures, ValidityFinding, ValidityInput } from './validity-input.ts';

/**
 * Judges the client, never the server: fatal where the client was the bottleneck, advice where the figures are weaker than they look.
 * Too few samples and failed requests are not its business (the percentile is null; the error rate is a limit). docs/client.md explains each check.
 */
export function checkValidity(input: ValidityInput): ValidityFinding[] {
  return [...clientFindings(input), ...adviceFindings(input)];
}
